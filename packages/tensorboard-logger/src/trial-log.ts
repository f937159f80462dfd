import type { StudyEvent, TrialRecord } from '@attune/core'
import type { SummaryEvent } from './events/event.ts'
import { RunFile } from './run-file.ts'
import { ending, hasEnded, reportRecord, startsSession, trialRecords, type TrialShape } from './trial-summary.ts'

/** The events that leave something in a trial's run, with a rank among those of one revision. */
const ranks = {
  'trial.started': 1,
  'trial.resumed': 1,
  'trial.reported': 2,
  'trial.paused': 3,
  'trial.requeued': 3,
  'trial.completed': 4,
  'trial.pruned': 4,
  'trial.failed': 4,
  'trial.amended': 5,
} as const

export type TrialEvent = Extract<StudyEvent, { readonly type: keyof typeof ranks }>

export function isTrialEvent(event: StudyEvent): event is TrialEvent {
  return event.type in ranks
}

/** The mark of what the whole history up to a revision says. It is higher than that of every event of the revision. */
export function markOfRevision(revision: number): number {
  return revision * 8 + 7
}

/**
 * The run of one trial: what it holds is a function of the trial's record. So an event that goes on where the file ends is appended,
 * and after everything else (a restart, a retry, a torn record, a failed sync, a removed folder, a correction) the run is written anew.
 * The last record of a run has a mark that grows with the history: what a run says already is not written again.
 */
export class TrialLog {
  readonly #shape: () => TrialShape
  readonly #file: RunFile
  /** What the run holds, as far as this process has written it. */
  #written: { readonly trial: TrialRecord; readonly mark: number; readonly startsSession: boolean } | undefined
  /** The first revision that a power failure may still take. */
  #unsynced: number | undefined

  constructor(studyFolder: string, number: number, shape: () => TrialShape) {
    this.#shape = shape
    this.#file = new RunFile(studyFolder, `trial-${String(number).padStart(4, '0')}`)
  }

  get isOpen(): boolean {
    return this.#file.isOpen
  }

  get unsynced(): number | undefined {
    return this.#unsynced
  }

  /** Writes what the event says. Rejects with TENSORBOARD_WRITE or TENSORBOARD_OUTSIDE: then the run is to be written anew. */
  async take(event: TrialEvent): Promise<void> {
    const { trial, revision } = event
    const mark = revision * 8 + ranks[event.type]
    const next = this.#file.isOpen ? this.#continuation(event) : undefined
    if (next === undefined) await this.write(trial, mark, revision)
    else if (mark > (this.#written?.mark ?? 0)) {
      this.#unsynced ??= revision
      for (const [i, record] of next.entries()) await this.#file.append(i === next.length - 1 ? { ...record, mark } : record)
      this.#written = { trial, mark, startsSession: this.#written!.startsSession }
    }
    // It may be long until the trial goes on, if it does.
    if (ranks[event.type] >= 3) await this.close()
  }

  /** Writes the run as the record says, unless it says as much already, or with `again` only if it says more: another process may be further. */
  async write(trial: TrialRecord, mark: number, revision: number, again = false): Promise<void> {
    const found = await this.#file.read()
    if (again ? found.mark > mark : found.mark >= mark) return
    const shape = this.#shape()
    const records = trialRecords(trial, shape)
    // Nothing is known yet, as of a trial that is defined by running.
    if (records.length === 0 && found.mark === 0) return
    this.#unsynced ??= revision
    await this.#file.replace(records, mark, found)
    this.#written = { trial, mark, startsSession: startsSession(trial, shape) }
  }

  async sync(): Promise<void> {
    await this.#file.sync()
    if (!(await this.#file.isCurrent())) await this.#takeUpAgain()
    this.#unsynced = undefined
  }

  async close(): Promise<void> {
    try {
      await this.sync()
    } finally {
      await this.#file.close()
    }
  }

  /** Closes the file whatever is in it. */
  async abandon(): Promise<void> {
    await this.#file.abandon()
  }

  /** The records that an event adds to the file; undefined if the file does not end where the event begins. */
  #continuation({ trial, type }: TrialEvent): readonly SummaryEvent[] | undefined {
    const written = this.#written
    if (written === undefined || type === 'trial.amended' || written.trial.attempt !== trial.attempt) return undefined
    if (startsSession(trial, this.#shape()) !== written.startsSession) return undefined
    const before = written.trial.reports.length
    const { length } = trial.reports
    const isNext = type === 'trial.reported' ? length === before + 1 : length === before
    if (!isNext || trial.reports[before - 1]?.step !== written.trial.reports.at(-1)?.step) return undefined
    if (type === 'trial.reported') return reportRecord(trial.reports[before]!)
    return hasEnded(trial) ? ending(trial, this.#shape()) : []
  }

  /** The file is gone or follows no longer: the folder was removed, or another process writes the run, too. */
  async #takeUpAgain(): Promise<void> {
    const { trial, mark } = this.#written!
    await this.#file.abandon()
    this.#written = undefined
    await this.write(trial, mark, this.#unsynced ?? 0)
    await this.#file.sync()
  }
}
