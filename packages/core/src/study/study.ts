import type { ArtifactOptions } from '../contracts/artifact.ts'
import type { StudyEvent } from '../contracts/event.ts'
import type { Executor } from '../contracts/executor.ts'
import type { Explanation } from '../contracts/explanation.ts'
import type { Storage, StudyDefinition, StudySummary } from '../contracts/storage.ts'
import type { Trainer } from '../contracts/trainer.ts'
import type { ArtifactReference, CompleteTrial, FailureReason, StoredArtifact, TrialRecord, TrialState } from '../contracts/trial-record.ts'
import type { Awaitable, FlatParams, Json, Metrics } from '../contracts/values.ts'
import { AttuneError, isAttuneError } from '../errors.ts'
import type { StudyHistory } from '../history/study-history.ts'
import { storedArtifact } from '../history/trial-entry.ts'
import { Space } from '../space/space.ts'
import type { Params, SpaceInput } from '../space/types.ts'
import { addMetrics, editTrial, rename, restoreTrial, signed, voidTrial, type CorrectionOptions } from './corrections/corrections.ts'
import { correctionsOf, type HistoryEntry } from './corrections/history.ts'
import { merge, type MergeOptions, type MergeResult } from './corrections/merge.ts'
import { extendSpace, type ExtendOptions } from './corrections/space.ts'
import type { StudyEngine } from './engine.ts'
import { explain } from './explain.ts'
import type { StudyLoggers } from './study-loggers.ts'
import type { Worker } from './neighbours.ts'
import { flattenOpen } from './flatten-open.ts'
import type { TrialArtifact } from './artifacts/kept-artifacts.ts'
import { checkMetrics, list, metricsFailure } from './metrics.ts'
import type { OptimizeOptions, OptimizeResult } from './options.ts'
import { optimize } from './optimize.ts'
import { paretoFront } from './pareto.ts'
import type { ObjectiveFunction } from './run-trial.ts'
import { checkNumber } from './stop-rules.ts'
import { tableOf, type TableRow } from './table.ts'
import type { AskLimits } from './trial-source.ts'
import { failureOf, Trial } from './trial.ts'
import { within } from './within.ts'

const flushDeadline = 10_000
const closeDeadline = 30_000

/** What a study is made of, once it is opened. Made by `createStudy`. */
export interface StudyParts {
  readonly engine: StudyEngine
  readonly executor: Executor
  readonly storage: Storage
  readonly ownsStorage: boolean
  readonly loggers: StudyLoggers
  /** True if the history tells that this process opened the study, and so is to tell that it closed it. */
  readonly announced: boolean
}

/**
 * A study: a search space, what to improve, and every trial so far. Longer than other files: all that a user may do with a study
 * stands in one place, each in a few lines; what is done is elsewhere.
 * @typeParam P nested parameters, inferred from the space.
 * @typeParam M names of metrics, if they are declared.
 */
export class Study<P = unknown, M extends string = string> {
  readonly #engine: StudyEngine
  readonly #parts: StudyParts
  #stopping = new AbortController()
  /** The run under way. */
  #run: Promise<OptimizeResult> | undefined
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined
  /** How many trials are being asked for by hand, and who waits until none is. */
  #asking = 0
  #askedAll: (() => void) | undefined
  /** Asking by hand is bound by nothing. */
  readonly #noLimits: AskLimits = { mayCreate: () => true, running: () => this.columns.counts.running }
  /** Started with the first trial: a study that is only looked at deletes nothing. */
  #collecting: Promise<void> | undefined

  /** @internal Use `createStudy`. */
  constructor(parts: StudyParts) {
    this.#parts = parts
    this.#engine = parts.engine
  }

  get name(): string {
    return this.definition.name
  }

  get definition(): StudyDefinition {
    return this.columns.definition
  }

  /** The space; one defined by running grows. */
  get space(): Space<P> {
    return this.columns.space as Space<P>
  }

  /** The columnar view that samplers read. */
  get columns(): StudyHistory {
    return this.#engine.history
  }

  /** Number of trials in each state; void ones are not counted among those that ended. */
  get counts(): { readonly [state in TrialState]: number } {
    return { ...this.columns.counts }
  }

  get summary(): StudySummary {
    return this.#engine.access.summary()
  }

  /**
   * Runs trials until a stop rule holds. Resolves with the reason. A failing trial is recorded; the run itself
   * rejects with OBJECTIVE_FAILS when the first three fail alike, and with what storages or samplers throw. Throws OPTION,
   * CONCURRENCY, STUDY_RUNNING and STUDY_CLOSED.
   */
  async optimize(objective: ObjectiveFunction<P> | Trainer<P>, options: OptimizeOptions): Promise<OptimizeResult> {
    this.#open()
    if (this.#run !== undefined) throw new AttuneError('STUDY_RUNNING', `Study "${this.name}" runs already: wait for the other optimize, or use "concurrency".`)
    this.#stopping = new AbortController()
    this.#collecting ??= this.#engine.artifacts.collect()
    try {
      this.#run = optimize(this.#engine, this.#parts.executor, objective, options, this.#stopping.signal, this.#closing.signal)
      return await this.#run
    } finally {
      this.#run = undefined
      await this.#parts.loggers.drain(flushDeadline)
    }
  }

  /** Starts no more trials; those that run end as usual. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Starts a trial by hand: run it, then `tell` its result. Rejects with EXHAUSTED when nothing is left to try, with PRUNER_WAITS or SAMPLER_WAITS when the pruner or the sampler waits for trials that run. */
  async ask(): Promise<Trial<P>> {
    this.#open()
    this.#collecting ??= this.#engine.artifacts.collect()
    this.#asking++
    try {
      for (;;) {
        const trial = await this.#engine.ask(this.#closing.signal, this.#noLimits)
        if (trial instanceof Trial) {
          this.#engine.leases.handOut(trial)
          if (!this.#closing.signal.aborted) return trial as Trial<P>
          await this.#putBack(trial)
        }
        this.#open()
        if ('later' in trial) throw trial.later === 'sampler waits' ? new AttuneError('SAMPLER_WAITS', 'The sampler starts nothing until trials that run have ended: tell those that were asked for, then ask again.') : new AttuneError('PRUNER_WAITS', 'The pruner starts nothing until trials that run have ended or are paused: tell those that were asked for, then ask again.')
        if ('nothingLeft' in trial) throw new AttuneError('EXHAUSTED', `Nothing is left to try: ${trial.nothingLeft}.`)
      }
    } finally {
      if (--this.#asking === 0) this.#askedAll?.()
    }
  }

  /**
   * Ends a trial with its result: a number for one objective, else metrics by name. Where the storage fails, it may be told again.
   * Throws INVALID_METRIC, TRIAL_ENDED, TRIAL_STATE, TRIAL_NOT_FOUND, FOREIGN_TRIAL and what the storage throws.
   */
  async tell(trial: Trial<P> | number, result: number | { readonly [metric in M]?: number }): Promise<TrialRecord<P>> {
    const held = this.#held(trial)
    await this.#engine.complete(held, result)
    return this.trial(held.number)
  }

  /** Ends a trial as failed. The error is anything; its message is kept. */
  async fail(trial: Trial<P> | number, error: unknown, reason?: FailureReason): Promise<TrialRecord<P>> {
    const held = this.#held(trial)
    const failure = failureOf(error)
    await this.#engine.fail(held, reason === undefined ? failure : { ...failure, reason })
    return this.trial(held.number)
  }

  /** Ends a trial that was told to stop: as pruned, with the metrics of its last report, or paused where the pruner wants to go on with it later. */
  async prune(trial: Trial<P> | number): Promise<TrialRecord<P>> {
    const held = this.#held(trial)
    await (held.stopReason === 'paused' ? this.#engine.pause(held) : this.#engine.prune(held))
    return this.trial(held.number)
  }

  /**
   * Puts known good parameters first in the queue. Answers the number of the trial: of an earlier one if there is one with the
   * same parameters, so that a script may enqueue at every start; `again` asks for another trial all the same.
   */
  async enqueue(params: P, options: { readonly again?: boolean } = {}): Promise<number> {
    this.#open()
    const flatParams = this.#checked(params)
    const known = options.again === true ? undefined : this.#find(flatParams)
    if (known !== undefined) return known
    const changes = await this.#engine.access.mustWrite([{ type: 'create', origin: 'enqueued', params: flatParams }])
    return (changes[0]!.body as { readonly number: number }).number
  }

  /** Adds a result from elsewhere as a complete trial. Samplers learn from it. */
  async add(trial: { readonly params: P; readonly value: number } | { readonly params: P; readonly metrics: { readonly [metric in M]?: number } }): Promise<TrialRecord<P>> {
    this.#open()
    const metrics = checkMetrics('metrics' in trial ? trial.metrics : { [this.definition.objectives[0]!.metric]: trial.value }, this.definition)
    const failure = metricsFailure(metrics, this.definition)
    if (failure !== undefined) throw new AttuneError('INVALID_METRIC', failure.message)
    const changes = await this.#engine.access.mustWrite([{ type: 'create', origin: 'added', params: this.#checked(trial.params), outcome: { state: 'complete', metrics: { ...metrics } } }])
    return this.trial((changes[0]!.body as { readonly number: number }).number)
  }

  /**
   * Takes a trial out of everything that is learned from and counted: best, samplers, pruners, stop rules. One that waits or is
   * paused never runs. Its record stays, with the reason. Throws TRIAL_STATE for one that runs, TRIAL_NOT_FOUND and OPTION.
   */
  async void(number: number, reason: string, options: CorrectionOptions = {}): Promise<TrialRecord<P>> {
    this.#open()
    await voidTrial(this.#engine.access, number, reason, this.#by(options))
    return this.trial(number)
  }

  /** Takes a void back: all is as if the trial had not been void, save that one which had not ended stays failed. Throws TRIAL_STATE, TRIAL_NOT_FOUND and OPTION. */
  async restore(number: number, note: string, options: CorrectionOptions = {}): Promise<TrialRecord<P>> {
    this.#open()
    await restoreTrial(this.#engine.access, number, note, this.#by(options))
    return this.trial(number)
  }

  /** Changes metrics of a complete or pruned trial, with a note that says why. Throws INVALID_METRIC, TRIAL_STATE, TRIAL_NOT_FOUND and OPTION. */
  async edit(number: number, { metrics }: { readonly metrics: { readonly [metric in M]?: number } }, note: string, options: CorrectionOptions = {}): Promise<TrialRecord<P>> {
    this.#open()
    await editTrial(this.#engine.access, number, metrics as Metrics, note, this.#by(options))
    return this.trial(number)
  }

  /** Adds metrics that were measured after the end of a complete or pruned trial. Throws METRIC_KNOWN for one that it has already, INVALID_METRIC, TRIAL_STATE, TRIAL_NOT_FOUND and OPTION. */
  async addMetrics(number: number, metrics: { readonly [metric in M]?: number }, note?: string, options: CorrectionOptions = {}): Promise<TrialRecord<P>> {
    this.#open()
    await addMetrics(this.#engine.access, number, metrics as Metrics, note, this.#by(options))
    return this.trial(number)
  }

  /** Gives the study another name. Other processes that have it open go on. Throws STUDY_EXISTS if the name is taken, and OPTION. */
  async rename(name: string, options: CorrectionOptions & { readonly note?: string } = {}): Promise<void> {
    this.#open()
    await rename(this.#engine.access, name, signed(this.#engine.owner, options))
  }

  /**
   * Adds the ended trials of another study that has the same space and objectives, with their reports; void ones are left out. Merging
   * again adds what is new since. Where a merge is interrupted, repeat it. Throws STUDIES_DIFFER with the differences, and OPTION.
   */
  async merge(other: Study<never, never> | Study, options: MergeOptions = {}): Promise<MergeResult> {
    this.#open()
    if (typeof other !== 'object' || other === null || !(#engine in other)) throw new AttuneError('OPTION', 'merge takes another study that is open here, as createStudy and loadStudy answer it; mergeStudies takes names.')
    const { access } = (other as Study).#engine
    await access.sync()
    return merge(this.#engine.access, this.#engine.owner, access, options)
  }

  /**
   * Gives the study a larger space: wider bounds, new choices, branches and parameters. Every trial so far must have its place in it;
   * `values` says what they had for new parameters. Answers this study, typed by the new space. Trials that run go on undisturbed.
   * Throws NOT_EXTENSION with what is narrower, UNSUPPORTED if the sampler or pruner cannot work on it, what `space` throws, and OPTION.
   */
  async extendSpace<const S extends SpaceInput>(space: S, options: ExtendOptions = {}): Promise<Study<Params<S>, M>> {
    this.#open()
    const larger: Space<unknown> = space instanceof Space ? space : Space.of(space)
    this.#engine.checkSupported(larger)
    await extendSpace(this.#engine.access, this.#engine.owner, larger, options)
    return this as unknown as Study<Params<S>, M>
  }

  /** Who corrected what, oldest first: voids, edits, late metrics, renamings, extensions of the space, merges, and the copy that the study came from. Reads the whole history from the storage. */
  async history(): Promise<readonly HistoryEntry[]> {
    this.#open()
    return correctionsOf(this.#engine.access)
  }

  /** The complete, feasible trial with the best value. Throws NO_BEST, or SEVERAL_OBJECTIVES. */
  get best(): CompleteTrial<P> {
    if (this.definition.objectives.length > 1) throw new AttuneError('SEVERAL_OBJECTIVES', `Study "${this.name}" has ${this.definition.objectives.length} objectives, so there is no single best trial: use pareto().`)
    if (this.columns.best < 0) {
      const { complete, pruned, failed, paused } = this.columns.counts
      const infeasible = complete > 0 ? ` and none of the complete ones keeps the constraints${this.#unmeasured()}` : ''
      throw new AttuneError('NO_BEST', `Study "${this.name}" has no best trial yet: ${complete} complete, ${pruned} pruned, ${failed} failed${paused > 0 ? `, ${paused} paused` : ''}${infeasible}. ${complete + pruned + failed + paused === 0 ? 'Run optimize first.' : paused > 0 && complete === 0 ? 'The pruner let none go on to its end: give it more time, or higher steps.' : 'study.trials() tells what became of each.'}`)
    }
    return this.trial(this.columns.best) as CompleteTrial<P>
  }

  /** For messages: a metric that is bounded and that no complete trial has, as a misspelt one. */
  #unmeasured(): string {
    const complete = this.trials().filter(({ state }) => state === 'complete')
    const missing = this.definition.constraints.find(({ metric }) => complete.every(({ metrics }) => !Object.hasOwn(metrics, metric)))
    return missing === undefined ? '' : ` (none has the metric "${missing.metric}", which is bounded; the first has ${list(Object.keys(complete[0]!.metrics))})`
  }

  /** Complete, feasible trials that no other one beats in every objective, by number. */
  pareto(): readonly CompleteTrial<P>[] {
    return paretoFront(this.columns).map((number) => this.trial(number) as CompleteTrial<P>)
  }

  /** A snapshot of one trial. Throws TRIAL_NOT_FOUND. */
  trial(number: number): TrialRecord<P> {
    return this.columns.trial(number) as TrialRecord<P>
  }

  /** Why a trial has the parameters that it has, as its sampler told when it suggested them. Throws TRIAL_NOT_FOUND. */
  explain(number: number): Explanation {
    return explain(this.trial(number))
  }

  /** Snapshots of all trials, by number. */
  trials(): readonly TrialRecord<P>[] {
    return Array.from({ length: this.columns.length }, (_, number) => this.trial(number))
  }

  /** One plain row a trial: number, state, objectives and other metrics, then parameters by path (`params.state` where a name is taken). */
  table(): readonly TableRow[] {
    return tableOf(this.trials())
  }

  get attributes(): { readonly [key: string]: Json } {
    return { ...this.columns.attributes }
  }

  /** Keeps plain JSON with the study. Throws NOT_JSON. */
  async setAttribute(key: string, value: Json): Promise<void> {
    this.#open()
    await this.#engine.setAttribute(undefined, key, value)
  }

  /** Calls the listener for everything that happens from here on. Answers a function that ends this. */
  on(listener: (event: StudyEvent<P>) => void): () => void {
    if (typeof listener !== 'function') throw new AttuneError('OPTION', "on takes one function, which is called with every event: study.on((event) => { if (event.type === 'trial.completed') … }).")
    return this.#engine.access.subscribe(listener as (event: StudyEvent) => void)
  }

  /** Everything that happened so far, from the beginning. */
  async *events(): AsyncGenerator<StudyEvent<P>, void, void> {
    for await (const { events } of this.#engine.access.replay(0)) yield* events as readonly StudyEvent<P>[]
  }

  /** The processes that work on this study or did, in the order in which they came. */
  async workers(): Promise<readonly Worker[]> {
    await this.refresh()
    return this.#engine.neighbours.workers()
  }

  /** Takes in what other processes have written. */
  async refresh(): Promise<void> {
    this.#open()
    await this.#engine.access.sync()
    await this.#parts.loggers.look()
  }

  /** The `count` best trials whose artefact of that name, by default the model that the training returned, can still be read; best first, with several objectives the Pareto front first. */
  async bestArtifacts(count: number, name = 'model'): Promise<readonly TrialArtifact<P>[]> {
    checkNumber('count', count, 0, true)
    return (await this.#engine.kept.best(count, name)) as readonly TrialArtifact<P>[]
  }

  /** Reads an artefact of the study itself; undefined if there is none of that name, or its bytes are lost. Those of trials: `study.best.artifact()`. */
  async artifact(name: string): Promise<StoredArtifact | undefined> {
    const { artifacts } = this.columns
    const reference = Object.hasOwn(artifacts, name) ? artifacts[name] : undefined
    return reference === undefined ? undefined : storedArtifact(reference, await this.#engine.artifacts.get(reference.hash))
  }

  /** Artefacts of the study itself, by name. */
  get artifacts(): { readonly [name: string]: ArtifactReference } {
    return this.columns.artifacts
  }

  /**
   * Keeps bytes with the study, or with a trial, under a name; bytes that had it are replaced. They stay until they are removed; only the name `model` of
   * a trial follows the option `keep`. Throws ARTIFACT_NAME, OPTION, NO_ARTIFACT_STORE, NOT_JSON, TRIAL_NOT_FOUND, ARTIFACT_STORE_FULL, ARTIFACT_TOO_LARGE.
   */
  async setArtifact(name: string, bytes: Uint8Array, options: ArtifactOptions & { readonly trial?: number } = {}): Promise<void> {
    this.#open()
    await this.#engine.setArtifact(options.trial, name, bytes, options)
  }

  /** Forgets an artefact of the study, or of a trial. Its bytes go if nothing else refers to them. */
  async removeArtifact(name: string, options: { readonly trial?: number } = {}): Promise<void> {
    this.#open()
    await this.#engine.kept.remove(options.trial, name)
  }

  /** Says something that the user should know: a warning event. Each message once. */
  warn(source: string, message: string): void {
    this.#engine.warn(source, message)
  }

  /** Flushes the loggers and frees everything. Trials that were asked for and not told become free for others. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed ??= this.#close()
    await this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Bounded, and complete whatever fails on the way. Throws the first of the errors at the end. */
  async #close(): Promise<void> {
    this.#closing.abort()
    const { engine, loggers, executor, storage, ownsStorage, announced } = this.#parts
    const errors: unknown[] = []
    const attempt = async (step: () => unknown): Promise<void> => {
      try {
        await step()
      } catch (error) {
        // Told at the very moment; or the study was deleted, and there is nothing to put back.
        if (!isAttuneError(error, 'TRIAL_ENDED') && !isAttuneError(error, 'STUDY_NOT_FOUND')) errors.push(error)
      }
    }
    const steps: (() => unknown)[] = [
      () => this.#run?.then(undefined, () => undefined), // What ended it is told to whoever started it.
      // All at once: where the storage is locked, they wait once.
      () => Promise.all(engine.leases.all().map((trial) => attempt(() => this.#putBack(trial)))),
      // Those that were on their way when the study was closed put themselves back.
      () => this.#inTime('Asking for a trial', () => (this.#asking === 0 ? undefined : new Promise<void>((resolve) => (this.#askedAll = resolve)))),
      () => (this.#collecting === undefined ? undefined : this.#inTime('Deleting artefacts', () => this.#collect())),
      () => loggers.close(flushDeadline), // Before the history says that this session has ended, and the next one has its turn.
      () => this.#inTime('The executor', () => executor.close()),
      () => this.#inTime('The thread that renews leases', () => engine.leases.close()),
      () => engine.warnings.stored(),
      () => (announced ? engine.access.mustWrite([{ type: 'session', owner: engine.owner, phase: 'closed', session: engine.access.session }]) : undefined),
      () => (ownsStorage ? storage.close() : undefined),
    ]
    for (const step of steps) await attempt(step)
    if (errors.length > 0) throw errors[0] as Error // Whatever was thrown goes on as it was.
  }

  async #collect(): Promise<void> {
    const { kept, artifacts } = this.#engine
    await this.#collecting
    await kept.retain()
    await artifacts.collect()
  }

  /** Waits for a part to end, but not for ever: what is left of it must not keep the study from closing. */
  async #inTime(what: string, end: () => Awaitable<void>): Promise<void> {
    if (!(await within(this.#engine.clock, closeDeadline, end, true))) this.#engine.warn('study', `${what} did not end within ${closeDeadline} ms.`)
  }

  /** Frees a trial that will not be told. */
  async #putBack(trial: Trial): Promise<void> {
    const { leases } = this.#engine
    trial.stop('aborted')
    if (leases.get(trial.number) === trial) await this.#engine.fail(trial, { reason: 'aborted', message: 'The study was closed before the trial was told.' }, true).finally(() => leases.giveUp(trial))
  }

  #by(options: CorrectionOptions): string {
    return signed(this.#engine.owner, options).by
  }

  #open(): void {
    if (this.#closed !== undefined) throw new AttuneError('STUDY_CLOSED', `Study "${this.name}" is closed: open it again with createStudy.`)
  }

  #held(trial: Trial<P> | number): Trial {
    this.#open()
    if (typeof trial !== 'number' && typeof (trial as { readonly number?: unknown } | undefined)?.number !== 'number') throw new AttuneError('TRIAL_NOT_FOUND', 'Give the trial that `await study.ask()` answered, or its number.')
    const number = typeof trial === 'number' ? trial : trial.number
    const held = this.#engine.leases.get(number)
    if (held !== undefined && (typeof trial === 'number' || held === (trial as Trial))) return held
    if (typeof trial !== 'number' && !(trial as Trial).isOf(this.#engine)) throw new AttuneError('FOREIGN_TRIAL', `Trial ${number} was asked from another study: tell it there.`)
    const { state } = this.columns.trial(number)
    if (typeof trial !== 'number' && trial.ending && state === 'running') throw new AttuneError('TRIAL_ENDED', `Trial ${number} is told already: a trial is told once.`, { details: { number, state } })
    if (state === 'running' || state === 'waiting' || state === 'paused') throw new AttuneError('TRIAL_STATE', `Trial ${number} is ${state} but not held here: it was asked in another process, or not yet.`)
    throw new AttuneError('TRIAL_ENDED', `Trial ${number} is ${state} already: a trial is told once.`, { details: { number, state } })
  }

  #checked(params: P): FlatParams {
    const flatParams = this.#engine.dynamic ? flattenOpen(params) : this.space.flatten(params)
    if (this.space.violation(flatParams) > 0) throw new AttuneError('PARAMS', `These parameters violate a constraint of the space: ${JSON.stringify(params)}. Choose others, or loosen the constraint.`, { details: { params } })
    return { ...flatParams }
  }

  #find(flatParams: FlatParams): number | undefined {
    const paths = Object.keys(flatParams)
    for (let number = 0; number < this.columns.length; number++) {
      const params = this.columns.params(number)
      if (Object.keys(params).length === paths.length && paths.every((path) => params[path] === flatParams[path]) && this.trial(number).voided === undefined) return number
    }
    return undefined
  }
}
