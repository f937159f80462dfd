import type { Artifact } from '../contracts/artifact.ts'
import type { Clock } from '../contracts/clock.ts'
import type { EvaluateContext, Evaluator } from '../contracts/evaluator.ts'
import type { Execution, Executor } from '../contracts/executor.ts'
import type { Report, Trainer, TrainingResult } from '../contracts/trainer.ts'
import type { Failure, TrialRecord } from '../contracts/trial-record.ts'
import type { Awaitable, Metrics } from '../contracts/values.ts'
import { AttuneError, describe } from '../errors.ts'
import type { StudyEngine } from './engine.ts'
import { within } from './within.ts'
import { checkMetrics } from './metrics.ts'
import { failureOf, type Trial } from './trial.ts'

/** What a function under optimisation may answer: a number, metrics, or nothing if it reported steps. */
export type ObjectiveResult = number | Metrics | undefined | void

/** Code under optimisation: a function, an async function or an async generator of reports. If it answers an artefact, its metrics are those that it reported. */
export type ObjectiveFunction<P> = (trial: Trial<P>) => Awaitable<ObjectiveResult | Artifact> | AsyncGenerator<Report, TrainingResult, void>

export interface RunOptions {
  readonly executor: Executor
  readonly evaluators: readonly Evaluator[]
  readonly trialTimeout: number | undefined
  readonly grace: number
  readonly checkpointEvery: number
  /** True if this failure is worth another attempt, after the earlier ones. */
  retries(failure: Failure, earlier: TrialRecord['earlierFailures']): boolean
  /** Waits for the exclusive slot of evaluators that measure time. */
  exclusively<T>(work: () => Promise<T>): Promise<T>
  /** True where no other trial computes while the slot is taken. */
  readonly slotIsAlone: boolean
  /** True where trials run one after the other. */
  readonly oneAtATime: boolean
}

/** How a trial ended here; `error` is what user code threw. */
export interface Ended {
  readonly state: 'complete' | 'pruned' | 'paused' | 'failed' | 'requeued'
  readonly failure?: Failure
  readonly error?: unknown
}

const stopped = Symbol('stopped')
type Stopped = typeof stopped

function isTrainer(objective: unknown): objective is Trainer {
  return typeof objective === 'object' && objective !== null && 'train' in objective
}

function isGenerator(value: unknown): value is AsyncGenerator<Report, TrainingResult, void> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value
}

/** An artefact can answer its bytes; anything else that a training returns is its result. */
function isArtifact(value: unknown): value is Artifact {
  return typeof value === 'object' && value !== null && typeof (value as { readonly bytes?: unknown }).bytes === 'function'
}

/** How long a trial that was told to stop may still take: the grace period begins when it is first waited for. */
class Patience {
  readonly #clock: Clock
  readonly #grace: number
  #since: number | undefined

  constructor(clock: Clock, grace: number) {
    this.#clock = clock
    this.#grace = grace
  }

  /** Milliseconds. */
  get left(): number {
    const now = this.#clock.now()
    this.#since ??= now
    return Math.max(0, this.#grace - (now - this.#since))
  }
}

/** Runs one trial to its end. Rejects only for errors of ours or of the storage; what user code throws is a failed trial. */
export async function runTrial<P>(engine: StudyEngine, trial: Trial<P>, objective: ObjectiveFunction<P> | Trainer<P>, options: RunOptions): Promise<Ended> {
  const cancelTimeout = options.trialTimeout === undefined ? undefined : stopAfter(engine, trial, options.trialTimeout, () => execution?.heldFor?.() ?? 0)
  const patience = new Patience(engine.clock, options.grace)
  let execution: Execution | undefined
  try {
    if (isTrainer(objective)) execution = options.executor.run(objective, trial)
    const running = execution === undefined ? (objective as ObjectiveFunction<P>)(trial) : execution.reports
    let result: unknown
    if (isGenerator(running)) result = await drive(engine, trial, running, patience, options)
    else {
      result = typeof running === 'object' && running !== null && 'then' in running ? await patiently(engine, trial, running as PromiseLike<unknown>, patience) : running
      // Reports that nobody awaited belong to the result.
      if (result !== stopped && trial.reporting !== undefined) await patiently(engine, trial, trial.reporting, patience)
    }
    if (result !== stopped) {
      const artifact = isArtifact(result) ? result : undefined
      const more = trial.stopReason === undefined && artifact !== undefined && options.evaluators.length > 0 ? await evaluate(engine, trial, artifact, patience, options) : undefined
      if (trial.stopReason === undefined) return await completed(engine, trial, artifact === undefined ? result : undefined, more, artifact, patience, options)
    }
  } catch (error) {
    if (engine.access.hasFailedWith(error)) throw error // Not of the trial's making, and it can be run again.
    if (trial.stopReason === undefined) return await failed(engine, trial, failureOf(error), options, error)
  } finally {
    cancelTimeout?.()
    if (execution !== undefined) await endExecution(engine, trial, execution, options.grace)
  }
  return ended(engine, trial, options)
}

/** Milliseconds between two looks at a trial that was held while its time ran out. */
const lookInterval = 100

/** Stops the trial once it has had its time: that for which it was held is added. */
function stopAfter(engine: StudyEngine, trial: Trial, time: number, heldFor: () => number): () => void {
  let granted = 0
  const timeIsOver = (): void => {
    const more = heldFor() - granted
    if (more <= 0) return trial.stop('timeout')
    granted += more
    cancel = engine.clock.schedule(Math.max(more, lookInterval), timeIsOver, true)
  }
  let cancel = engine.clock.schedule(time, timeIsOver, true)
  return () => cancel()
}

/** Frees the slot before the trial's end is stored or after: either way nothing runs any more for a trial that has ended. */
async function endExecution(engine: StudyEngine, trial: Trial, execution: Execution, grace: number): Promise<void> {
  try {
    if (!(await within(engine.clock, grace, () => execution.end(), true))) engine.warn('study', `What ran trial ${trial.number} was not free within ${grace} ms.`, trial.number)
  } catch (error) {
    engine.warn('study', `What ran trial ${trial.number} could not be freed: ${describe(error)}`, trial.number)
  }
}

async function completed(engine: StudyEngine, trial: Trial, result: unknown, more: Metrics | undefined, artifact: Artifact | undefined, patience: Patience, options: RunOptions): Promise<Ended> {
  let requeued = false
  // Only for a failure: a snapshot of each trial before its end would be a copy of each.
  const outcome = await engine.complete(trial, result, more, (failure) => (requeued = options.retries(failure, engine.history.trial(trial.number).earlierFailures)))
  if (outcome.state === 'failed') return { state: requeued ? 'requeued' : 'failed', failure: outcome.failure }
  if (artifact !== undefined && engine.kept.wants(trial.number)) await patiently(engine, trial, engine.kept.keepModel(trial.number, artifact), patience)
  return { state: 'complete' }
}

async function failed(engine: StudyEngine, trial: Trial, failure: Failure, options: RunOptions, error?: unknown): Promise<Ended> {
  const requeue = options.retries(failure, engine.history.trial(trial.number).earlierFailures)
  await engine.fail(trial, failure, requeue)
  return { state: requeue ? 'requeued' : 'failed', failure, error }
}

/** Ends a trial that was asked to end. */
async function ended(engine: StudyEngine, trial: Trial, options: RunOptions): Promise<Ended> {
  switch (trial.stopReason) {
    case 'pruned':
      await engine.prune(trial)
      return { state: 'pruned' }
    case 'paused':
      await engine.pause(trial)
      return { state: 'paused' }
    case 'timeout':
      return failed(engine, trial, { reason: 'timeout', message: `The trial took longer than ${options.trialTimeout} ms.` }, options)
    case 'aborted':
      await engine.fail(trial, { reason: 'aborted', message: 'The study was stopped while the trial ran.' }, true)
      return { state: 'requeued' }
    default: // Lost: somebody else runs it now.
      await engine.abandon(trial)
      return { state: 'requeued' }
  }
}

/** The value of a promise, unless the trial is asked to end and the promise outlasts the grace period. */
async function patiently<T>(engine: StudyEngine, trial: Trial, work: PromiseLike<T>, patience: Patience): Promise<T | Stopped> {
  const settled = Promise.resolve(work)
  const first = await Promise.race([settled, trial.stopped().then((): Stopped => stopped)])
  if (first !== stopped) return first
  // What comes later than this is ignored, rejections included.
  if (!(await within(engine.clock, patience.left, () => settled.then(() => undefined, () => undefined), true))) trial.busy = true
  return stopped
}

async function drive(engine: StudyEngine, trial: Trial, generator: AsyncGenerator<Report, TrainingResult, void>, patience: Patience, options: RunOptions): Promise<TrainingResult> {
  let reports = 0
  try {
    for (;;) {
      const next = await patiently(engine, trial, generator.next(), patience)
      if (next === stopped) return undefined
      if (next.done === true) return next.value
      const report = next.value as unknown
      if (typeof report !== 'object' || report === null) throw new AttuneError('INVALID_METRIC', `The training yielded ${String(report)}: yield reports, as in { step: 1, loss: 0.5 }.`)
      if ((await patiently(engine, trial, engine.report(trial, report as Report, ++reports % options.checkpointEvery === 0), patience)) !== 'continue') return undefined
    }
  } finally {
    // Lets `finally` blocks run. A generator that is still busy has had its time: it ends when it gets there.
    const end = async (): Promise<void> => {
      try {
        await generator.return(undefined)
      } catch (error) {
        engine.warn('study', `The clean-up of trial ${trial.number} failed: ${describe(error)}`, trial.number)
      }
    }
    const over = trial.busy ? (void end(), false) : await within(engine.clock, trial.stopReason === undefined ? options.grace : patience.left, end, true)
    if (!over) engine.warn('study', `Trial ${trial.number} did not end within ${options.grace} ms after it was stopped: what it still does is ignored.`, trial.number)
  }
}

async function evaluate(engine: StudyEngine, trial: Trial, artifact: Artifact, patience: Patience, options: RunOptions): Promise<Metrics> {
  const metrics: { [metric: string]: number } = {}
  for (const evaluator of options.evaluators) {
    const alone = options.oneAtATime || (evaluator.exclusive && options.slotIsAlone)
    const context: EvaluateContext = { number: trial.number, params: trial.params, alone, signal: trial.signal, warn: (message) => trial.warn(message), setAttribute: (key, value) => trial.setAttribute(key, value) }
    const work = async (): Promise<Metrics> => (trial.stopReason === undefined ? evaluator.evaluate(artifact, context) : {})
    const found = await patiently(engine, trial, evaluator.exclusive ? options.exclusively(work) : work(), patience)
    if (found === stopped) break
    Object.assign(metrics, checkMetrics(found, engine.history.definition))
  }
  return metrics
}
