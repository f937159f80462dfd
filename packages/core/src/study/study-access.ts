import type { Change, Operation } from '../contracts/change.ts'
import type { Clock } from '../contracts/clock.ts'
import type { StudyEvent } from '../contracts/event.ts'
import type { Refusal, Storage, StudySummary } from '../contracts/storage.ts'
import type { TrialRecord } from '../contracts/trial-record.ts'
import { AttuneError, isAttuneError } from '../errors.ts'
import { StudyHistory } from '../history/study-history.ts'
import type { Space } from '../space/space.ts'
import { randomName } from '../system.ts'
import { eventsOf } from './events.ts'

const pageSize = 1000
/** Waits between repetitions of a write that got no answer, in milliseconds. */
const repetitions = [50, 250, 1000]

export type Written = { readonly ok: true; readonly changes: readonly Change[] } | { readonly ok: false; readonly refusal: Refusal }

/**
 * A study's storage and its fold, kept in step: whatever this process writes, and whatever others wrote before
 * it, is applied in the order of the revisions, once.
 */
export class StudyAccess {
  readonly history: StudyHistory
  readonly id: string
  readonly createdAt: number
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #base: Space<unknown>
  readonly #session = randomName()
  #requests = 0
  #catchingUp: Promise<void> | undefined
  readonly #listeners = new Set<(event: StudyEvent) => void>()
  /** Told of each trial that ends, in order. */
  onEnd: ((trial: TrialRecord) => void) | undefined
  /** Told when what was known of an ended trial is no longer true. */
  onAmend: (() => void) | undefined

  constructor(storage: Storage, clock: Clock, summary: StudySummary, base: Space<unknown>) {
    this.#storage = storage
    this.#clock = clock
    this.#base = base
    this.id = summary.id
    this.createdAt = summary.createdAt
    this.history = new StudyHistory(summary.definition, base)
  }

  get session(): string {
    return this.#session
  }

  subscribe(listener: (event: StudyEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  summary(): StudySummary {
    return summaryOf(this, this.history)
  }

  /**
   * Writes, and takes in what was written. A write without an answer is repeated under the same id, which
   * changes nothing if it was applied after all.
   */
  async write(operations: readonly Operation[]): Promise<Written> {
    const id = `${this.#session}.${++this.#requests}`
    let result: Written | undefined
    for (let repetition = 0; result === undefined; repetition++) {
      try {
        // Awaits only what has to be awaited: a turn of the event loop is dear at 100,000 trials a second.
        const answer = this.#storage.write(this.id, { id, operations })
        result = 'then' in answer ? await answer : answer
      } catch (error) {
        const wait = repetitions[repetition]
        if (wait === undefined || isAttuneError(error)) throw error
        await new Promise<void>((resolve) => void this.#clock.schedule(wait, resolve))
      }
    }
    // Not repeated: what a sampler or listener throws here is no lost answer.
    if (result.ok && !this.#take(result.changes)) await this.sync()
    return result
  }

  /** Writes what must succeed. */
  async mustWrite(operations: readonly Operation[]): Promise<readonly Change[]> {
    const result = await this.write(operations)
    if (!result.ok) throw refused(result.refusal)
    return result.changes
  }

  /** Takes in everything that other processes have written. */
  async sync(): Promise<void> {
    this.#catchingUp ??= this.#catchUp().finally(() => {
      this.#catchingUp = undefined
    })
    await this.#catchingUp
  }

  /** The history from its beginning, with the events of the changes after a revision. */
  async *replay(after: number): AsyncGenerator<{ readonly revision: number; readonly events: readonly StudyEvent[] }, void, void> {
    const history = new StudyHistory(this.history.definition, this.#base)
    for (;;) {
      const changes = await this.#storage.changesSince(this.id, history.revision, pageSize)
      if (changes.length === 0) return
      for (const change of changes) {
        const effect = history.apply(change)
        if (change.revision > after) yield { revision: change.revision, events: eventsOf(change, effect, history, () => summaryOf(this, history)) }
      }
    }
  }

  async #catchUp(): Promise<void> {
    for (;;) {
      const changes = await this.#storage.changesSince(this.id, this.history.revision, pageSize)
      if (changes.length === 0) return
      this.#take(changes)
    }
  }

  /** Applies the changes that come next; false if some before them are not known yet. */
  #take(changes: readonly Change[]): boolean {
    const { history } = this
    for (const change of changes) {
      if (change.revision <= history.revision) continue
      if (change.revision > history.revision + 1) return false
      const effect = history.apply(change)
      const { body } = change
      if (this.onEnd !== undefined) {
        if ((body.type === 'finish' && body.requeue !== true) || (body.type === 'create' && body.outcome !== undefined)) this.onEnd(history.trial(body.number))
      }
      if (body.type === 'amend') this.onAmend?.()
      if (this.#listeners.size > 0) {
        for (const event of eventsOf(change, effect, history, () => this.summary())) for (const listener of this.#listeners) listener(event)
      }
    }
    return true
  }
}

function summaryOf(access: StudyAccess, history: StudyHistory): StudySummary {
  return { id: access.id, definition: history.definition, createdAt: access.createdAt, revision: history.revision, counts: { ...history.counts } }
}

/** The error for a refusal that the caller did not expect. */
export function refused(refusal: Refusal): AttuneError {
  const code = { stale: 'STALE_TRIAL', state: 'TRIAL_STATE', missing: 'TRIAL_NOT_FOUND', 'number-taken': 'TRIAL_STATE', 'none-waiting': 'TRIAL_STATE' }[refusal.reason]
  return new AttuneError(code, refusal.message, { details: { ...refusal } })
}
