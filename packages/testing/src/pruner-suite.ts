import { createStudy, float, isAttuneError, maximize, minimize, type Objective, type PrunerFactory, type Report, type Storage, type Study, type TrialRecord } from '@attune/core'
import { ensure, ensureEqual, show } from './check.ts'
import { sharedStorage } from './drive.ts'
import { schedulingCases } from './pruner-suite-scheduling.ts'
import { ensureNoComplaints, type Judged, warnings, watchPruner } from './pruner-watch.ts'
import { registerSuite, type SuiteCase, type SuiteOptions } from './suite.ts'

export interface PrunerSuiteOptions extends SuiteOptions {
  /** Good trials that run before a bad one is expected to be stopped: more than the pruner's startup. Default 30. */
  readonly goodTrials?: number
}

/** Reports of a trial, by its number and attempt. A point without a loss reports something else. */
type Curves = (number: number, attempt: number) => Iterable<readonly [step: number, loss: number | undefined]>

interface Plan {
  readonly pruner: PrunerFactory
  readonly curves: Curves
  readonly trials: number
  readonly concurrency?: number
  readonly direction?: Objective['direction']
  readonly storage?: Storage
  readonly fails?: (number: number, attempt: number) => boolean
  readonly retry?: number
}

/** A number in [0, 1) that looks drawn and is not. */
function scatter(a: number, b: number = 0): number {
  const value = Math.sin(a * 12.9898 + b * 78.233) * 43_758.5453
  return value - Math.floor(value)
}

/** A learning curve that falls towards a level of its own, with some noise. */
const learning: Curves = function* (number) {
  for (let step = 1; step <= 16; step++) yield [step, scatter(number) + Math.exp(-step / 4) + 0.2 * scatter(number, step)]
}

/** The same at steps that differ from trial to trial. */
const unaligned: Curves = function* (number) {
  const stride = 3 + (number % 5)
  for (let i = 0; i < 10; i++) {
    const step = 1 + (number % 7) + i * stride
    yield [step, scatter(number) + Math.exp(-step / 12) + 0.2 * scatter(number, step)]
  }
}

/** Opens a real study of trials that follow curves, and runs it. */
async function runCurves(plan: Plan): Promise<Study<unknown>> {
  const study = await openCurves(plan)
  await goOn(study, plan)
  return study
}

async function openCurves({ pruner, direction = 'minimize', storage = sharedStorage() }: Plan): Promise<Study<unknown>> {
  const study = await createStudy({
    name: 'conformance',
    seed: 7,
    storage,
    ifExists: 'resume',
    pruner,
    space: { x: float(0, 1) },
    objective: direction === 'minimize' ? minimize('loss') : maximize('loss'),
  })
  return study
}

async function goOn(study: Study<unknown>, { curves, trials, concurrency = 1, direction = 'minimize', fails = () => false, retry = 0 }: Plan): Promise<void> {
  const sign = direction === 'minimize' ? 1 : -1
  await study.optimize(
    async function* (trial): AsyncGenerator<Report, void, void> {
      for (const [step, loss] of curves(trial.number, trial.attempt)) {
        yield loss === undefined ? { step, other: 1 } : { step, loss: sign * loss }
        if (fails(trial.number, trial.attempt)) throw new Error(`Trial ${trial.number} fails on purpose.`)
      }
    },
    // Paused trials count for no total, so the number of trials made ends the run.
    { concurrency, retry, stop: ({ history, counts }) => (history.length >= trials && counts.waiting === 0 ? 'enough trials' : undefined) },
  )
}

/** Runs a study under a watched pruner and fails if it broke a promise. */
async function runWatched(make: () => PrunerFactory, plan: Omit<Plan, 'pruner'>): Promise<{ readonly study: Study<unknown>; readonly judged: readonly Judged[] }> {
  const seen = watchPruner(make())
  const study = await runCurves({ ...plan, pruner: seen.factory })
  ensureNoComplaints(seen)
  ensure(seen.judged.length > 0, 'The pruner was never asked.')
  return { study, judged: seen.judged }
}

function verdictsOf(judged: readonly Judged[], number: number): readonly string[] {
  return judged.filter((one) => one.number === number).map(({ verdict }) => verdict)
}

function ends(study: Study<unknown>): readonly (readonly [state: string, reports: number])[] {
  return study.trials().map(({ state, reports }) => [state, reports.length])
}

/** The cases of `prunerSuite`, to run without vitest. */
export function prunerCases(make: () => PrunerFactory, options: PrunerSuiteOptions = {}): readonly SuiteCase[] {
  const good = options.goodTrials ?? 30
  const test = (name: string, run: SuiteCase['run']): SuiteCase => ({ name, run })

  return [
    test('says which contract it keeps', () => {
      const { specVersion, id } = make()
      ensureEqual(specVersion, 'v1', 'specVersion')
      ensure(typeof id === 'string' && id !== '', 'id must be a name.')
    }),
    test('prunes nothing when there is nothing to compare with', async () => {
      const { judged } = await runWatched(make, {
        trials: 1,
        curves: function* () {
          for (let step = 1; step <= 30; step++) yield [step, step % 4 === 3 ? step * 2 : step]
        },
      })
      ensure(judged.every(({ verdict }) => verdict === 'continue'), () => `The only trial of a study was stopped: ${show(judged.at(-1))}`)
    }),
    test('judges by the history alone', async () => void (await runWatched(make, { trials: good * 2, curves: learning }))),
    test('judges by the history alone while trials run at once', async () => void (await runWatched(make, { trials: good * 2, curves: learning, concurrency: 5 }))),
    test('judges by the history alone at steps that do not line up', async () => void (await runWatched(make, { trials: good * 2, curves: unaligned, concurrency: 3 }))),
    test('judges the same after a restart at any trial', async () => {
      const trials = Math.min(good * 2, 40)
      const whole = ends(await runCurves({ pruner: make(), curves: learning, trials }))
      for (let k = 1; k < trials; k++) {
        const storage = sharedStorage()
        const before = await runCurves({ pruner: make(), curves: learning, trials: k, storage })
        await before.close()
        ensureEqual(ends(await runCurves({ pruner: make(), curves: learning, trials, storage })), whole, `State and number of reports of each trial, after a restart at trial ${k}`)
      }
    }),
    test('judges the same when it minimises and when it maximises', async () => {
      const falling = await runCurves({ pruner: make(), curves: learning, trials: good * 2 })
      const rising = await runCurves({ pruner: make(), curves: learning, trials: good * 2, direction: 'maximize' })
      ensureEqual(ends(rising), ends(falling), 'State and number of reports of each trial, with all losses negated and maximised')
    }),
    test('keeps studies of one factory apart', async () => {
      const alone = await runCurves({ pruner: make(), curves: learning, trials: good * 2 })
      const shared = make()
      const shifted: Curves = function* (number) {
        for (const [step, loss] of learning(number + 1000, 1)) yield [step, (loss ?? 0) * 0.01]
      }
      const plan = { pruner: shared, curves: learning }
      const one = await openCurves({ ...plan, trials: 0 })
      const other = await openCurves({ ...plan, trials: 0 })
      for (let trials = 1; trials <= good * 2; trials++) {
        await goOn(one, { ...plan, trials })
        await goOn(other, { ...plan, curves: shifted, trials })
      }
      ensureEqual(ends(one), ends(alone), 'State and number of reports of each trial of a study that took turns with another one')
    }),
    test('lets the best trial run', async () => {
      const { judged } = await runWatched(make, {
        trials: good + 1,
        curves: function* (number) {
          for (const [step, loss] of learning(number, 1)) yield [step, number === good ? -1 - step : loss]
        },
      })
      const verdicts = verdictsOf(judged, good)
      ensure(verdicts.every((verdict) => verdict === 'continue'), () => `A trial that was better than all others at every step was stopped: ${show(verdicts)}`)
    }),
    test('stops a trial that is far worse than all others', async () => {
      const { judged } = await runWatched(make, {
        trials: good + 1,
        curves: function* (number) {
          for (const [step, loss] of learning(number, 1)) yield [step, number === good ? 1e6 : loss]
        },
      })
      ensure(verdictsOf(judged, good).some((verdict) => verdict !== 'continue'), 'A trial that was a million times worse than 30 others ran to its end.')
    }),
    test('is not silently switched off by steps that do not line up', async () => {
      const { study, judged } = await runWatched(make, {
        trials: good + 1,
        // No two trials ever report at the same step.
        curves: function* (number) {
          for (let i = 0; i < 10; i++) yield [i * (good + 10) + number + 1, number === good ? 1e6 : scatter(number, i)]
        },
      })
      const stopped = verdictsOf(judged, good).some((verdict) => verdict !== 'continue')
      ensure(stopped || (await warnings(study)).length > 0, 'A trial that was a million times worse than the others ran to its end, and no warning says why.')
    }),
    test('stands losses that are NaN', async () => {
      await runWatched(make, {
        trials: good * 2,
        curves: function* (number) {
          for (const [step, loss] of learning(number, 1)) yield [step, number % 4 === 1 && step > number % 9 ? NaN : loss]
        },
      })
    }),
    test('stands losses that are infinite', async () => {
      await runWatched(make, {
        trials: good * 2,
        curves: function* (number) {
          for (const [step, loss] of learning(number, 1)) yield [step, number % 3 === 0 ? Infinity : number % 7 === 1 && step > 4 ? -Infinity : loss]
        },
      })
    }),
    test('prunes nothing for a report without the objective', async () => {
      const { judged } = await runWatched(make, {
        trials: good * 2,
        curves: function* (number) {
          for (const [step, loss] of learning(number, 1)) yield [step, step % 2 === 1 ? undefined : loss]
        },
      })
      const wrong = judged.find(({ loss, verdict }) => Number.isNaN(loss) && verdict !== 'continue')
      ensure(wrong === undefined, () => `A report that says nothing of the objective was answered with ${show(wrong?.verdict)} at trial ${wrong?.number}, step ${wrong?.step}.`)
    }),
    test('stands trials that fail, and trials that report nothing', async () => {
      await runWatched(make, {
        trials: good * 2,
        concurrency: 2,
        curves: (number) => (number % 5 === 3 ? [] : learning(number, 1)),
        fails: (number) => number % 5 === 1,
      })
    }),
    test('stands trials that start again', async () => {
      await runWatched(make, {
        trials: good,
        concurrency: 3,
        retry: 1,
        curves: function* (number, attempt) {
          for (const [step, loss] of learning(number, 1)) yield [step, attempt === 1 ? loss : (loss ?? 0) + 0.5]
        },
        fails: (number, attempt) => number % 3 === 1 && attempt === 1,
      })
    }),
    test('forgets a trial that is declared void', async () => {
      const storage = sharedStorage()
      const seen = watchPruner(make())
      const plan = { pruner: seen.factory, curves: learning, storage }
      const study = await runCurves({ ...plan, trials: good })
      const best = study.trials().reduce((left: TrialRecord, right: TrialRecord) => ((right.value ?? Infinity) < (left.value ?? Infinity) ? right : left))
      await storage.write(study.summary.id, { id: 'void', operations: [{ type: 'amend', number: best.number, amendment: { void: 'It was measured wrongly.' }, by: 'me' }] })
      await study.refresh()
      await goOn(study, { ...plan, trials: good * 2 })
      ensureNoComplaints(seen)
    }),
    ...schedulingCases(make, good),
    ...[2, 4].map((count) =>
      test(`works with ${count} objectives, or says that it cannot`, async () => {
        const seen = watchPruner(make())
        const objectives = Array.from({ length: count }, (_, i) => (i % 2 === 0 ? minimize(`m${i}`) : maximize(`m${i}`)))
        let study: Study<unknown>
        try {
          study = await createStudy<{ x: ReturnType<typeof float> }, string>({ seed: 7, storage: sharedStorage(), pruner: seen.factory, space: { x: float(0, 1) }, objective: objectives })
        } catch (error) {
          if (!isAttuneError(error, 'UNSUPPORTED')) throw error
          ensure(error.message.length >= 20, () => `A refusal must say what to do instead. It says ${show(error.message)}`)
          return
        }
        await study.optimize(
          async function* (trial): AsyncGenerator<Report, void, void> {
            for (let step = 1; step <= 8; step++) yield { step, ...Object.fromEntries(objectives.map(({ metric }, i) => [metric, scatter(trial.number, i) / step])) }
          },
          { stop: ({ history }) => (history.length >= good ? 'enough trials' : undefined) },
        )
        ensureNoComplaints(seen)
      }),
    ),
  ]
}

/** Registers the conformance tests of a pruner with vitest. `make` gives the pruner as a user would, as in `() => asha()`. */
export function prunerSuite(name: string, make: () => PrunerFactory, options: PrunerSuiteOptions = {}): void {
  registerSuite(name, prunerCases(make, options), options)
}
