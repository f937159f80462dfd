import type { Executor } from '../contracts/executor.ts'
import type { Trainer } from '../contracts/trainer.ts'
import { AttuneError, describe, isAttuneError } from '../errors.ts'
import { checkOptimizeOptions } from './check-optimize-options.ts'
import { contraryObjectives } from './contrary-objectives.ts'
import type { StudyEngine } from './engine.ts'
import { FailureWatch } from './failure-watch.ts'
import type { OptimizeOptions, OptimizeResult } from './options.ts'
import { retryRule } from './retry-rule.ts'
import { runTrial, type ObjectiveFunction, type RunOptions } from './run-trial.ts'
import { afterTime, anyOf, trialsAreDone, type StopRule } from './stop-rules.ts'
import { Trial } from './trial.ts'
import type { Asked } from './trial-source.ts'
import { checkedInputs, recordInputs } from './training-inputs.ts'
import { Waiters } from './waiters.ts'
import { within } from './within.ts'

/** Milliseconds between two looks at what other processes do: while a lane waits for them, and while they run trials. */
const lookInterval = { waiting: 250, beside: 1000 } as const
/** What a look throws that the next one will throw, too. */
const lastingFailures: ReadonlySet<string> = new Set(['STUDY_NOT_FOUND', 'STORAGE_CLOSED', 'STORAGE_CORRUPT', 'STORAGE_DAMAGED', 'STORAGE_NEWER'])

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

/** Runs one piece of work at a time. */
function exclusiveSlot(): RunOptions['exclusively'] {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }
}

/**
 * The loop: starts trials while the budget lasts, each in one of `concurrency` lanes. `stopping` ends it when what runs has
 * ended, `closing` at once.
 */
export async function optimize<P>(engine: StudyEngine, executor: Executor, objective: ObjectiveFunction<P> | Trainer<P>, options: OptimizeOptions, stopping: AbortSignal, closing: AbortSignal): Promise<OptimizeResult> {
  if (typeof objective !== 'function' && (typeof objective !== 'object' || objective === null || typeof objective.train !== 'function')) {
    throw new AttuneError('OPTION', 'optimize needs a function, an async generator function or a trainer as its first argument.')
  }
  const trainer = typeof objective === 'function' ? functionTrainer(objective) : (objective as Trainer)
  checkOptimizeOptions(options, trainer, executor)
  const inputs = checkedInputs(trainer)
  const concurrency = options.concurrency ?? executor.concurrency ?? 1
  const { history, clock } = engine
  const { counts } = history
  const evaluators = options.evaluators ?? []
  for (const warning of contraryObjectives(history.definition.objectives, evaluators)) engine.warn('study', warning)
  const { signal } = options
  const begin = clock.now()
  /** Trials that count: those that ended with a result, and those that are paused and may never go on. */
  const done = (): number => counts.complete + counts.pruned + counts.paused
  if (options.more !== undefined) await engine.access.sync() // More than there are, by whomever.
  const goal = options.trials ?? (options.more === undefined ? undefined : done() + options.more)
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
    // Executors hold trainings; an evaluator that is not exclusive runs in this process, whatever another one measures.
    slotIsAlone: executor.exclusively !== undefined && evaluators.every(({ exclusive }) => exclusive),
    oneAtATime: concurrency === 1,
  }
  const watch = new FailureWatch()
  const mine = new Set<Trial>()
  let reason: string | undefined
  let error: unknown
  let aborted = false
  let asking = 0
  /** Aborts asking for trials. */
  const ending = new AbortController()
  /** Lanes that are not needed if those that run or ask complete the total. */
  const spare = new Waiters()
  /** Lanes that can start nothing until something has happened to a trial. */
  const idle = new Waiters()
  /** What the first of them knew: whoever takes in what has happened since, it is news to them. */
  let idleSince = Infinity

  /** What gives up waiting for each trial that is asked for. */
  const asks = new Set<() => void>()
  let cancelAsks: (() => void) | undefined

  const end = (why: string): void => {
    reason ??= why
    ending.abort()
    if (asks.size > 0) {
      cancelAsks ??= clock.schedule(runOptions.grace, () => {
        for (const giveUp of asks) giveUp()
      }, true)
    }
    spare.wake()
    idle.wake()
  }
  const abort = (why: string): void => {
    aborted = true
    for (const trial of mine) trial.stop('aborted')
    end(why)
  }
  /** Trials that run, here or elsewhere. Those of hands in this process may never be told. */
  const running = (): number => counts.running - engine.leases.byHand
  const mayCreate = (): boolean => goal === undefined || done() + running() + history.waitingCount < goal

  let cancelLook: (() => void) | undefined
  let looking: Promise<void> | undefined
  /** What others do is not told to this process: it looks, more often while a lane waits for them. */
  const lookLater = (): void => {
    cancelLook?.()
    const beside = engine.neighbours.running > 0
    const waiting = beside && spare.size + idle.size > 0
    const interval = waiting ? lookInterval.waiting : beside ? lookInterval.beside : Infinity
    cancelLook = clock.schedule(Math.min(interval, engine.lease / 3), () => {
      looking = look()
    }, waiting)
  }
  const look = async (): Promise<void> => {
    try {
      await engine.neighbours.lookAround()
    } catch (thrown) {
      if (isAttuneError(thrown) && lastingFailures.has(thrown.code)) {
        // Lanes that wait for others write nothing: they would wait for ever.
        error ??= thrown
        abort(`it failed: ${describe(thrown)}`)
      } else engine.warn('study', `What other processes do cannot be seen: ${describe(thrown)}`)
    }
    if (cancelLook === undefined) return
    spare.wake()
    if (history.revision > idleSince) {
      idleSince = Infinity
      idle.wake()
    }
    lookLater()
  }

  const onAbort = (): void => abort('it was interrupted')
  const onClosing = (): void => abort('the study was closed')
  const onStopping = (): void => end('stop() was called')
  let cancelTimeout: (() => void) | undefined

  /** Why no further trial starts, if so. */
  const over = (): string | undefined => {
    if (reason !== undefined) return reason
    if (goal !== undefined && counts.complete + counts.pruned >= goal) return trialsAreDone(goal)
    return rule({ history, counts, objectives: history.definition.objectives, endedSinceBest: history.endedSinceBest, elapsed: clock.now() - begin })
  }

  /** Puts a trial back that is not to be run on here. Where that fails too, its lease ends by itself. */
  const letGo = async (trial: Trial, message = 'The run ended before the trial did.'): Promise<void> => {
    trial.stop('aborted')
    await engine.fail(trial, { reason: 'aborted', message }, true).catch(() => engine.leases.giveUp(trial))
  }

  /** Asks for a trial, and after the end no longer than the grace period: one that comes later is put back. */
  const ask = (): Promise<Asked | undefined> => new Promise((resolve, reject) => {
    let late = false
    const giveUp = (): void => {
      late = true
      engine.warn('study', `A trial was being started when the run ended, and was not ready within ${runOptions.grace} ms: it is put back when it is.`)
      resolve(undefined)
    }
    asks.add(giveUp)
    engine.ask(ending.signal, { mayCreate: () => !ending.signal.aborted && mayCreate(), running }).then((asked) => {
      asks.delete(giveUp)
      if (late && asked instanceof Trial) void letGo(asked)
      else resolve(asked)
    }, (thrown: unknown) => {
      asks.delete(giveUp)
      reject(thrown) // Whatever was thrown goes on as it was.
    })
  })

  const lane = async (): Promise<void> => {
    for (;;) {
      if (error !== undefined) return
      const why = over()
      if (why !== undefined) return end(why)
      // Those that run may complete the total: this lane is not needed, unless one of them fails or is paused.
      if (goal !== undefined && counts.complete + counts.pruned + running() + asking >= goal) {
        const turn = spare.wait()
        lookLater()
        await turn
        continue
      }
      asking++
      let asked
      try {
        asked = await ask()
        if (asked instanceof Trial) mine.add(asked)
      } finally {
        asking--
        spare.wake() // What this lane might have got is still to be had.
      }
      if (asked === undefined) return
      if ('later' in asked || 'nothingLeft' in asked) {
        const { revision } = history
        await engine.access.sync()
        if (history.revision > revision) continue // Others have done something since.
        const waitsFor = 'later' in asked ? running() : engine.schedules ? mine.size : 0
        if (waitsFor + asking === 0 && !('later' in asked && (mayCreate() || history.waitingCount > 0))) return 'later' in asked ? end(settled()) : mine.size > 0 ? undefined : end(asked.nothingLeft)
        if (waitsFor + asking === 0 || reason !== undefined) continue
        idleSince = Math.min(idleSince, history.revision)
        const turn = idle.wait()
        lookLater()
        await turn
        continue
      }
      if (!(asked instanceof Trial)) continue
      if (aborted) asked.stop('aborted')
      try {
        // Creates count who else creates, claims do not: whoever claimed beyond the total sees it now.
        if (goal !== undefined && counts.complete + counts.pruned + running() > goal) {
          await letGo(asked, 'The last trials of the total were started elsewhere.')
          continue
        }
        const problem = watch.judge(await runTrial(engine, asked as Trial<P>, objective, runOptions))
        if (problem !== undefined) {
          error ??= problem
          end(`it failed: ${describe(problem)}`)
        }
      } catch (thrown) {
        error ??= thrown
        await letGo(asked)
        throw thrown
      } finally {
        mine.delete(asked)
        spare.wake()
        idle.wake()
      }
    }
  }
  /** Why a run ends that may start nothing new, and whose pruner lets nothing go on. */
  const settled = (): string => {
    return `${trialsAreDone(done())}${counts.paused > 0 ? `, ${counts.paused} of them paused` : ''}`
  }

  await recordInputs(engine, inputs)
  await engine.access.mustWrite([goal === undefined ? { type: 'session', owner: engine.owner, phase: 'started' } : { type: 'session', owner: engine.owner, phase: 'started', goal }])
  const heard = [[signal, onAbort], [closing, onClosing], [stopping, onStopping]] as const
  for (const [source, hear] of heard) source?.addEventListener('abort', hear, { once: true })
  if (options.timeout !== undefined) cancelTimeout = clock.schedule(options.timeout, () => abort(`the time of ${options.timeout} ms is over`), true)
  for (const [source, hear] of heard) if (source?.aborted === true) hear()
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
    for (const [source, hear] of heard) source?.removeEventListener('abort', hear)
    cancelTimeout?.()
    cancelAsks?.()
    cancelLook?.()
    cancelLook = undefined
    await looking
    for (const part of [trainer, ...evaluators]) {
      try {
        if (part.release !== undefined && !(await within(clock, runOptions.grace, () => part.release!(), true))) engine.warn('study', `"${part.id}" did not release what it holds within ${runOptions.grace} ms.`)
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
