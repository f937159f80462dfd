import { type Awaitable, atMost, isAttuneError, maximize, minimize, type Problem, type Sampler, type SamplerFactory, type Storage, type Study, type SuggestContext, type Trial, type TrialRecord } from '@attune/core'
import { ConformanceError, ensure, ensureEqual, settles, show } from './check.ts'
import { askOrExhausted, endTrial, openStudy, runTrials, sharedStorage, type StudyPlan } from './drive.ts'
import { forbidChance } from './forbid-chance.ts'
import { homeSpaces, problemSpaces, type ProblemSpace, tinySpace } from './problem-spaces.ts'
import { checkAnswer, watchSampler } from './sampler-watch.ts'
import { registerSuite, type SuiteCase, type SuiteOptions } from './suite.ts'

export interface SamplerSuiteOptions extends SuiteOptions {
  /** Trials of a study in which restarts are compared: more than the sampler's startup. Default 24. */
  readonly trials?: number
}

/** Trials on each space of the battery. */
const batteryTrials = 25

/** Opens a study, or answers undefined if the sampler declines the problem with a typed refusal. */
async function openUnlessDeclined(plan: StudyPlan & { readonly sampler: SamplerFactory }): Promise<Study<unknown> | undefined> {
  try {
    return await openStudy(plan)
  } catch (error) {
    if (!isAttuneError(error, 'UNSUPPORTED')) throw error
    ensure(error.message.length >= 20, () => `A refusal must say what to do instead. It says ${show(error.message)}`)
    console.info(`${plan.sampler.id} declines ${plan.problem.name}${plan.objectives === undefined ? '' : ` with ${plan.objectives.length} objectives`}: ${error.message}`)
    return undefined
  }
}

/** The cases of `samplerSuite`, to run without vitest. */
export function samplerCases(make: () => SamplerFactory, options: SamplerSuiteOptions = {}): readonly SuiteCase[] {
  const trials = options.trials ?? 24

  /** The first space that the sampler accepts, of those that serve all further cases. */
  async function home(): Promise<ProblemSpace> {
    for (const problem of homeSpaces()) {
      const study = await openUnlessDeclined({ problem, sampler: make() })
      await study?.close()
      if (study !== undefined) return problem
    }
    throw new ConformanceError('The sampler declines every space of the suite, so nothing can be shown of it.')
  }

  const test = (name: string, run: (problem: ProblemSpace) => Awaitable<void>): SuiteCase => ({ name, run: async () => run(await home()) })

  const battery = problemSpaces().map((problem): SuiteCase => ({
    name: `suggests complete parameters in range: ${problem.name}`,
    run: async () => {
      const study = await openUnlessDeclined({ problem, sampler: watchSampler(make()).factory })
      if (study === undefined) return
      const suggested = await runTrials(study, problem, batteryTrials)
      ensure(suggested.length > 0, 'The sampler was exhausted before its first suggestion.')
      await study.close()
    },
  }))

  return [
    {
      name: 'says which contract it keeps',
      run: () => {
        const { specVersion, id, revision } = make()
        ensureEqual(specVersion, 'v1', 'specVersion')
        ensure(typeof id === 'string' && id !== '' && !id.includes('@'), () => `id must be a name without "@", not ${show(id)}.`)
        ensure(Number.isSafeInteger(revision) && revision >= 1, () => `revision must be an integer from 1, not ${show(revision)}.`)
      },
    },
    ...battery,
    {
      name: 'answers for every leaf known so far of a space that grows',
      run: async () => {
        const problem = problemSpaces().find(({ space }) => space === undefined) as ProblemSpace
        const study = await openUnlessDeclined({ problem, sampler: make() })
        if (study === undefined) return
        await runTrials(study, problem, 12)
        const known = study.space.dimensions.map(({ path }) => path)
        for (const params of await flatParamsOf(study, 3)) {
          const missing = known.filter((path) => !(path in params))
          ensure(missing.length === 0, () => `suggest() left out ${missing.join(', ')}: read problem.space at each use, it grows as code meets parameters.`)
        }
      },
    },
    test('P10: a sampler gives the same suggestions for the same seed', async (problem) => {
      const first = await runTrials(await openStudy({ problem, sampler: make() }), problem, trials)
      ensureEqual(await runTrials(await openStudy({ problem, sampler: make() }), problem, trials), first, 'A second study with the same seed')
    }),
    test('P10: a sampler gives the same suggestions after a restart at any trial', async (problem) => {
      const whole = await runTrials(await openStudy({ problem, sampler: make() }), problem, trials)
      for (let k = 1; k < whole.length; k++) {
        const storage = sharedStorage()
        const before = await openStudy({ problem, sampler: make(), storage })
        const start = await runTrials(before, problem, k)
        await before.close()
        const rest = await runTrials(await openStudy({ problem, sampler: make(), storage }), problem, whole.length - k)
        ensureEqual([...start, ...rest], whole, `A study that was restarted after ${k} trials`)
      }
    }),
    test('P10: a sampler gives the same suggestions when every trial runs in another process', async (problem) => {
      const whole = await runTrials(await openStudy({ problem, sampler: make() }), problem, trials)
      const storage = sharedStorage()
      for (const expected of whole) {
        const study = await openStudy({ problem, sampler: make(), storage })
        ensureEqual(await runTrials(study, problem, 1), [expected], `Trial ${expected.number}, suggested by an instance that was told everything before at once`)
        await study.close()
      }
    }),
    test('gives the same suggestions beside the running trials of another process', async (problem) => {
      const storages = [sharedStorage(), sharedStorage()] as const
      const alone = await openStudy({ problem, sampler: make(), storage: storages[0] })
      const first = await openStudy({ problem, sampler: make(), storage: storages[1] })
      const settled = Math.floor(trials / 2)
      await runTrials(alone, problem, settled)
      await runTrials(first, problem, settled)
      const expected = await flatParamsOf(alone, 6)
      const here = await flatParamsOf(first, 3)
      const second = await openStudy({ problem, sampler: make(), storage: storages[1] })
      ensureEqual([...here, ...(await flatParamsOf(second, 6 - here.length))], expected, 'Six trials that run at once, three of them in each of two processes')
    }),
    test('does not change its state by suggesting', async (problem) => {
      const { problem: known, sampler, observed } = await trained(problem)
      for (let number = observed; number < observed + 3; number++) {
        const first = await sampler.suggest(contextOf(known, number))
        ensureEqual(await sampler.suggest(contextOf(known, number)), first, `suggest() for trial ${number}, asked a second time`)
      }
    }),
    test('keeps studies of one factory apart', async (problem) => {
      const factory = make()
      const alone = await runTrials(await openStudy({ problem, sampler: make() }), problem, trials)
      const one = await openStudy({ problem, sampler: factory })
      const other = await openStudy({ problem, sampler: factory, seed: 5 })
      const interleaved = []
      for (let i = 0; i < alone.length; i++) {
        interleaved.push(...(await runTrials(one, problem, 1)))
        await runTrials(other, problem, 1)
      }
      ensureEqual(interleaved, alone, 'A study that took turns with another one')
    }),
    test('suggests beside running trials, told in any order', async (problem) => {
      const study = await openStudy({ problem, sampler: watchSampler(make()).factory })
      const running: Trial[] = []
      for (let i = 0; i < trials + 8; i++) {
        const trial = await askOrExhausted(study)
        if (typeof trial === 'string') break
        running.push(trial)
        // The youngest of eight is told first, so that the oldest runs for ever.
        if (running.length > 8) await endTrial(study, problem, running.pop() as Trial)
      }
      ensure(running.length > 0, 'The sampler was exhausted before its first suggestion.')
      for (const trial of running.reverse()) await endTrial(study, problem, trial)
      await runTrials(study, problem, 3)
    }),
    ...(['fails', 'is pruned at once', 'is pruned after a report', 'is Infinity', 'is -Infinity', 'is the same'] as const).map((ending) =>
      test(`goes on when every trial ${ending}`, async (problem) => {
        const study = await openStudy({ problem, sampler: watchSampler(make()).factory })
        for (let i = 0; i < trials; i++) {
          const trial = await askOrExhausted(study)
          if (typeof trial === 'string') break
          problem.meet?.(trial)
          if (ending === 'is pruned after a report') await trial.report({ step: 1, value: trial.number })
          if (ending === 'fails') await study.fail(trial, new Error(`Trial ${trial.number} fails on purpose.`))
          else if (ending === 'is pruned at once' || ending === 'is pruned after a report') await study.prune(trial)
          else await study.tell(trial, { value: ending === 'is Infinity' ? Infinity : ending === 'is -Infinity' ? -Infinity : 1 })
        }
      }),
    ),
    test('goes on when trials are infeasible', async (problem) => {
      const study = await openUnlessDeclined({ problem, sampler: watchSampler(make()).factory, constraints: { latency: atMost(1) } })
      for (let i = 0; study !== undefined && i < trials; i++) {
        const trial = await askOrExhausted(study)
        if (typeof trial === 'string') break
        await endTrial(study, problem, trial, { latency: i < trials / 2 ? 2 + i : i % 3 === 0 ? Infinity : 0.5 })
      }
    }),
    test('learns results from elsewhere', async (problem) => {
      const source = await openStudy({ problem, sampler: make() })
      await runTrials(source, problem, 5)
      const { factory, observed } = watchSampler(make())
      const study = await openStudy({ problem, sampler: factory, seed: 9 })
      const records = source.trials().filter((record) => record.state === 'complete' && Number.isFinite(record.value))
      for (const record of records) await study.add({ params: record.params, value: record.value ?? 0 })
      await runTrials(study, problem, 5)
      ensure(observed.length >= records.length, 'The results that were added must be observed.')
    }),
    test('forgets a trial that is declared void', async (problem) => {
      const [live, restarted] = await Promise.all([studyWithVoidTrial(problem), studyWithVoidTrial(problem)])
      await live.study.refresh()
      await restarted.study.close()
      const again = await openStudy({ problem, sampler: make(), storage: restarted.storage })
      ensureEqual(await flatParamsOf(live.study, 1), await flatParamsOf(again, 1), 'The next trial of the study that went on, against that of one opened after the amendment')
    }),
    test('uses no chance and no clock but those of the study', async (problem) => {
      const { problem: known, observed, records } = await trained(problem)
      const forbidden = forbidChance()
      try {
        const sampler = make().create(known)
        for (const record of records) sampler.observe?.(record)
        await sampler.suggest(contextOf(known, observed))
      } finally {
        forbidden.restore()
      }
      ensureEqual(forbidden.used, [], 'What was used although it cannot be repeated')
    }),
    test('answers when it is aborted', async (problem) => {
      const { problem: known, sampler, observed } = await trained(problem)
      const aborted = { ...contextOf(known, observed), signal: AbortSignal.abort() }
      await settles(Promise.allSettled([Promise.resolve().then(() => sampler.suggest(aborted))]), 'suggest() with an aborted signal')
      checkAnswer(await settles(sampler.suggest(contextOf(known, observed)), 'suggest() after an abort'), known, [])
    }),
    {
      name: 'says why when nothing is left to try',
      run: async () => {
        const problem = { name: 'six points', space: tinySpace() }
        const study = await openUnlessDeclined({ problem, sampler: watchSampler(make()).factory })
        if (study === undefined) return
        const { reason } = await study.optimize((trial) => weighTrial(trial), { trials: 40 })
        const { complete } = study.summary.counts
        ensure(complete === 40 || (complete > 0 && reason.trim() !== ''), () => `The study ended after ${complete} trials for the reason ${show(reason)}.`)
      },
    },
    ...[2, 4].map((count) =>
      test(`works with ${count} objectives, or says that it cannot`, async (problem) => {
        const objectives = Array.from({ length: count }, (_, i) => (i % 2 === 0 ? minimize(`m${i}`) : maximize(`m${i}`)))
        const study = await openUnlessDeclined({ problem, sampler: watchSampler(make()).factory, objectives })
        for (let i = 0; study !== undefined && i < trials; i++) {
          const trial = await askOrExhausted(study)
          if (typeof trial === 'string') break
          const metrics = Object.fromEntries(objectives.map(({ metric }, j) => [metric, weighTrial(trial) * (j + 1) - (i % (j + 2))]))
          if (i % 5 === 4) await study.fail(trial, new Error('This trial fails on purpose.'))
          else await study.tell(trial, metrics)
        }
      }),
    ),
    test('goes in the direction of the objective', async (problem) => {
      const suggestions = async (sign: 1 | -1): Promise<unknown> => {
        const study = await openStudy({ problem, sampler: make(), objectives: [sign === 1 ? minimize('value') : maximize('value')] })
        const suggested: unknown[] = []
        for (let i = 0; i < trials; i++) {
          const trial = await askOrExhausted(study)
          if (typeof trial === 'string') break
          const { predicted } = study.explain(trial.number)
          suggested.push({ params: trial.flatParams, predicted: predicted?.map(({ mean, deviation }) => [sign * mean || 0, deviation]) })
          await study.tell(trial, { value: sign * weighTrial(trial) })
        }
        return suggested
      }
      ensureEqual(await suggestions(-1), await suggestions(1), 'Maximising the negated value, against minimising the value: parameters, and predicted values in the direction of the objective')
    }),
  ]

  /** A study of which trial 0 was declared void behind its back. */
  async function studyWithVoidTrial(problem: ProblemSpace): Promise<{ readonly study: Study<unknown>; readonly storage: Storage }> {
    const storage = sharedStorage()
    const study = await openStudy({ problem, sampler: make(), storage })
    await runTrials(study, problem, trials)
    await storage.write(study.summary.id, { id: 'void', operations: [{ type: 'amend', number: 0, amendment: { void: 'It was measured wrongly.' }, by: 'me' }] })
    return { study, storage }
  }

  /** An instance that was told a study, as a stranger to it. */
  async function trained(problem: ProblemSpace): Promise<{ readonly problem: Problem; readonly sampler: Sampler; readonly observed: number; readonly records: readonly TrialRecord[] }> {
    const seen = watchSampler(make())
    const study = await openStudy({ problem, sampler: seen.factory })
    await runTrials(study, problem, trials - 1)
    const known = seen.problem as Problem
    const sampler = make().create(known)
    for (const record of seen.observed) sampler.observe?.(record)
    return { problem: known, sampler, observed: known.history.length, records: seen.observed }
  }
}

function contextOf(problem: Problem, number: number): SuggestContext {
  return { number, random: problem.random.stream(number, 'sampler'), running: [], signal: new AbortController().signal }
}

/** Asks for trials without telling them. */
async function flatParamsOf(study: Study<unknown>, count: number): Promise<readonly TrialRecord['flatParams'][]> {
  const params: TrialRecord['flatParams'][] = []
  for (let i = 0; i < count; i++) {
    const trial = await askOrExhausted(study)
    if (typeof trial === 'string') break
    params.push(trial.flatParams)
  }
  return params
}

function weighTrial(trial: Trial<unknown>): number {
  return Object.values(trial.flatParams).reduce((sum: number, value) => sum + (typeof value === 'number' ? Math.abs(Math.sin(value)) : String(value).length), 0)
}

/**
 * Registers the conformance tests of a sampler with vitest. `make` gives the sampler as a user would, as in `() => tpe()`.
 */
export function samplerSuite(name: string, make: () => SamplerFactory, options: SamplerSuiteOptions = {}): void {
  registerSuite(name, samplerCases(make, options), options)
}
