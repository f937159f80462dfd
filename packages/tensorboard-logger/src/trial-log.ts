import { isAttuneError, type Objective, type SearchSpace, type StudyEvent } from '@attune/core'
import { openEventWriter, type EventWriter } from './events/event-writer.ts'
import type { SummaryEvent, SummaryValue } from './events/event.ts'
import { hparamValues } from './hparam-values.ts'
import { makeFolder, readRun, type RunContents } from './run-folder.ts'
import { amendedValues, endValues } from './trial-summary.ts'

/** The events that leave something in a trial's folder or close its file, with a rank among those of one revision. */
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

type ReportEvent = Extract<StudyEvent, { readonly type: 'trial.reported' }>
type AmendEvent = Extract<StudyEvent, { readonly type: 'trial.amended' }>
type OtherEvent = Omit<ReportEvent, 'type' | 'report'> & { readonly type: Exclude<keyof typeof ranks, 'trial.reported' | 'trial.amended'> }
export type TrialEvent = ReportEvent | AmendEvent | OtherEvent

export function isTrialEvent(event: StudyEvent): event is TrialEvent {
  return event.type in ranks
}

export interface TrialLogOptions {
  readonly studyFolder: string
  readonly number: number
  readonly objectives: readonly Objective[]
  /** The space as it is now. */
  readonly space: () => SearchSpace
  /** True if parameters are known only when a trial has ended. */
  readonly definedByRunning: boolean
}

/**
 * The run of one trial. Events are kept until they are written, in order, so a disk that was full for a while
 * leaves no gap. Each record carries a mark that grows with the history: what a file holds is not written again.
 */
export class TrialLog {
  readonly #options: TrialLogOptions
  readonly #queue: TrialEvent[] = []
  #folder: string | undefined
  #run: RunContents | undefined
  #writer: EventWriter | undefined

  constructor(options: TrialLogOptions) {
    this.#options = options
  }

  get waiting(): number {
    return this.#queue.length
  }

  get isOpen(): boolean {
    return this.#writer !== undefined
  }

  /** Revision of the first event that is not written yet. */
  get oldest(): number | undefined {
    return this.#queue[0]?.revision
  }

  push(event: TrialEvent): void {
    const last = this.#queue.at(-1)
    if (last === undefined || markOf(last) < markOf(event)) this.#queue.push(event)
  }

  /** Writes what waits. Rejects with TENSORBOARD_WRITE, and then keeps it; with TENSORBOARD_INVALID it drops the event that can never be written. */
  async drain(): Promise<void> {
    for (let event = this.#queue[0]; event !== undefined; event = this.#queue[0]) {
      try {
        await this.#write(event)
      } catch (error) {
        await this.#abandonFile()
        if (isAttuneError(error, 'TENSORBOARD_INVALID')) this.#queue.shift()
        throw error
      }
      this.#queue.shift()
    }
  }

  /** What was written survives a power failure from here on. */
  async sync(): Promise<void> {
    await this.#writer?.sync()
  }

  async closeFile(): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    try {
      await writer?.sync()
    } finally {
      await writer?.close()
    }
  }

  async #write(event: TrialEvent): Promise<void> {
    this.#folder ??= await makeFolder(this.#options.studyFolder, `trial-${String(this.#options.number).padStart(4, '0')}`)
    this.#run ??= await readRun(this.#folder)
    const run = this.#run
    if (markOf(event) <= run.mark) return
    const record = this.#toRecord(event, run)
    if (record !== undefined) {
      const goesBack = event.type === 'trial.reported' && record.step <= run.step
      if (goesBack) await this.closeFile()
      // Readers forget what lies at or after the start step: the steps that are repeated, and nothing else.
      const startStep = event.type === 'trial.reported' && run.step >= 0 ? record.step : run.step + 1
      this.#writer ??= await openEventWriter({ folder: this.#folder, startStep, now: () => event.time })
      this.#writer.add(record)
      await this.#writer.flush()
      this.#run = {
        mark: markOf(event),
        step: record.step,
        hasSessionStart: run.hasSessionStart || record.values.some((value) => value.kind === 'session-start'),
      }
    }
    if (ranks[event.type] >= 3) await this.closeFile()
  }

  #toRecord(event: TrialEvent, run: RunContents): SummaryEvent | undefined {
    const { objectives } = this.#options
    const current = Math.max(run.step, 0)
    const record = (step: number, values: readonly SummaryValue[]): SummaryEvent | undefined =>
      values.length === 0 ? undefined : { kind: 'summary', step, time: event.time, values, mark: markOf(event) }
    switch (event.type) {
      case 'trial.started':
      case 'trial.resumed':
        // Before the first step, which may be 0: a report of the same step would look like one that is repeated.
        return record(run.step, this.#sessionStart(event, run))
      case 'trial.reported': {
        const scalars = Object.entries(event.report.metrics).map(([tag, value]): SummaryValue => ({ kind: 'scalar', tag, value }))
        return record(event.report.step, [...this.#sessionStart(event, run), ...scalars])
      }
      case 'trial.completed':
      case 'trial.pruned':
      case 'trial.failed':
        return record(current, [...this.#sessionStart(event, run), ...endValues(event.trial, objectives)])
      case 'trial.amended':
        return record(current + 1, amendedValues(event.trial, objectives))
      case 'trial.paused':
      case 'trial.requeued':
        return undefined
    }
  }

  /** TensorBoard keeps the first start of a run, so it is written once the parameters are final. */
  #sessionStart({ trial, type }: TrialEvent, run: RunContents): readonly SummaryValue[] {
    const ended = ranks[type] === 4
    if (run.hasSessionStart || (this.#options.definedByRunning && !ended)) return []
    if (!ended && Object.keys(trial.flatParams).length === 0) return []
    const hparams = hparamValues(this.#options.space(), trial.flatParams)
    return [{ kind: 'session-start', hparams, startedAt: trial.startedAt ?? trial.createdAt }]
  }

  /** After a failed write the file may end in the middle of a record: what it holds is read again, and another file follows it. */
  async #abandonFile(): Promise<void> {
    this.#run = undefined
    await this.closeFile().catch(() => undefined) // rejects with the failure that `drain` is about to report
  }
}

function markOf(event: TrialEvent): number {
  return event.revision * 8 + ranks[event.type]
}
