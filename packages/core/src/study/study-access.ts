import type { Change, ChangeBody, Operation } from '../contracts/change.ts'
import type { Clock } from '../contracts/clock.ts'
import type { StudyEvent } from '../contracts/event.ts'
import type { KeepAlive, Refusal, Storage, StudyDefinition, StudySummary, WriteResult } from '../contracts/storage.ts'
import type { TrialRecord } from '../contracts/trial-record.ts'
import type { Awaitable } from '../contracts/values.ts'
import { AttuneError, isAttuneError } from '../errors.ts'
import { failpoint } from '../failpoint.ts'
import { StudyHistory } from '../history/study-history.ts'
import type { Space } from '../space/space.ts'
import { randomName } from '../system.ts'
import { answered, repeated } from './answered.ts'
import { eventsOf } from './events.ts'

const pageSize = 1000

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
  /** What the history begins with. */
  readonly #original: StudyDefinition
  /** What the storage says that the history comes to. */
  readonly #expected: Pick<StudySummary, 'revision' | 'definition'>
  /** The space that this process knows, with its functions. */
  readonly #given: Space<unknown>
  readonly #session = randomName()
  /** Fingerprints of the spaces that the program of this process was written for. */
  readonly known: Set<string> = new Set()
  #requests = 0
  #catchingUp: Promise<void> | undefined
  readonly #listeners = new Set<(event: StudyEvent) => void>()
  /** Events that were not told yet, in order. */
  #untold: StudyEvent[] = []
  #telling = false
  /** Told of each trial that ends, in order. */
  onEnd: ((trial: TrialRecord) => void) | undefined
  /** Told when what was known of ended trials is no longer true. */
  onAmend: ((body: ChangeBody) => void) | undefined
  /** Told when it may be another session's turn to have the shared loggers. */
  onTurns: (() => void) | undefined
  /** Told what a listener threw. */
  onListenerError: ((error: unknown) => void) | undefined
  /** What the storage threw last, after all repetitions. */
  #failure: { readonly error: unknown } | undefined

  /** `space` is the one of the study as it is now, or the one that it is about to be extended to. */
  constructor(storage: Storage, clock: Clock, summary: StudySummary, space: Space<unknown>) {
    this.#storage = storage
    this.#clock = clock
    this.#original = summary.original ?? summary.definition
    this.#expected = summary
    this.#given = space
    this.id = summary.id
    this.createdAt = summary.createdAt
    this.known.add(space.fingerprint)
    this.history = this.newHistory()
  }

  /** The history as it was before its first change. */
  newHistory(): StudyHistory {
    const { space, fingerprint } = this.#original
    const first = space === null || fingerprint === this.#given.fingerprint ? this.#given : this.#given.revision(space)
    return new StudyHistory(this.#original, first, this.#given)
  }

  get session(): string {
    return this.#session
  }

  subscribe(listener: (event: StudyEvent) => void): () => void {
    // The same function may be given twice: each has an end of its own.
    const own = (event: StudyEvent): void => listener(event)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /** True for what the storage threw, also where it went through user code. */
  hasFailedWith(error: unknown): boolean {
    return this.#failure !== undefined && this.#failure.error === error
  }

  summary(): StudySummary {
    return summaryOf(this, this.history)
  }

  /** Writes, and takes in what was written. The same `id` given again changes nothing if the first write was applied. */
  write(operations: readonly Operation[], id: string = `${this.#session}.${++this.#requests}`): WriteResult | Promise<WriteResult> {
    // At once where the storage answers at once: a turn of the event loop is dear at 100,000 trials a second.
    let answer: Awaitable<WriteResult>
    try {
      failpoint('access.before-write')
      answer = this.#storage.write(this.id, { id, operations })
    } catch (error) {
      answer = Promise.reject(error)
    }
    if ('then' in answer) return this.#written(answer, operations, id)
    return !answer.ok || this.#take(answer.changes) ? answer : this.sync().then(() => answer)
  }

  async #written(answer: PromiseLike<WriteResult>, operations: readonly Operation[], id: string): Promise<WriteResult> {
    let result: WriteResult
    try {
      result = await answer
      failpoint('access.after-write')
    } catch (error) {
      result = await this.#noted(repeated(this.#clock, error, () => this.#storage.write(this.id, { id, operations })))
    }
    if (result.ok && !this.#take(result.changes)) await this.sync()
    return result
  }

  /** See `Storage.keepAlive`. */
  keepAlive(milliseconds: number): Awaitable<KeepAlive | undefined> {
    return this.#storage.keepAlive?.(this.id, this.#session, milliseconds)
  }

  /** Writes what must succeed. Throws STALE_TRIAL, TRIAL_STATE or TRIAL_NOT_FOUND for a refusal. */
  async mustWrite(operations: readonly Operation[]): Promise<readonly Change[]> {
    const result = await this.write(operations)
    if (!result.ok) throw refused(result.refusal)
    return result.changes
  }

  /** Takes in everything that was written before this call, by whomever. */
  async sync(): Promise<void> {
    // One that is under way may have looked before the last write. If it fails, so does the next, for its own caller.
    if (this.#catchingUp !== undefined) await this.#catchingUp.catch(() => undefined)
    this.#catchingUp ??= this.#noted(this.#catchUp()).finally(() => {
      this.#catchingUp = undefined
    })
    await this.#catchingUp
  }

  /** The history from its beginning, with the events of the changes after a revision. */
  async *replay(after: number): AsyncGenerator<{ readonly revision: number; readonly events: readonly StudyEvent[] }, void, void> {
    const history = this.newHistory()
    history.readArtifact = this.history.readArtifact
    for await (const change of this.changes()) {
      const effect = history.apply(change)
      if (change.revision > after) yield { revision: change.revision, events: eventsOf(change, effect, history, () => summaryOf(this, history)) }
    }
  }

  /** All changes from the first on, read from the storage. */
  async *changes(): AsyncGenerator<Change, void, void> {
    for (let revision = 0; ; ) {
      const changes = await this.#changesSince(revision)
      if (changes.length === 0) return
      yield* changes
      revision = changes.at(-1)!.revision
    }
  }

  async #catchUp(): Promise<void> {
    for (;;) {
      const changes = await this.#changesSince(this.history.revision)
      if (changes.length === 0) return
      if (!this.#take(changes)) {
        throw new AttuneError('STORAGE_DAMAGED', `Study "${this.history.definition.name}" cannot be read further than revision ${this.history.revision}: the next one is missing in its storage. Restore it from a copy.`)
      }
    }
  }

  #changesSince(revision: number): Promise<readonly Change[]> {
    return answered(this.#clock, () => this.#storage.changesSince(this.id, revision, pageSize))
  }

  /** Remembers why the storage failed: what user code throws is told apart by it. */
  async #noted<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      const told = isAttuneError(error, 'STUDY_NOT_FOUND') ? this.#deleted(error) : error
      this.#failure = { error: told }
      throw told
    }
  }

  /**
   * A definition that is not the one of the storage shows that a record could not be read. A name can be told all the same;
   * of an extension of the space, what old trials have in it is lost.
   */
  #checkDefinition(): void {
    const { history } = this
    const { name, fingerprint } = this.#expected.definition
    if (history.definition.name !== name) history.definition = Object.freeze({ ...history.definition, name })
    if (history.definition.fingerprint === fingerprint) return
    throw new AttuneError('STORAGE_DAMAGED', `The record of an extension of the space of study "${name}" is damaged: what its trials have for new parameters is lost. Restore the storage from a copy.`, { details: { name } })
  }

  #deleted(cause: unknown): AttuneError {
    const { name } = this.history.definition
    return new AttuneError('STUDY_NOT_FOUND', `Study "${name}" was deleted while it was open here: its history is gone, and nothing can be added to it. Close it, and make another one with createStudy.`, { cause, details: { name, id: this.id } })
  }

  /** Applies the changes that come next; false if some before them are not known yet. */
  #take(changes: readonly Change[]): boolean {
    const { history } = this
    for (const change of changes) {
      if (change.revision <= history.revision) continue
      if (change.revision > history.revision + 1) return false
      const effect = history.apply(change)
      if (change.revision === this.#expected.revision) this.#checkDefinition()
      const { body } = change
      if (this.onEnd !== undefined) {
        if ((body.type === 'finish' && !(body.requeue === true && body.outcome.state === 'failed')) || (body.type === 'create' && body.outcome !== undefined)) this.onEnd(history.trial(body.number))
      }
      if (body.type === 'amend' || body.type === 'revise') this.onAmend?.(body)
      if (body.type === 'session' || body.type === 'requeue') this.onTurns?.()
      if (this.#listeners.size > 0) this.#tell(eventsOf(change, effect, history, () => this.summary()))
    }
    return true
  }

  /** Gives events to all listeners in order, also where a listener does something that makes further ones. */
  #tell(events: readonly StudyEvent[]): void {
    this.#untold.push(...events)
    if (this.#telling) return
    this.#telling = true
    try {
      for (let event = this.#untold.shift(); event !== undefined; event = this.#untold.shift()) {
        for (const listener of this.#listeners) {
          try {
            listener(event)
          } catch (error) {
            this.onListenerError?.(error)
          }
        }
      }
    } finally {
      this.#telling = false
    }
  }
}

function summaryOf(access: StudyAccess, history: StudyHistory): StudySummary {
  return { id: access.id, definition: history.definition, createdAt: access.createdAt, revision: history.revision, counts: { ...history.counts } }
}

/** The error for a refusal that the caller did not expect. */
export function refused(refusal: Refusal): AttuneError {
  const code = { stale: 'STALE_TRIAL', state: 'TRIAL_STATE', missing: 'TRIAL_NOT_FOUND', 'number-taken': 'TRIAL_STATE', 'none-waiting': 'TRIAL_STATE', 'name-taken': 'STUDY_EXISTS' }[refusal.reason]
  return new AttuneError(code, refusal.message, { details: { ...refusal } })
}
