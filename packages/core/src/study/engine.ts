import type { RandomSource } from '../container/tokens.ts'
import type { ArtifactOptions, ArtifactStore } from '../contracts/artifact.ts'
import type { ChangeBody, Operation, Outcome } from '../contracts/change.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Host } from '../contracts/host.ts'
import type { PrunerFactory } from '../contracts/pruner.ts'
import type { Random } from '../contracts/random.ts'
import type { Problem, SamplerFactory } from '../contracts/sampler.ts'
import type { Report } from '../contracts/trainer.ts'
import type { Failure } from '../contracts/trial-record.ts'
import type { FlatParams, Json, Metrics } from '../contracts/values.ts'
import { AttuneError, describe, isAttuneError } from '../errors.ts'
import { failpoint } from '../failpoint.ts'
import type { StudyHistory } from '../history/study-history.ts'
import { copyJson } from '../json.ts'
import type { Space } from '../space/space.ts'
import { Checkpoints } from './artifacts/checkpoints.ts'
import type { Keep } from './artifacts/keep.ts'
import { KeptArtifacts } from './artifacts/kept-artifacts.ts'
import { StudyArtifacts } from './artifacts/study-artifacts.ts'
import { Duplicates } from './duplicates.ts'
import { Judge } from './judge.ts'
import { Leases } from './leases.ts'
import { finalMetrics, metricsFailure, metricsOfResult } from './metrics.ts'
import { Neighbours } from './neighbours.ts'
import type { DuplicatePolicy } from './options.ts'
import { Reporting } from './reporting.ts'
import type { StudyAccess } from './study-access.ts'
import { Suggestions } from './suggestions.ts'
import { TrialSource, type Asked, type AskLimits } from './trial-source.ts'
import type { Trial, TrialRuntime } from './trial.ts'
import { Warnings } from './warnings.ts'

export interface EngineParts {
  readonly access: StudyAccess
  readonly clock: Clock
  readonly host: Host
  readonly random: RandomSource
  readonly sampler: SamplerFactory
  readonly pruner: PrunerFactory
  readonly artifacts: ArtifactStore | undefined
  readonly keep: Keep
  readonly duplicates: DuplicatePolicy
  /** Milliseconds. */
  readonly lease: number
  readonly persistent: boolean
}

/**
 * What a study does with one trial at a time: ask, report, judge, tell. Knows nothing of loops and user code.
 */
export class StudyEngine implements TrialRuntime {
  readonly access: StudyAccess
  readonly clock: Clock
  readonly random: Random
  readonly dynamic: boolean
  readonly warnings: Warnings
  readonly artifacts: StudyArtifacts
  readonly checkpoints: Checkpoints
  readonly kept: KeptArtifacts
  /** The trials that run in this process. */
  readonly leases: Leases
  readonly owner: string
  /** Milliseconds. */
  readonly lease: number
  readonly #plugins: readonly [SamplerFactory, PrunerFactory]
  /** The other processes that work on the study. */
  readonly neighbours: Neighbours
  readonly #reporting: Reporting
  readonly #judge: Judge
  readonly #source: TrialSource

  get name(): string {
    return this.access.history.definition.name
  }

  constructor(parts: EngineParts) {
    const { access, clock, host } = parts
    this.access = access
    this.clock = clock
    this.random = parts.random(access.history.definition.seed)
    this.dynamic = access.history.definition.space === null
    this.owner = host.identity
    this.warnings = new Warnings(access)
    this.artifacts = new StudyArtifacts({ store: parts.artifacts, access, warnings: this.warnings, owner: this.owner, workers: () => this.neighbours.workers() })
    this.checkpoints = new Checkpoints(this.artifacts, this.warnings)
    this.kept = new KeptArtifacts(this.artifacts, access, parts.keep, this.warnings)
    if (parts.artifacts !== undefined) access.history.readArtifact = (hash) => this.artifacts.get(hash)
    this.leases = new Leases({ access, clock, owner: this.owner, length: parts.lease, persistent: parts.persistent, warnings: this.warnings })
    this.lease = parts.lease
    this.#plugins = [parts.sampler, parts.pruner]
    this.#judge = new Judge(parts.pruner, this.problemFor(parts.pruner.id), this.warnings)
    access.history.references.limitForks(parts.keep.checkpoints)
    if (this.#judge.schedules) access.history.references.keepForForks()
    this.#reporting = new Reporting({ access, artifacts: this.artifacts, checkpoints: this.checkpoints, judge: this.#judge, leases: this.leases, random: this.random, warnings: this.warnings })
    this.neighbours = new Neighbours({ access, clock, host, leases: this.leases, lease: parts.lease })
    const suggestions = new Suggestions(parts.sampler, this.problemFor(parts.sampler.id), access.history)
    const duplicates = parts.duplicates === 'allow' ? undefined : new Duplicates(access.history)
    this.#source = new TrialSource({ runtime: this, access, leases: this.leases, checkpoints: this.checkpoints, judge: this.#judge, suggestions, duplicates, policy: parts.duplicates, warnings: this.warnings })
    if (suggestions.observes || duplicates !== undefined) {
      access.onEnd = (trial) => {
        duplicates?.add(trial)
        suggestions.observe(trial)
      }
    }
    access.onAmend = (body) => {
      duplicates?.forget()
      suggestions.forget()
      this.#judge.forget()
      if (body.type === 'revise' && !access.known.has(body.fingerprint)) this.#warnOfSpace(body)
    }
    access.onListenerError = (error) => this.warnings.tell('study', `A listener of events has failed, the study goes on: ${describe(error)}`)
  }

  get history(): StudyHistory {
    return this.access.history
  }

  get space(): Space<unknown> {
    return this.history.space
  }

  get objectives(): Problem['objectives'] {
    return this.history.definition.objectives
  }

  get constraints(): Problem['constraints'] {
    return this.history.definition.constraints
  }

  /** Says something that the user should know. Each message once. */
  warn(source: string, message: string, number?: number): void {
    this.warnings.tell(source, message, number)
  }

  /** What a sampler or pruner of that name is told: its warnings carry the name. */
  problemFor(id: string): Problem {
    const read = <K extends 'space' | 'objectives' | 'constraints'>(key: K): PropertyDescriptor => ({ get: () => this[key], enumerable: true })
    const fixed = { random: this.random, history: this.history, warn: (message: string) => this.warnings.tell(id, message), remark: (message: string) => this.warnings.remark(id, message) }
    return Object.defineProperties(fixed, { space: read('space'), objectives: read('objectives'), constraints: read('constraints') }) as typeof fixed & Problem
  }

  /** Throws NOT_JSON. */
  async setAttribute(number: number | undefined, key: string, value: Json): Promise<void> {
    if (key === '__proto__') throw new AttuneError('NOT_JSON', 'An attribute cannot be named "__proto__": choose another name.')
    const copy = copyJson(value, `The attribute "${key}"`)
    await this.access.mustWrite([number === undefined ? { type: 'attribute', key, value: copy } : { type: 'attribute', number, key, value: copy }])
  }

  /** See `KeptArtifacts`. */
  setArtifact(number: number | undefined, name: string, bytes: Uint8Array, options: ArtifactOptions): Promise<void> {
    return this.kept.set(number, name, bytes, options)
  }

  /** See `TrialSource`. */
  ask(signal: AbortSignal, limits: AskLimits): Promise<Asked> {
    return this.#source.ask(signal, limits)
  }

  /** True if the pruner starts trials itself. */
  get schedules(): boolean {
    return this.#judge.schedules
  }

  /** See `Reporting`. */
  report(trial: Trial, report: Report, checkpoint = true): Promise<'continue' | 'stop'> {
    return this.#reporting.report(trial, report, checkpoint)
  }

  /** Ends a trial with a result: what a function answered, plus the metrics of evaluators. Throws INVALID_METRIC, TRIAL_ENDED. */
  async complete(trial: Trial, result: unknown, more?: Metrics, retries: (failure: Failure) => boolean = () => false): Promise<Outcome> {
    if (trial.reporting !== undefined) await trial.reporting
    const { definition } = this.history
    const reports = this.history.reports(trial.number)
    const answer = metricsOfResult(result, definition, reports.length > 0 || more !== undefined)
    const metrics = finalMetrics(more === undefined ? answer : { ...answer, ...more }, reports, definition)
    const failure = metricsFailure(metrics, definition)
    if (failure === undefined) return this.#finish(trial, { state: 'complete', metrics })
    const good = reports.findLast((report) => definition.objectives.every(({ metric }) => Number.isFinite(report.metrics[metric])))
    const described = good === undefined ? failure : { ...failure, message: `${failure.message} The last good report was at step ${good.step}: ${JSON.stringify(good.metrics)}.` }
    return this.fail(trial, described, retries(described))
  }

  async prune(trial: Trial): Promise<Outcome> {
    const reports = this.history.reports(trial.number)
    return this.#finish(trial, { state: 'pruned', metrics: finalMetrics({}, reports, this.history.definition) })
  }

  /** Ends a trial as failed; `requeue` puts it back among the waiting. */
  async fail(trial: Trial, failure: Failure, requeue = false): Promise<Outcome> {
    return this.#finish(trial, { state: 'failed', failure, metrics: this.history.reports(trial.number).at(-1)?.metrics ?? {} }, requeue)
  }

  /** Keeps the checkpoint and frees the slot: the pruner may promote the trial later. */
  async pause(trial: Trial): Promise<void> {
    failpoint('engine.before-pause')
    const result = await this.access.write([{ type: 'pause', number: trial.number, token: trial.token }])
    this.leases.release(trial)
    if (!result.ok) await this.#discarded(trial, result.refusal.message)
  }

  /** Lets go of a trial that somebody else has taken over. */
  async abandon(trial: Trial): Promise<void> {
    this.leases.release(trial)
    await this.#discarded(trial, 'Its lease had ended, and it was given to others.')
  }

  /** Throws UNSUPPORTED if the sampler or pruner of this process cannot work on a space. What else they throw will be told when they are used. */
  checkSupported(space: Space<unknown>): void {
    for (const plugin of this.#plugins) {
      try {
        plugin.create(Object.create(this.problemFor(plugin.id), { space: { value: space } }) as Problem)
      } catch (error) {
        if (isAttuneError(error, 'UNSUPPORTED')) throw error
      }
    }
  }

  /** Only for a process that may run trials: one that just reads has no program that could be too old. */
  #warnOfSpace({ by, note, values }: Extract<ChangeBody, { type: 'revise' }>): void {
    if (!Array.from(this.history.workers.all()).some(({ owner, open }) => owner === this.owner && open > 0)) return
    const added = Object.keys(values)
    const risk = added.length === 0 ? 'its values may be beyond those that the program knows' : `its program was written without ${added.map((path) => `"${path}"`).join(', ')}`
    this.warn('study', `${by} has extended the space${note === undefined ? '' : ` (${note})`}. The process ${this.owner} goes on with the new space, but ${risk}: start it again with a program that knows it.`)
  }

  /** If the storage fails, the trial stays held, so that the same end can be told again: its request id makes it one. */
  async #finish(trial: Trial, outcome: Outcome, requeue = false): Promise<Outcome> {
    const { number, token } = trial
    if (this.leases.get(number) !== trial && !trial.ending) {
      // Never told, and held no more: another lane has run the next attempt, or does.
      await this.#discarded(trial, 'Its lease had ended, and it was started again.')
      return outcome
    }
    if (trial.ending) throw new AttuneError('TRIAL_ENDED', `Trial ${number} has ended already: a trial is told once.`, { details: { number } })
    trial.ending = true
    const end: { -readonly [K in keyof Extract<Operation, { type: 'finish' }>]: Extract<Operation, { type: 'finish' }>[K] } = { type: 'finish', number, token, outcome }
    if (requeue) end.requeue = true
    let result
    try {
      const clash = trial.clash()
      if (clash !== undefined) return await this.#refusedLeaf(trial, clash)
      const { met } = trial
      if (met !== undefined) end.params = requeue ? { ...trial.flatParams, ...met.params } : met.params
      const answer = this.access.write(met === undefined ? [end] : [...met.extensions, end], `${token}.end`)
      result = answer instanceof Promise ? await answer : answer
      if (!result.ok && result.refusal.reason === 'state' && met !== undefined && met.extensions.length > 0) return await this.#refusedLeaf(trial, result.refusal.message)
    } catch (error) {
      trial.ending = false
      throw error
    }
    failpoint('engine.after-finish')
    this.leases.release(trial)
    if (!result.ok) await this.#discarded(trial, result.refusal.message)
    // The trial is over: nobody goes on from its checkpoints any more, unless the pruner forks.
    if (this.artifacts.untidy) await this.artifacts.tidy()
    return outcome
  }

  /** A trial that ran at the same time gave a leaf another definition, and was first. */
  async #refusedLeaf(trial: Trial, message: string): Promise<Outcome> {
    const outcome = { state: 'failed', failure: { reason: 'error', message: `LEAF_CHANGED: ${message}` } } as const
    const result = await this.access.write([{ type: 'finish', number: trial.number, token: trial.token, outcome }])
    this.leases.release(trial)
    if (!result.ok) await this.#discarded(trial, result.refusal.message)
    return outcome
  }

  async #discarded(trial: Trial, why: string): Promise<void> {
    this.warnings.tell('study', `The result of trial ${trial.number} came too late and is not kept. ${why}`, trial.number)
    await this.access.sync()
  }

  nest(flatParams: FlatParams): unknown {
    return this.history.space.nest(this.history.completed(flatParams))
  }
}
