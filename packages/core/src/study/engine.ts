import type { RandomSource } from '../container/tokens.ts'
import type { ArtifactStore } from '../contracts/artifact.ts'
import type { Operation, Outcome } from '../contracts/change.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Host } from '../contracts/host.ts'
import type { NextTrial, Pruner, PrunerFactory } from '../contracts/pruner.ts'
import type { Random } from '../contracts/random.ts'
import type { Problem, Sampler, SamplerFactory } from '../contracts/sampler.ts'
import type { Dimension, SearchSpace } from '../contracts/space.ts'
import type { Report } from '../contracts/trainer.ts'
import type { Failure, TrialRecord } from '../contracts/trial-record.ts'
import type { FlatParams, Json, Metrics } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'
import type { StudyHistory } from '../history/study-history.ts'
import type { Leaf } from '../space/definition.ts'
import { leafToJson } from '../space/json.ts'
import { Duplicates } from './duplicates.ts'
import { describe } from './logger-pump.ts'
import { checkStep, finalMetrics, metricsFailure, metricsOfReport, metricsOfResult } from './metrics.ts'
import type { DuplicatePolicy } from './options.ts'
import { refused, type StudyAccess } from './study-access.ts'
import { Trial, type TrialRuntime, type TrialStart } from './trial.ts'

/** How often a trial may lose its owner before it counts as failed: it may be what kills them. */
const lostAttempts = 5
const noteLimit = 4096

export interface EngineParts {
  readonly access: StudyAccess
  readonly clock: Clock
  readonly host: Host
  readonly random: RandomSource
  readonly sampler: SamplerFactory
  readonly pruner: PrunerFactory
  readonly artifacts: ArtifactStore | undefined
  readonly duplicates: DuplicatePolicy
  readonly lease: number
  readonly persistent: boolean
}

/** Nothing is left to try; `reason` says why. */
export interface NothingLeft {
  readonly nothingLeft: string
}

/** A trial was recorded with the value that its parameters were known to have: nothing is to be run. */
export interface Reused {
  readonly reused: number
}

/**
 * What a study does with one trial at a time: ask, report, judge, tell. Knows nothing of loops and user code.
 */
export class StudyEngine implements Problem, TrialRuntime {
  readonly access: StudyAccess
  readonly clock: Clock
  readonly random: Random
  readonly artifacts: ArtifactStore | undefined
  readonly dynamic: boolean
  /** Trials that run in this process, by number. */
  readonly held: Map<number, Trial> = new Map()
  readonly #parts: EngineParts
  readonly #samplerFactory: SamplerFactory
  #sampler: Sampler
  /** Undefined after an amendment: what it knew may no longer be true. */
  #pruner: Pruner | undefined
  readonly #duplicates: Duplicates | undefined
  readonly #warned = new Set<string>()
  #tokens = 0
  #asking: Promise<void> | undefined
  #cancelRenewal: (() => void) | undefined
  #outdated = false
  /** Set while a study stops: long suggestions give up. */
  controller: AbortController = new AbortController()

  constructor(parts: EngineParts) {
    this.#parts = parts
    this.access = parts.access
    this.clock = parts.clock
    this.artifacts = parts.artifacts
    this.random = parts.random(parts.access.history.definition.seed)
    this.dynamic = parts.access.history.definition.space === null
    this.#samplerFactory = parts.sampler
    this.#sampler = parts.sampler.create(this)
    this.#pruner = parts.pruner.create(this)
    this.#duplicates = parts.duplicates === 'allow' ? undefined : new Duplicates(parts.access.history)
    if (this.#sampler.observe !== undefined || this.#duplicates !== undefined) this.access.onEnd = (trial) => this.#observe(trial)
    this.access.onAmend = () => {
      this.#outdated = true
      this.#pruner = undefined
    }
  }

  get history(): StudyHistory {
    return this.access.history
  }

  get space(): SearchSpace {
    return this.history.space
  }

  get objectives(): Problem['objectives'] {
    return this.history.definition.objectives
  }

  get constraints(): Problem['constraints'] {
    return this.history.definition.constraints
  }

  /** Warns once for each message. */
  warn(sourceOrMessage: string, message?: string, number?: number): void {
    const source = message === undefined ? this.#samplerFactory.id : sourceOrMessage
    const text = message ?? sourceOrMessage
    const key = `${source}\n${text}`
    if (this.#warned.has(key)) return
    this.#warned.add(key)
    // A warning that cannot be stored must not take a trial down: the write that matters will tell.
    this.access.write([number === undefined ? { type: 'warn', source, message: text } : { type: 'warn', source, message: text, number }]).catch(() => undefined)
  }

  nest(flatParams: FlatParams): unknown {
    return this.history.space.nest(flatParams)
  }

  async setAttribute(number: number, key: string, value: Json): Promise<void> {
    await this.access.mustWrite([{ type: 'attribute', number, key, value }])
  }

  /** See `TrialRuntime`. Throws LEAF_CHANGED. */
  leaf(path: string, leaf: Leaf): { readonly dimension: Dimension; readonly extension: Operation | undefined } {
    const space = this.history.space.extend(path, leaf)
    const dimension = space.dimensions.find((known) => known.path === path) as Dimension
    return { dimension, extension: space === this.history.space ? undefined : { type: 'extend', path, leaf: leafToJson(leaf) } }
  }

  /**
   * Starts the next trial: one that waits, one that the pruner wants, or a new one. One at a time, in the
   * order of the calls.
   */
  async ask(): Promise<Trial | NothingLeft | Reused> {
    while (this.#asking !== undefined) await this.#asking
    let end!: () => void
    this.#asking = new Promise<void>((resolve) => {
      end = resolve
    })
    try {
      return await this.#ask()
    } finally {
      this.#asking = undefined
      end()
    }
  }

  async #ask(): Promise<Trial | NothingLeft | Reused> {
    for (;;) {
      const waiting = this.history.waitingCount > 0 ? await this.#claim() : undefined
      if (waiting !== undefined) return waiting
      const wanted = this.#currentPruner().next?.(this.random.stream(this.history.length, 'pruner'))
      const next = wanted === undefined ? undefined : await this.#follow(wanted)
      if (next !== undefined) return next
      const made = await this.#create()
      if (made !== undefined) return made
    }
  }

  /** Claims a waiting trial; undefined if there is none any more. */
  async #claim(number?: number, toStep?: number): Promise<Trial | undefined> {
    for (;;) {
      const lease = this.#lease()
      const result = await this.access.write([number === undefined ? { type: 'claim', lease } : { type: 'claim', number, lease }])
      if (!result.ok) return undefined
      const claimed = result.changes[0]!.body as { readonly number: number }
      const record = this.history.trial(claimed.number)
      const lost = record.earlierFailures.filter(({ reason }) => reason === 'lost').length
      if (lost >= lostAttempts) {
        await this.access.write([{ type: 'finish', number: record.number, token: lease.token, outcome: { state: 'failed', failure: { reason: 'lost', message: `The trial lost its owner ${lost} times: it may be what ends them.` } } }])
        if (number !== undefined) return undefined
        continue
      }
      const resumeFrom = await this.#checkpointOf(record)
      // What the lost checkpoint stood for is trained and reported again.
      if (resumeFrom === undefined && record.checkpoint !== undefined) await this.access.mustWrite([{ type: 'checkpoint', number: record.number, token: lease.token, step: record.checkpoint.step, artifact: null }])
      return this.#hold({ number: record.number, attempt: record.attempt, token: lease.token, flatParams: record.flatParams, toStep, resumeFrom })
    }
  }

  /** Does what the pruner wants next. */
  async #follow(wanted: NextTrial): Promise<Trial | undefined> {
    if ('promote' in wanted) return this.#claim(wanted.promote, wanted.toStep)
    const parent = this.history.trial(wanted.fork)
    this.#checkParams(wanted.params, 'pruner')
    const lease = this.#lease()
    const changes = await this.access.mustWrite([{ type: 'create', origin: 'fork', parent: wanted.fork, params: wanted.params, lease }])
    const { number } = changes[0]!.body as { readonly number: number }
    return this.#hold({ number, attempt: 1, token: lease.token, flatParams: wanted.params, toStep: wanted.toStep, resumeFrom: await this.#checkpointOf(parent) })
  }

  /** Suggests and creates a trial; undefined if its number was taken meanwhile. */
  async #create(): Promise<Trial | NothingLeft | Reused | undefined> {
    const { history } = this
    if (this.#outdated) this.#relearn()
    const number = history.length
    const revision = history.revision
    const running = history.running()
    const context = { number, random: this.random.stream(number, 'sampler'), running: running.map((other) => history.trial(other)), signal: this.controller.signal }
    const answer = this.#sampler.suggest(context)
    const suggestion = 'then' in answer ? await answer : answer
    if ('exhausted' in suggestion) return { nothingLeft: suggestion.exhausted }
    let { params } = suggestion
    this.#checkParams(params, this.#samplerFactory.id)
    const earlier = this.#duplicates?.find(params)
    if (earlier !== undefined && this.#parts.duplicates === 'avoid') params = this.#duplicates!.avoid(params, this.space, this.random.stream(number, 'duplicates'))
    const trace = { sampler: `${this.#samplerFactory.id}@${this.#samplerFactory.revision}`, revision, running }
    if (suggestion.note !== undefined) this.#checkNote(suggestion.note)
    const lease = this.#lease()
    const common = { type: 'create', expect: number, params, suggestion: suggestion.note === undefined ? trace : { ...trace, note: suggestion.note } } as const
    if (earlier !== undefined && this.#parts.duplicates === 'reuse' && history.trial(earlier).state === 'complete') {
      await this.access.write([{ ...common, origin: 'replicate', parent: earlier, outcome: { state: 'complete', metrics: history.trial(earlier).metrics } }])
      return this.#duplicates!.exhausted(this.space) ? { nothingLeft: 'every point of the space has been tried' } : { reused: number }
    }
    const repeated = earlier !== undefined && this.#parts.duplicates === 'repeat'
    const result = await this.access.write([repeated ? { ...common, origin: 'replicate', parent: earlier, lease } : { ...common, origin: 'sampler', lease }])
    if (result.ok) return this.#hold({ number, attempt: 1, token: lease.token, flatParams: params, toStep: undefined, resumeFrom: undefined })
    if (result.refusal.reason !== 'number-taken') throw refused(result.refusal)
    await this.access.sync()
    return undefined
  }

  /** Stores a report and asks the pruner. */
  async report(trial: Trial, report: Report, checkpoint = true): Promise<'continue' | 'stop'> {
    if (this.held.get(trial.number) !== trial) {
      if (trial.stopReason !== undefined) return 'stop'
      throw new AttuneError('TRIAL_ENDED', `Trial ${trial.number} has ended: it takes no more reports.`, { details: { number: trial.number } })
    }
    const { number, token } = trial
    const { history } = this
    const step = checkStep(report.step, history.reports(number).at(-1))
    const before = history.checkpoint(number)
    const metrics = metricsOfReport(report, this.history.definition)
    const operations: Operation[] = [{ type: 'report', number, token, step, metrics }]
    const saved = checkpoint && report.checkpoint !== undefined ? await this.#saveCheckpoint(trial, report.checkpoint) : undefined
    if (saved !== undefined) operations.push({ type: 'checkpoint', number, token, step, artifact: { ...saved, kind: 'checkpoint' } })
    const result = await this.access.write(operations)
    if (!result.ok) {
      this.release(trial)
      trial.stop('lost')
      return 'stop'
    }
    if (saved !== undefined && before !== undefined && before !== saved.hash) await this.discard(before)
    if (trial.stopReason !== undefined) return 'stop'
    const verdict = this.#currentPruner().judge({
      number,
      step,
      loss: history.loss(metrics),
      random: this.random.stream(number, `judge:${step}`),
      get trial() {
        return history.trial(number)
      },
    })
    if (verdict !== 'continue') trial.stop(verdict === 'prune' ? 'pruned' : 'paused')
    else if (trial.toStep !== undefined && step >= trial.toStep) trial.stop('paused')
    return trial.stopReason === undefined ? 'continue' : 'stop'
  }

  /** Ends a trial with a result: what a function answered, plus the metrics of evaluators. */
  async complete(trial: Trial, result: unknown, more: Metrics = {}, retries: (failure: Failure) => boolean = () => false): Promise<Outcome> {
    const { definition } = this.history
    const reports = this.history.reports(trial.number)
    const metrics = finalMetrics({ ...metricsOfResult(result, definition, reports.length > 0 || Object.keys(more).length > 0), ...more }, reports, definition)
    const failure = metricsFailure(metrics, definition)
    if (failure === undefined) return this.finish(trial, { state: 'complete', metrics })
    const good = reports.findLast((report) => definition.objectives.every(({ metric }) => Number.isFinite(report.metrics[metric])))
    const message = good === undefined || definition.objectives.every(({ metric }) => !(metric in good.metrics)) ? failure.message : `${failure.message} The last good report was at step ${good.step}: ${JSON.stringify(good.metrics)}.`
    const described = { ...failure, message }
    return this.fail(trial, described, retries(described))
  }

  async prune(trial: Trial): Promise<Outcome> {
    const reports = this.history.reports(trial.number)
    return this.finish(trial, { state: 'pruned', metrics: finalMetrics({}, reports, this.history.definition) })
  }

  async fail(trial: Trial, failure: Failure, requeue = false): Promise<Outcome> {
    return this.finish(trial, { state: 'failed', failure, metrics: this.history.reports(trial.number).at(-1)?.metrics ?? {} }, requeue)
  }

  /** Keeps the checkpoint and frees the slot: the pruner may promote the trial later. */
  async pause(trial: Trial): Promise<void> {
    const result = await this.access.write([{ type: 'pause', number: trial.number, token: trial.token }])
    this.release(trial)
    if (!result.ok) this.#discarded(trial, result.refusal.message)
  }

  async finish(trial: Trial, outcome: Outcome, requeue = false): Promise<Outcome> {
    if (this.held.get(trial.number) !== trial) throw new AttuneError('TRIAL_ENDED', `Trial ${trial.number} has ended already: a trial is told once.`, { details: { number: trial.number } })
    const operations: Operation[] = []
    const { met } = trial
    if (met !== undefined) operations.push(...met.extensions)
    const end = { type: 'finish', number: trial.number, token: trial.token, outcome } as const
    const ending = met === undefined ? end : { ...end, params: requeue ? { ...trial.flatParams, ...met.params } : met.params }
    operations.push(requeue ? { ...ending, requeue } : ending)
    this.release(trial)
    const result = await this.access.write(operations)
    if (result.ok) {
      // The trial is over: nobody goes on from its checkpoint, unless the pruner forks or promotes.
      const hash = requeue || this.#currentPruner().next !== undefined ? undefined : this.history.checkpoint(trial.number)
      if (hash !== undefined) await this.discard(hash)
      return outcome
    }
    if (operations.length > 1 && result.refusal.reason === 'state') return this.#refusedLeaf(trial, result.refusal.message)
    this.#discarded(trial, result.refusal.message)
    return outcome
  }

  /** A trial that ran at the same time gave a leaf another definition, and was first. */
  async #refusedLeaf(trial: Trial, message: string): Promise<Outcome> {
    const outcome = { state: 'failed', failure: { reason: 'error', message: `LEAF_CHANGED: ${message}` } } as const
    const result = await this.access.write([{ type: 'finish', number: trial.number, token: trial.token, outcome }])
    if (!result.ok) this.#discarded(trial, result.refusal.message)
    return outcome
  }

  /** Lets go of a trial: it is no longer renewed, and takes no more writes. */
  release(trial: Trial): void {
    this.held.delete(trial.number)
    if (this.held.size === 0) {
      this.#cancelRenewal?.()
      this.#cancelRenewal = undefined
    }
  }

  /** Requeues trials whose owners are gone or whose leases have ended. */
  async sweep(): Promise<void> {
    const owners = new Set(this.history.running().map((number) => this.history.trial(number).owner))
    const gone: string[] = []
    for (const owner of owners) if (owner !== undefined && (await this.#parts.host.isGone(owner))) gone.push(owner)
    await this.access.mustWrite([{ type: 'sweep', gone }])
  }

  get owner(): string {
    return this.#parts.host.identity
  }

  /** Deletes bytes that nothing refers to any more. A store that fails is told of once. */
  async discard(hash: string): Promise<void> {
    if (this.history.references(hash) > 0) return
    try {
      await this.artifacts?.delete(hash)
    } catch (error) {
      this.warn('artifacts', `An artefact that is no longer needed could not be deleted: ${describe(error)}`)
    }
  }

  #discarded(trial: Trial, why: string): void {
    this.warn('study', `The result of trial ${trial.number} came too late and is not kept. ${why}`, trial.number)
  }

  #observe(trial: TrialRecord): void {
    this.#duplicates?.add(trial)
    if (trial.voided === undefined) this.#sampler.observe?.(trial)
  }

  #currentPruner(): Pruner {
    return (this.#pruner ??= this.#parts.pruner.create(this))
  }

  /** After an amendment: a new sampler is told everything again, as it is known now. */
  #relearn(): void {
    this.#outdated = false
    this.#sampler = this.#samplerFactory.create(this)
    const ended = Array.from({ length: this.history.length }, (_, number) => this.history.trial(number)).filter(({ state, voided }) => voided === undefined && (state === 'complete' || state === 'pruned' || state === 'failed'))
    for (const trial of ended.sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0) || a.number - b.number)) this.#sampler.observe?.(trial)
  }

  #lease(): { readonly owner: string; readonly token: string; readonly milliseconds: number } {
    // In memory nobody else can take a trial over, so a lease need never end.
    return { owner: this.owner, token: `${this.access.session}/${++this.#tokens}`, milliseconds: this.#parts.persistent ? this.#parts.lease : Number.MAX_SAFE_INTEGER }
  }

  #hold(state: TrialStart): Trial {
    const trial = new Trial(this, state)
    this.held.set(state.number, trial)
    if (this.#parts.persistent && this.#cancelRenewal === undefined) this.#renewLater()
    return trial
  }

  #renewLater(): void {
    this.#cancelRenewal = this.clock.schedule(this.#parts.lease / 3, () => {
      this.#cancelRenewal = undefined
      const milliseconds = this.#parts.lease
      for (const { number, token } of this.held.values()) {
        this.access.write([{ type: 'renew', number, token, milliseconds }]).catch((error: unknown) => this.warn('study', `The lease of trial ${number} could not be renewed: ${describe(error)}`))
      }
      if (this.held.size > 0) this.#renewLater()
    })
  }

  async #checkpointOf(record: TrialRecord): Promise<TrialStart['resumeFrom']> {
    const { checkpoint } = record
    if (checkpoint === undefined) return undefined
    const bytes = await this.artifacts?.get(checkpoint.artifact.hash)
    if (bytes !== undefined) return { step: checkpoint.step, bytes }
    this.warn('artifacts', `The checkpoint of trial ${record.number} at step ${checkpoint.step} is lost or damaged: it starts from the beginning.`, record.number)
    return undefined
  }

  async #saveCheckpoint(trial: Trial, make: NonNullable<Report['checkpoint']>): Promise<{ readonly hash: string; readonly size: number } | undefined> {
    if (this.artifacts === undefined) return undefined
    const bytes = await make()
    try {
      return { hash: await this.artifacts.put(bytes), size: bytes.length }
    } catch (error) {
      this.warn('artifacts', `Checkpoints cannot be saved, the study goes on without them: ${describe(error)}`, trial.number)
      return undefined
    }
  }

  #checkParams(params: FlatParams, by: string): void {
    const problems = this.space.problems(params)
    if (problems.length === 0 && (this.space.constraints.length === 0 || this.space.violation(params) <= 0)) return
    const what = problems.length > 0 ? problems.join('; ') : 'they violate a constraint of the space'
    throw new AttuneError('INVALID_SUGGESTION', `"${by}" suggested parameters that the space does not allow: ${what}. This is an error of that plugin.`, { details: { by, params, problems } })
  }

  #checkNote(note: unknown): void {
    const size = JSON.stringify(note).length
    if (size > noteLimit) throw new AttuneError('INVALID_SUGGESTION', `"${this.#samplerFactory.id}" attached a note of ${size} characters to its suggestion: at most ${noteLimit} are kept.`)
  }
}
