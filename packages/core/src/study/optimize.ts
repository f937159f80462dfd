import type { Executor } from '../contracts/executor.ts'
import type { Trainer } from '../contracts/trainer.ts'
import type { Failure, FailureReason } from '../contracts/trial-record.ts'
import { AttuneError, describe } from '../errors.ts'
import type { StudyEngine } from './engine.ts'
import { list } from './metrics.ts'
import type { OptimizeOptions, OptimizeResult, RetryPolicy } from './options.ts'
import { didYouMean } from './nearest-name.ts'
import { runTrial, type Ended, type ObjectiveFunction, type RunOptions } from './run-trial.ts'
import { afterTime, anyOf, checkNumber, trialsAreDone, type StopRule } from './stop-rules.ts'
import { Trial } from './trial.ts'

/** Identical errors from the start that end a run: a typing mistake must not cost fifty trials. */
const identicalFailures = 3
/** Failures in a row without any success that end a run, whatever their messages. */
const failuresInARow = 50
const retriedReasons: readonly FailureReason[] = ['error', 'timeout', 'out-of-memory', 'crashed']
/** Milliseconds between two looks at what other processes do: while a lane waits for them, and while they run trials. */
const lookInterval = { waiting: 250, beside: 1000 } as const

const failureReasons: readonly FailureReason[] = ['error', 'timeout', 'out-of-memory', 'invalid-metric', 'aborted', 'lost', 'crashed']
const knownOptions: readonly (keyof OptimizeOptions)[] = ['trials', 'more', 'timeout', 'trialTimeout', 'grace', 'concurrency', 'signal', 'stop', 'evaluators', 'retry', 'checkpointEvery']

function checkOptions(options: OptimizeOptions, trainer: Trainer, executor: Executor): void {
  if (typeof options !== 'object' || options === null) throw new AttuneError('OPTION', 'optimize needs options as its second argument, as in { trials: 100 }.')
  for (const key of Object.keys(options)) if (!(knownOptions as readonly string[]).includes(key)) throw new AttuneError('OPTION', `optimize does not know the option "${key}".${didYouMean(key, knownOptions)}`)
  const { trials, more, timeout, trialTimeout, grace, concurrency, checkpointEvery, retry } = options
  if (trials !== undefined) checkNumber('trials', trials, 0, true)
  if (more !== undefined) checkNumber('more', more, 0, true)
  if (trials !== undefined && more !== undefined) throw new AttuneError('OPTION', '"trials" is the total the study should have and "more" what to add to it: give one of them.')
  if (timeout !== undefined) checkNumber('timeout', timeout, 0, false)
  if (trialTimeout !== undefined) checkNumber('trialTimeout', trialTimeout, 0, false)
  if (grace !== undefined) checkNumber('grace', grace, 0, false)
  if (concurrency !== undefined) checkNumber('concurrency', concurrency, 1, true)
  if (checkpointEvery !== undefined) checkNumber('checkpointEvery', checkpointEvery, 1, true)
  if (retry !== undefined) checkNumber('retry', typeof retry === 'object' ? retry.times : retry, 0, true)
  for (const reason of typeof retry === 'object' ? (retry.on ?? []) : []) {
    if (!failureReasons.includes(reason)) throw new AttuneError('OPTION', `retry.on knows the reasons ${list(failureReasons)}, not "${String(reason)}".${didYouMean(String(reason), failureReasons)}`)
  }
  const { stop, signal, evaluators } = options as { readonly [name in 'stop' | 'signal' | 'evaluators']?: unknown }
  if (stop !== undefined && !(Array.isArray(stop) ? stop : [stop]).every((rule) => typeof rule === 'function')) throw new AttuneError('OPTION', 'stop must be a rule or an array of them, as in stop: noProgress(50).')
  if (signal !== undefined && (typeof signal !== 'object' || signal === null || !('aborted' in signal))) throw new AttuneError('OPTION', 'signal must be an AbortSignal, as in signal: controller.signal.')
  if (evaluators !== undefined && !Array.isArray(evaluators)) throw new AttuneError('OPTION', 'evaluators must be an array, as in evaluators: [onnxEvaluator({ … })].')
  if (trials === undefined && more === undefined && timeout === undefined && options.signal === undefined && options.stop === undefined) {
    throw new AttuneError('OPTION', 'Nothing would end this run: give "trials", "more", "timeout", "stop" or "signal".')
  }
  const slots = executor.slots(trainer)
  if ((concurrency ?? 1) > slots) {
    throw new AttuneError('CONCURRENCY', `Trainer "${trainer.id}" runs at most ${slots} trial(s) at once in the executor "${executor.id}", but concurrency is ${concurrency}. Lower it, or run the trainer in child processes: fromModule(…) and executor: processes({ slots: ${concurrency} }), of @attune/node.`)
  }
}

/** How executors see a function: it lives in this process, and any number of calls may overlap. */
function functionTrainer(objective: { readonly name: string }): Trainer {
  return {
    specVersion: 'v1',
    id: objective.name === '' ? 'function' : objective.name,
    concurrency: 'shared',
    train: () => {
      throw new AttuneError('OPTION', 'A function of this process is called by the study itself.')
    },
  }
}

function retryRule(retry: number | RetryPolicy | undefined): RunOptions['retries'] {
  const { times, on = retriedReasons } = typeof retry === 'number' ? { times: retry } : (retry ?? { times: 0 })
  // Attempts that were interrupted or lost cost no retry.
  return ({ reason }, earlier) => on.includes(reason) && earlier.filter((failure) => on.includes(failure.reason)).length < times
}

/** Runs one piece of work at a time. */
function exclusiveSlot(): RunOptions['exclusively'] {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }
}

/** Where a failure came from. A result that is no metric has been returned by then, so its stack would show nothing but this library. */
function framesOf({ reason, message, stack }: Failure): string {
  if (stack === undefined || reason === 'invalid-metric') return ''
  const header = stack.indexOf(message)
  return header < 0 ? `\n${stack}` : stack.slice(header + message.length)
}

/** Notices that a run cannot work. */
class FailureWatch {
  #completed = false
  #row = 0
  readonly #first: Failure[] = []

  /** The error that ends the run, if this end of a trial shows one. Attempts that are retried are not the end of a trial. */
  judge(end: Ended): AttuneError | undefined {
    const { failure } = end
    if (end.state === 'complete' || end.state === 'pruned') {
      this.#completed = true
      this.#row = 0
    }
    if (end.state !== 'failed' || failure === undefined) return undefined
    this.#row++
    if (!this.#completed && this.#first.length < identicalFailures) this.#first.push(failure)
    const details = { failure }
    const cause = end.error ?? failure
    if (!this.#completed && this.#first.length === identicalFailures && this.#row === identicalFailures && this.#first.every(({ message, reason }) => message === failure.message && reason === failure.reason)) {
      return new AttuneError('OBJECTIVE_FAILS', `The first ${identicalFailures} trials all failed alike, so the run ends here. ${failure.message}${framesOf(failure)}`, { cause, details })
    }
    if (this.#row >= failuresInARow) return new AttuneError('OBJECTIVE_FAILS', `${this.#row} trials in a row have failed, the last one with: ${failure.message}`, { cause, details })
    return undefined
  }
}

/** The loop: starts trials while the budget lasts, each in one of `concurrency` lanes. */
export async function optimize<P>(engine: StudyEngine, executor: Executor, objective: ObjectiveFunction<P> | Trainer<P>, options: OptimizeOptions, stopRequested: () => boolean, closing: AbortSignal): Promise<OptimizeResult> {
  if (typeof objective !== 'function' && (typeof objective !== 'object' || objective === null || typeof objective.train !== 'function')) {
    throw new AttuneError('OPTION', 'optimize needs a function, an async generator function or a trainer as its first argument.')
  }
  const trainer = typeof objective === 'function' ? functionTrainer(objective) : (objective as Trainer)
  checkOptions(options, trainer, executor)
  const concurrency = options.concurrency ?? executor.concurrency ?? 1
  const { history, clock } = engine
  const evaluators = options.evaluators ?? []
  const { signal } = options
  const begin = clock.now()
  const counts = history.counts
  const goal = options.trials ?? (options.more === undefined ? undefined : counts.complete + counts.pruned + options.more)
  const rules: StopRule[] = options.stop === undefined ? [] : Array.isArray(options.stop) ? [...(options.stop as readonly StopRule[])] : [options.stop as StopRule]
  if (options.timeout !== undefined) rules.unshift(afterTime(options.timeout))
  const rule = anyOf(...rules)
  const runOptions: RunOptions = {
    executor,
    evaluators,
    trialTimeout: options.trialTimeout,
    grace: options.grace ?? 5000,
    checkpointEvery: options.checkpointEvery ?? 1,
    retries: retryRule(options.retry),
    exclusively: executor.exclusively === undefined ? exclusiveSlot() : (work) => executor.exclusively!(work),
  }
  const watch = new FailureWatch()
  const mine = new Set<Trial>()
  let reason: string | undefined
  let error: unknown
  let aborted = false
  let asking = 0
  /** Aborts suggestions under way. */
  const ending = new AbortController()
  /** Lanes that wait because the running trials may complete the total. */
  let waiters: (() => void)[] = []
  const wakeAll = (): void => {
    const woken = waiters
    waiters = []
    for (const wake of woken) wake()
  }

  const abort = (why: string): void => {
    reason ??= why
    aborted = true
    ending.abort()
    for (const trial of mine) trial.stop('aborted')
    wakeAll()
  }
  /** Trials that count towards the goal, if those that run complete. Those of hands in this process may never be told. */
  const underWay = (): number => counts.complete + counts.pruned + counts.running - engine.leases.byHand
  const mayCreate = (): boolean => goal === undefined || underWay() + counts.waiting < goal

  let cancelLook: (() => void) | undefined
  /** What others do is not told to this process: it looks, more often while a lane waits for them. */
  const lookLater = (): void => {
    cancelLook?.()
    const beside = engine.runningElsewhere > 0
    const waiting = beside && waiters.length > 0
    const interval = waiting ? lookInterval.waiting : beside ? lookInterval.beside : Infinity
    cancelLook = clock.schedule(Math.min(interval, engine.lease / 3), () => void look(), waiting)
  }
  const look = async (): Promise<void> => {
    try {
      await engine.lookAround()
    } catch (thrown) {
      engine.warn('study', `What other processes do cannot be seen: ${describe(thrown)}`)
    }
    if (cancelLook === undefined) return
    wakeAll()
    lookLater()
  }

  const onAbort = (): void => abort('it was interrupted')
  const onClosing = (): void => abort('the study was closed')
  let cancelTimeout: (() => void) | undefined

  /** Why no further trial starts, if so. */
  const over = (): string | undefined => {
    if (reason !== undefined) return reason
    if (stopRequested()) return 'stop() was called'
    if (goal !== undefined && counts.complete + counts.pruned >= goal) return trialsAreDone(goal)
    return rule({ history, counts, objectives: history.definition.objectives, endedSinceBest: history.endedSinceBest, elapsed: clock.now() - begin })
  }

  /** Puts a trial back whose end could not be stored. Where that fails too, its lease ends by itself. */
  const letGo = async (trial: Trial): Promise<void> => {
    trial.stop('aborted')
    await engine.fail(trial, { reason: 'aborted', message: 'The run ended with an error before the trial did.' }, true).catch(() => engine.leases.giveUp(trial))
  }

  const lane = async (): Promise<void> => {
    for (;;) {
      if (error !== undefined) return
      const why = over()
      if (why !== undefined) {
        reason ??= why
        return
      }
      // Those that run may complete the total: this lane is not needed, unless one of them fails.
      if (goal !== undefined && underWay() + asking >= goal) {
        const turn = new Promise<void>((resolve) => waiters.push(resolve))
        lookLater()
        await turn
        continue
      }
      asking++
      let trial
      try {
        trial = await engine.ask(ending.signal, mayCreate)
        if (trial instanceof Trial) mine.add(trial)
      } finally {
        asking--
        // The lanes that waited for what this one might get look again.
        wakeAll()
      }
      if ('nothingLeft' in trial) {
        if (mine.size === 0) reason ??= trial.nothingLeft
        return
      }
      if (!(trial instanceof Trial)) continue
      if (aborted) trial.stop('aborted')
      try {
        const problem = watch.judge(await runTrial(engine, trial as Trial<P>, objective, runOptions))
        if (problem !== undefined) error ??= problem
      } catch (thrown) {
        error ??= thrown
        await letGo(trial)
        throw thrown
      } finally {
        mine.delete(trial)
        wakeAll()
      }
    }
  }

  await engine.access.mustWrite([goal === undefined ? { type: 'session', owner: engine.owner, phase: 'started' } : { type: 'session', owner: engine.owner, phase: 'started', goal }])
  signal?.addEventListener('abort', onAbort, { once: true })
  closing.addEventListener('abort', onClosing, { once: true })
  if (options.timeout !== undefined) cancelTimeout = clock.schedule(options.timeout, () => abort(`the time of ${options.timeout} ms is over`), true)
  if (signal?.aborted === true) onAbort()
  if (closing.aborted) onClosing()
  lookLater()
  try {
    await Promise.all(Array.from({ length: concurrency }, async () => {
      try {
        await lane()
      } catch (thrown) {
        error ??= thrown
        abort(`it failed: ${describe(error)}`)
      }
    }))
  } finally {
    signal?.removeEventListener('abort', onAbort)
    closing.removeEventListener('abort', onClosing)
    cancelTimeout?.()
    cancelLook?.()
    cancelLook = undefined
    for (const part of [trainer, ...evaluators]) {
      try {
        await part.release?.()
      } catch (thrown) {
        engine.warn('study', `"${part.id}" could not release what it holds: ${describe(thrown)}`)
      }
    }
  }
  reason ??= error === undefined ? 'there is nothing left to run' : `it failed: ${describe(error)}`
  const stopped = { type: 'session', owner: engine.owner, phase: 'stopped', reason } as const
  if (error !== undefined) {
    // The error that ended the run matters more than one of telling that it ended.
    await engine.access.mustWrite([stopped]).catch(() => undefined)
    throw error as Error // Whatever was thrown goes on as it was.
  }
  await engine.access.mustWrite([stopped])
  return { reason, aborted: signal?.aborted === true }
}
