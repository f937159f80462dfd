import type { CreateOperation } from '../contracts/change.ts'
import type { NextTrial } from '../contracts/pruner.ts'
import type { WriteResult } from '../contracts/storage.ts'
import type { Failure } from '../contracts/trial-record.ts'
import type { StudyHistory } from '../history/study-history.ts'
import { AttuneError } from '../errors.ts'
import { failpoint } from '../failpoint.ts'
import type { Checkpoints } from './artifacts/checkpoints.ts'
import type { Duplicates } from './duplicates.ts'
import type { Judge } from './judge.ts'
import type { Leases } from './leases.ts'
import { finalMetrics } from './metrics.ts'
import type { DuplicatePolicy } from './options.ts'
import { Promotions } from './promotions.ts'
import { refused, type StudyAccess } from './study-access.ts'
import type { NothingLeft, Suggested, Suggestions, Waits } from './suggestions.ts'
import { Trial, type TrialRuntime, type TrialStart } from './trial.ts'
import { unlessAborted } from './unless-aborted.ts'
import type { Warnings } from './warnings.ts'

/** How often a trial may lose its owner, without a checkpoint in between, before it counts as failed: it may be what kills them. */
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
  readonly warnings: Warnings
}

/** A trial was recorded with the value that its parameters were known to have: nothing is to be run. */
export interface Reused {
  readonly reused: number
}

/** The signal aborted before there was a trial. */
export interface Interrupted {
  readonly interrupted: true
}

/** Nothing may start now: there is no room, or the pruner or the sampler waits. Worth asking again once something has happened to a trial. */
export interface Later {
  readonly later: 'no room' | 'pruner waits' | 'sampler waits'
}

/** What asking for a trial comes to. */
export type Asked = Trial | NothingLeft | Reused | Interrupted | Later

/** What bounds those who ask. */
export interface AskLimits {
  /** True while there is room for a new trial. */
  mayCreate(): boolean
  /** Trials that run, here or elsewhere, and whose ends are worth waiting for. */
  running(): number
}

const interrupted: Interrupted = Object.freeze({ interrupted: true })
const later = (why: Later['later']): Later => ({ later: why })
/** Things are not as they were when this was decided: decide again. */
const again = Symbol('again')

function resumption(found: Awaited<ReturnType<Checkpoints['of']>>): TrialStart['resumeFrom'] {
  return found === undefined ? undefined : { step: found.checkpoint.step, bytes: found.bytes }
}

type NewStart = Pick<Extract<NextTrial, { readonly suggest: true }>, 'toStep' | 'attributes'>

const plain: NewStart = Object.freeze({})

/** A process may end here: the storage has answered, and nobody runs the trial yet. */
function afterCreate(): void {
  failpoint('source.after-create')
}

function carried({ toStep, attributes }: NewStart): Pick<CreateOperation, 'toStep' | 'attributes'> {
  return { ...(toStep === undefined ? {} : { toStep }), ...(attributes === undefined ? {} : { attributes }) }
}

/** Where trials come from: the queue, the pruner, the sampler. */
export class TrialSource {
  readonly #parts: TrialSourceParts
  readonly #promotions = new Promotions()
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
   * Starts the next trial: one that waits, one that the pruner wants, or a new one if there is room. One at a time, in the
   * order of the calls. Throws INVALID_SUGGESTION, and what the sampler or the storage throws.
   */
  async ask(signal: AbortSignal, limits: AskLimits): Promise<Asked> {
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
        if (signal.aborted) return interrupted
        const claimed = this.#history.waitingCount > 0 ? await this.#claim() : undefined
        if (claimed !== undefined) return claimed
        const wanted = this.#parts.judge.schedules ? await this.#wanted(signal, limits) : undefined
        if (wanted === again) continue
        if (wanted !== undefined) return wanted
        if (!limits.mayCreate()) return later('no room')
        const created = await this.#create(signal, limits, plain)
        if (created !== undefined) return created
      }
    } finally {
      this.#busy = false
      const turn = this.#turn
      this.#turn = undefined
      turn?.end()
    }
  }

  /** Claims a waiting or paused trial and lets it run; undefined if there is none any more, or it turned out not to be run. */
  async #claim(number?: number, toStep?: number): Promise<Trial | undefined> {
    const { access, leases } = this.#parts
    for (;;) {
      const lease = leases.request()
      const claim = number === undefined ? { type: 'claim', lease } as const : { type: 'claim', number, lease } as const
      try {
        const result = await access.write([toStep === undefined ? claim : { ...claim, toStep }])
        if (!result.ok) {
          await access.sync() // Somebody was quicker: what waits is known differently now.
          return undefined
        }
        failpoint('source.after-claim')
        const trial = await this.#startClaimed((result.changes[0]!.body as { readonly number: number }).number, number !== undefined, lease.token)
        if (trial !== undefined) return trial
        if (number !== undefined) return undefined
      } catch (error) {
        leases.abandon(lease.token) // It may be held by now, by nobody.
        throw error
      }
    }
  }

  /** A claimed trial with what it goes on from; undefined if it is not to be run after all, and was ended or paused. */
  async #startClaimed(number: number, promoted: boolean, token: string): Promise<Trial | undefined> {
    const { access, checkpoints, warnings } = this.#parts
    const record = this.#history.trial(number)
    const lost = this.#history.lostInVain(number)
    const hopeless: Failure | undefined = lost >= lostAttempts ? { reason: 'lost', message: `The trial lost its owner ${lost} times without coming further: it may be what ends them.` } : undefined
    if (hopeless !== undefined) {
      await access.write([{ type: 'finish', number, token, outcome: { state: 'failed', failure: hopeless } }])
      return undefined
    }
    const found = await checkpoints.of(record)
    // What the lost checkpoint stood for is trained and reported again.
    if (record.checkpoint !== undefined && found?.checkpoint !== record.checkpoint) {
      const { step, artifact } = found === undefined ? { step: record.checkpoint.step, artifact: null } : found.checkpoint
      const told = await access.write([{ type: 'checkpoint', number, token, step, artifact }])
      if (!told.ok) {
        await access.sync() // It was lost while its checkpoint was looked for.
        return undefined
      }
    }
    // Its owner died between its last report and its pause: run on, it would count as complete.
    if (found !== undefined && record.toStep !== undefined && found.checkpoint.step >= record.toStep) {
      await access.write([{ type: 'pause', number, token }])
      return undefined
    }
    if (promoted && record.checkpoint === undefined) warnings.tellSome('promoted without a checkpoint', 'study', `Trial ${number} goes on from the beginning: it was paused without a checkpoint. Yield one with each report, and give the study an artefact store.`, number)
    return this.#hold({ number, attempt: record.attempt, token, flatParams: record.flatParams, toStep: record.toStep, resumeFrom: resumption(found) })
  }

  /** What the pruner wants next; undefined leaves it to the sampler. */
  async #wanted(signal: AbortSignal, limits: AskLimits): Promise<Asked | typeof again | undefined> {
    const { access, judge, runtime } = this.#parts
    const wanted = judge.next(() => ({ random: runtime.random.stream(this.#history.length, 'pruner'), mayCreate: limits.mayCreate() }))
    if (wanted === undefined) return undefined
    if (wanted === 'wait') {
      if (limits.running() > 0 || !limits.mayCreate()) return later('pruner waits')
      judge.refuse(new Error('it waits, but no trial runs whose end could change its mind'))
      return undefined
    }
    if ('exhausted' in wanted) return { nothingLeft: wanted.exhausted }
    const { revision } = this.#history
    const number = 'promote' in wanted ? wanted.promote : 'prune' in wanted ? wanted.prune : 'fork' in wanted ? wanted.fork : undefined
    let pausedAt = -Infinity
    try {
      if (number !== undefined && !(Number.isInteger(number) && number >= 0 && number < this.#history.length)) throw new Error(`there is no trial ${String(number)}`)
      this.#checkStart(wanted)
      pausedAt = number === undefined ? pausedAt : (this.#history.reports(number).at(-1)?.step ?? pausedAt)
      if ('promote' in wanted) this.#promotions.check(wanted.promote, pausedAt)
    } catch (error) {
      judge.refuse(error)
      return undefined
    }
    if ('promote' in wanted) {
      const trial = await this.#claim(wanted.promote, wanted.toStep)
      if (trial !== undefined) {
        this.#promotions.promoted(trial.number, pausedAt)
        return trial
      }
    } else if ('prune' in wanted) {
      const metrics = finalMetrics({}, this.#history.reports(wanted.prune), this.#history.definition)
      const result = await access.write([{ type: 'finish', number: wanted.prune, outcome: { state: 'pruned', metrics } }])
      if (!result.ok) await access.sync()
    } else {
      if (!limits.mayCreate()) return later('no room')
      return ('fork' in wanted ? await this.#fork(wanted) : await this.#create(signal, limits, wanted)) ?? again
    }
    if (this.#history.revision > revision) return again // Done, or somebody else was quicker.
    judge.refuse(new Error(`trial ${number} is ${this.#history.state(number!)}, not paused`))
    return undefined
  }

  /** Throws if the trial is beyond the step it is to go to, or its parameters are not of the space. */
  #checkStart(wanted: Exclude<NextTrial, string>): void {
    if ('fork' in wanted) this.#parts.suggestions.check(wanted.params, 'pruner')
    const number = 'promote' in wanted ? wanted.promote : 'fork' in wanted ? wanted.fork : undefined
    if (number === undefined || !('toStep' in wanted) || wanted.toStep === undefined) return
    const at = 'promote' in wanted ? this.#history.reports(number).at(-1)?.step : this.#history.trial(number).checkpoint?.step
    if (at !== undefined && wanted.toStep <= at) throw new Error(`trial ${number} is at step ${at} already, so nothing can go on from there to step ${wanted.toStep}`)
  }

  /** Undefined if the number was taken meanwhile, or the parent has come too far. */
  async #fork(wanted: Extract<NextTrial, { readonly fork: number }>): Promise<Trial | undefined> {
    const { access, checkpoints, warnings, leases } = this.#parts
    const { fork: parent, params } = wanted
    const number = this.#history.length
    // The parent may run elsewhere: what it has saved since is there, what it had before may be gone.
    await access.sync()
    const record = this.#history.trial(parent)
    if (this.#history.length !== number || (wanted.toStep !== undefined && record.checkpoint !== undefined && wanted.toStep <= record.checkpoint.step)) return undefined
    const found = await checkpoints.of(record)
    if (found === undefined) warnings.tellSome('forked without a checkpoint', 'study', `A fork of trial ${parent} starts from the beginning: that trial has no checkpoint.`, parent)
    const lease = leases.request()
    const created = await checkpoints.whileClaimed(found, async () => this.#created({ type: 'create', expect: number, origin: 'fork', parent, params, lease, ...(found === undefined ? {} : { checkpoint: found.checkpoint }), ...carried(wanted) }))
    return created ? this.#hold({ number, attempt: 1, token: lease.token, flatParams: this.#history.params(number), toStep: wanted.toStep, resumeFrom: resumption(found) }) : undefined
  }

  /** Suggests and creates a trial; undefined if its number was taken meanwhile. */
  async #create(signal: AbortSignal, limits: AskLimits, start: NewStart): Promise<Asked | undefined> {
    const answer = this.#parts.suggestions.next(signal)
    const suggested = answer instanceof Promise ? await answer : answer
    if (suggested === undefined || signal.aborted) return interrupted
    if ('nothingLeft' in suggested) return suggested
    if ('waitsAt' in suggested) return this.#waits(suggested, limits)
    if (answer instanceof Promise && !limits.mayCreate()) return later('no room') // A long suggestion: the run may have ended meanwhile.
    const { number, params } = suggested
    const earlier = this.#parts.duplicates?.find(params)
    if (earlier !== undefined && this.#parts.policy === 'reuse' && this.#history.state(earlier) === 'complete') return this.#reuse(suggested, earlier)
    const repeated = earlier !== undefined && this.#parts.policy === 'repeat'
    const flatParams = earlier !== undefined && this.#parts.policy === 'avoid' ? this.#parts.duplicates!.avoid(params, this.#history.space, this.#parts.runtime.random.stream(number, 'duplicates')) : params
    const trace = flatParams === params ? suggested.trace : { ...suggested.trace, explanation: { model: 'prior', why: `Drawn from the priors, because trial ${String(earlier)} has had the parameters that were suggested.` } }
    const lease = this.#parts.leases.request()
    // Nearly all trials are of the sampler, and the pruner wants nothing of them: they are made in one piece.
    const operation: CreateOperation = repeated || start !== plain
      ? { type: 'create', expect: number, params: flatParams, suggestion: trace, lease, ...(repeated ? { origin: 'replicate', parent: earlier } as const : { origin: 'sampler' } as const), ...carried(start) }
      : { type: 'create', expect: number, params: flatParams, suggestion: trace, lease, origin: 'sampler' }
    const created = this.#created(operation)
    if (!(created instanceof Promise ? await created : created)) return undefined
    return this.#hold({ number, attempt: 1, token: lease.token, flatParams: this.#history.params(number), toStep: start.toStep, resumeFrom: undefined })
  }

  /** Undefined if something has happened since the sampler said so. */
  async #waits({ waitsAt }: Waits, limits: AskLimits): Promise<Later | undefined> {
    await this.#parts.access.sync() // Somebody else may have ended what it waits for.
    if (this.#history.revision > waitsAt) return undefined
    if (limits.running() > 0) return later('sampler waits')
    throw new AttuneError('SAMPLER_WAITS', 'The sampler starts nothing until trials end that were asked for by hand: tell them first.')
  }

  async #reuse({ number, params, trace }: Suggested, earlier: number): Promise<Asked | undefined> {
    const { metrics } = this.#history.trial(earlier)
    if (!(await this.#created({ type: 'create', expect: number, params, suggestion: trace, origin: 'replicate', parent: earlier, outcome: { state: 'complete', metrics } }))) return undefined
    return this.#parts.duplicates!.exhausted(this.#history.space) ? { nothingLeft: 'every point of the space has been tried' } : { reused: number }
  }

  /** False if another worker was quicker to take the number. At once where the storage answers at once. */
  #created(operation: CreateOperation): boolean | Promise<boolean> {
    try {
      const answer = this.#parts.access.write([operation])
      if (answer instanceof Promise || !answer.ok) return this.#createdLater(operation, answer)
      afterCreate()
      return true
    } catch (error) {
      this.#giveUp(operation)
      throw error
    }
  }

  async #createdLater(operation: CreateOperation, answer: WriteResult | Promise<WriteResult>): Promise<boolean> {
    try {
      const result = await answer
      afterCreate()
      if (result.ok) return true
      if (result.refusal.reason !== 'number-taken') throw refused(result.refusal)
      await this.#parts.access.sync()
      return false
    } catch (error) {
      this.#giveUp(operation)
      throw error
    }
  }

  /** A trial whose creation failed may be held by now, by nobody. */
  #giveUp({ lease }: CreateOperation): void {
    if (lease !== undefined) this.#parts.leases.abandon(lease.token)
  }

  #hold(start: TrialStart): Trial {
    const trial = new Trial(this.#parts.runtime, start)
    this.#parts.leases.hold(trial)
    return trial
  }
}
