import type { CreateOperation } from '../contracts/change.ts'
import type { NextTrial } from '../contracts/pruner.ts'
import type { Failure } from '../contracts/trial-record.ts'
import type { StudyHistory } from '../history/study-history.ts'
import { failpoint } from '../failpoint.ts'
import type { Checkpoints } from './checkpoints.ts'
import type { Duplicates } from './duplicates.ts'
import type { Judge } from './judge.ts'
import type { Leases } from './leases.ts'
import type { DuplicatePolicy } from './options.ts'
import { refused, type StudyAccess } from './study-access.ts'
import type { NothingLeft, Suggested, Suggestions } from './suggestions.ts'
import { Trial, type TrialRuntime, type TrialStart } from './trial.ts'
import { unlessAborted } from './unless-aborted.ts'

/** How often a trial may lose its owner before it counts as failed: it may be what kills them. */
const lostAttempts = 5

export interface TrialSourceParts {
  readonly runtime: TrialRuntime
  readonly access: StudyAccess
  readonly leases: Leases
  readonly checkpoints: Checkpoints
  readonly judge: Judge
  readonly suggestions: Suggestions
  readonly duplicates: Duplicates | undefined
  readonly policy: DuplicatePolicy
}

/** A trial was recorded with the value that its parameters were known to have: nothing is to be run. */
export interface Reused {
  readonly reused: number
}

/** The signal aborted before there was a trial. */
export interface Interrupted {
  readonly interrupted: true
}

/** What asking for a trial comes to. */
export type Asked = Trial | NothingLeft | Reused | Interrupted

const interrupted: Interrupted = Object.freeze({ interrupted: true })

function resumption(found: Awaited<ReturnType<Checkpoints['of']>>): TrialStart['resumeFrom'] {
  return found === undefined ? undefined : { step: found.checkpoint.step, bytes: found.bytes }
}

/** Where trials come from: the queue, the pruner, the sampler. */
export class TrialSource {
  readonly #parts: TrialSourceParts
  #busy = false
  /** What those wait for who ask while somebody else does. */
  #turn: { readonly over: Promise<void>; readonly end: () => void } | undefined

  constructor(parts: TrialSourceParts) {
    this.#parts = parts
  }

  get #history(): StudyHistory {
    return this.#parts.access.history
  }

  /**
   * Starts the next trial: one that waits, one that the pruner wants, or a new one if `mayCreate` still says so. One at a time, in the
   * order of the calls. Throws INVALID_SUGGESTION, and what the sampler or the storage throws.
   */
  async ask(signal: AbortSignal, mayCreate: () => boolean): Promise<Asked> {
    while (this.#busy) {
      if (this.#turn === undefined) {
        let end!: () => void
        const over = new Promise<void>((resolve) => {
          end = resolve
        })
        this.#turn = { over, end }
      }
      await unlessAborted(this.#turn.over, signal)
      if (signal.aborted) return interrupted
    }
    this.#busy = true
    try {
      for (;;) {
        let asked: Asked | undefined
        if (this.#history.waitingCount > 0) asked = await this.#claim()
        if (asked === undefined && !mayCreate()) return interrupted
        if (asked === undefined && this.#parts.judge.schedules) asked = await this.#wanted()
        asked ??= await this.#create(signal)
        if (asked !== undefined) return asked
      }
    } finally {
      this.#busy = false
      const turn = this.#turn
      this.#turn = undefined
      turn?.end()
    }
  }

  /** Claims a waiting or paused trial; undefined if there is none any more. */
  async #claim(number?: number, toStep?: number): Promise<Trial | undefined> {
    for (;;) {
      const lease = this.#parts.leases.request()
      const claim = number === undefined ? { type: 'claim', lease } as const : { type: 'claim', number, lease } as const
      const result = await this.#parts.access.write([toStep === undefined ? claim : { ...claim, toStep }])
      if (!result.ok) {
        await this.#parts.access.sync() // Somebody was quicker: what waits is known differently now.
        return undefined
      }
      failpoint('source.after-claim')
      const before = number === undefined ? 'waiting' : 'paused'
      const claimed = result.changes[0]!.body as { readonly number: number }
      const record = this.#history.trial(claimed.number)
      const lost = record.earlierFailures.filter(({ reason }) => reason === 'lost').length
      const hopeless: Failure | undefined = record.voided !== undefined ? { reason: 'aborted', message: `It is void: ${record.voided}` }
        : lost >= lostAttempts ? { reason: 'lost', message: `The trial lost its owner ${lost} times: it may be what ends them.` } : undefined
      if (hopeless !== undefined) {
        await this.#parts.access.write([{ type: 'finish', number: record.number, token: lease.token, outcome: { state: 'failed', failure: hopeless } }])
        if (number !== undefined) return undefined
        continue
      }
      const found = await this.#parts.checkpoints.of(record)
      // What the lost checkpoint stood for is trained and reported again.
      if (record.checkpoint !== undefined && found?.checkpoint !== record.checkpoint) {
        const { step, artifact } = found === undefined ? { step: record.checkpoint.step, artifact: null } : found.checkpoint
        await this.#parts.access.mustWrite([{ type: 'checkpoint', number: record.number, token: lease.token, step, artifact }])
      }
      if (before === 'paused' && record.checkpoint === undefined) this.#parts.runtime.warn('study', `Trial ${record.number} goes on from the beginning: it was paused without a checkpoint. Yield one with each report, and give the study an artefact store.`, record.number)
      return this.#hold({ number: record.number, attempt: record.attempt, token: lease.token, flatParams: record.flatParams, toStep: record.toStep, resumeFrom: resumption(found) })
    }
  }

  /** What the pruner wants next, if anything. */
  async #wanted(): Promise<Trial | undefined> {
    const wanted: NextTrial | undefined = this.#parts.judge.next(() => this.#parts.runtime.random.stream(this.#history.length, 'pruner'))
    if (wanted === undefined) return undefined
    if ('promote' in wanted) return this.#claim(wanted.promote, wanted.toStep)
    const { fork: parent, params, toStep } = wanted
    this.#parts.suggestions.check(params, 'pruner')
    const number = this.#history.length
    const found = await this.#parts.checkpoints.of(this.#history.trial(parent))
    if (found === undefined) this.#parts.runtime.warn('study', `A fork of trial ${parent} starts from the beginning: that trial has no checkpoint.`, parent)
    const lease = this.#parts.leases.request()
    const created = await this.#created({ type: 'create', expect: number, origin: 'fork', parent, params, lease, ...(found === undefined ? {} : { checkpoint: found.checkpoint }), ...(toStep === undefined ? {} : { toStep }) })
    return created ? this.#hold({ number, attempt: 1, token: lease.token, flatParams: params, toStep, resumeFrom: resumption(found) }) : undefined
  }

  /** Suggests and creates a trial; undefined if its number was taken meanwhile. */
  async #create(signal: AbortSignal): Promise<Asked | undefined> {
    const answer = this.#parts.suggestions.next(signal)
    const suggested = answer instanceof Promise ? await answer : answer
    if (suggested === undefined || signal.aborted) return interrupted
    if ('nothingLeft' in suggested) return suggested
    const { number, params } = suggested
    const earlier = this.#parts.duplicates?.find(params)
    if (earlier !== undefined && this.#parts.policy === 'reuse' && this.#history.trial(earlier).state === 'complete') return this.#reuse(suggested, earlier)
    const repeated = earlier !== undefined && this.#parts.policy === 'repeat'
    const flatParams = earlier !== undefined && this.#parts.policy === 'avoid' ? this.#parts.duplicates!.avoid(params, this.#history.space, this.#parts.runtime.random.stream(number, 'duplicates')) : params
    const lease = this.#parts.leases.request()
    const origin = repeated ? { origin: 'replicate', parent: earlier } as const : { origin: 'sampler' } as const
    if (!(await this.#created({ type: 'create', expect: number, params: flatParams, suggestion: suggested.trace, lease, ...origin }))) return undefined
    return this.#hold({ number, attempt: 1, token: lease.token, flatParams, toStep: undefined, resumeFrom: undefined })
  }

  async #reuse({ number, params, trace }: Suggested, earlier: number): Promise<Asked | undefined> {
    const { metrics } = this.#history.trial(earlier)
    if (!(await this.#created({ type: 'create', expect: number, params, suggestion: trace, origin: 'replicate', parent: earlier, outcome: { state: 'complete', metrics } }))) return undefined
    return this.#parts.duplicates!.exhausted(this.#history.space) ? { nothingLeft: 'every point of the space has been tried' } : { reused: number }
  }

  /** False if another worker was quicker to take the number. */
  async #created(operation: CreateOperation): Promise<boolean> {
    const answer = this.#parts.access.write([operation])
    const result = answer instanceof Promise ? await answer : answer
    failpoint('source.after-create')
    if (result.ok) return true
    if (result.refusal.reason !== 'number-taken') throw refused(result.refusal)
    await this.#parts.access.sync()
    return false
  }

  #hold(start: TrialStart): Trial {
    const trial = new Trial(this.#parts.runtime, start)
    this.#parts.leases.hold(trial)
    return trial
  }
}
