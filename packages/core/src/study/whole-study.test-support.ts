import { MemoryArtifacts } from '../artifact/memory-artifacts.ts'
import { tokens } from '../container/tokens.ts'
import type { Artifact } from '../contracts/artifact.ts'
import type { Evaluator } from '../contracts/evaluator.ts'
import type { StudyEvent } from '../contracts/event.ts'
import type { Executor } from '../contracts/executor.ts'
import type { PrunerFactory } from '../contracts/pruner.ts'
import type { Report, Trainer } from '../contracts/trainer.ts'
import type { TrialRecord } from '../contracts/trial-record.ts'
import { InProcessExecutor } from '../executor/in-process-executor.ts'
import { minimize } from '../objective/objectives.ts'
import { random } from '../random/random-sampler.ts'
import { float } from '../space/builders.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { VirtualClock } from '../virtual-clock.test-support.ts'
import { createStudy } from './create-study.ts'
import type { OptimizeOptions, OptimizeResult } from './options.ts'
import { brokenChains, chained, halving, population } from './schedulers.test-support.ts'
import type { Study } from './study.ts'

type Params = { readonly x: number }

/** A storage in memory that several processes share. */
export class SharedStorage extends MemoryStorage {
  override readonly persistent = true as never
}

/** What is done around each call of a part: the call, or something else. */
export type Around = (name: string, call: () => unknown) => unknown

/** A part whose every call goes through a function. */
export function wired<T extends object>(name: string, part: T, around: Around): T {
  return new Proxy(part, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function' || typeof key === 'symbol') return value
      return (...args: unknown[]): unknown => around(`${name}.${key}`, () => Reflect.apply(value, target, args))
    },
  })
}

export const never = new Promise<never>(() => undefined)
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Lets time pass until the work settles. Fails if ten minutes of it are not enough. */
export async function pass<T>(clock: VirtualClock, work: Promise<T>, milliseconds = 50): Promise<T> {
  let over = false
  const watched = work.finally(() => {
    over = true
  })
  watched.catch(() => undefined)
  for (let waited = 0; !over; waited += milliseconds) {
    for (let i = 0; i < 3 && !over; i++) await turn()
    if (over) break
    if (waited > 600_000) throw new Error('It does not end.')
    clock.advance(milliseconds)
  }
  return watched
}

/** What one process brings to a study that others share. */
export interface Process {
  readonly clock: VirtualClock
  readonly storage: SharedStorage
  readonly artifacts: MemoryArtifacts
  readonly identity: string
  /** Owners that are known to have ended. */
  readonly gone?: readonly string[]
  readonly around?: Around
  readonly events?: (event: StudyEvent) => void
}

/** A study as users have them, and how it is run. */
export interface Story {
  readonly name: string
  open(process: Process): Promise<Study<Params>>
  run(study: Study<Params>, process: Process, options?: Partial<OptimizeOptions>): Promise<OptimizeResult>
  /** What is wrong with the history. */
  problems(study: Study<Params>): readonly string[]
}

function modelOf(value: number): Artifact {
  return { kind: 'bytes', bytes: () => Uint8Array.of(value & 255), as: () => Promise.reject(new Error('There is no other format.')) }
}

function openWith(process: Process, pruner: PrunerFactory, dynamic = false): Promise<Study<Params>> {
  const { clock, identity, gone = [], around = (_, call) => call(), events } = process
  const executor: Executor = new InProcessExecutor()
  const running = wired('executor', executor, around)
  return createStudy({
    ...(dynamic ? {} : { space: { x: float(0, 1) } }),
    objective: minimize('loss'),
    seed: 3,
    lease: 30_000,
    ifExists: 'resume',
    storage: { specVersion: 'v1', id: 'shared', create: () => wired('storage', process.storage, (name, call) => around(name, name === 'storage.close' ? () => undefined : call)) },
    artifacts: wired('artifacts', process.artifacts, around),
    // The calls of a generator are the study's own; only where it is made and ended is a call of the executor.
    executor: { specVersion: 'v1', id: 'wired', slots: (trainer) => executor.slots(trainer), close: () => running.close(), run: (trainer, trial) => {
      const execution = executor.run(trainer, trial)
      return { reports: execution.reports, end: () => around('execution.end', () => execution.end()) as undefined }
    } },
    sampler: { ...random(), create: (problem) => {
      const sampler = random().create(problem)
      return { suggest: (context) => around('sampler.suggest', () => sampler.suggest(context)) as ReturnType<typeof sampler.suggest> }
    } },
    pruner: { ...pruner, create: (problem) => wired('pruner', pruner.create(problem), around) },
    ...(events === undefined ? {} : { loggers: [{ specVersion: 'v1', id: 'listener', create: () => ({ cursor: 0, log: events, flush() {}, close() {} }) }] }),
    use: [{ register: (registry) => {
      registry.value(tokens.clock, clock)
      registry.value(tokens.host, { specVersion: 'v1', identity, isGone: (other) => gone.includes(other) })
    } }],
  }) as Promise<Study<Params>>
}

/** A trainer whose first attempt at trial 2 fails, and that leaves a model. */
function training(steps: number, around: Around = (_, call) => call()): Trainer<Params> {
  const inner = chained(steps)
  return {
    ...inner,
    async *train(trial): AsyncGenerator<Report, Artifact, void> {
      let step = trial.resumeFrom?.step ?? 0
      for await (const report of inner.train(trial)) {
        step = report.step
        if (trial.number === 2 && step === 1 && trial.attempt === 1) throw new Error('This attempt fails on purpose.')
        const work = around('trainer.step', () => undefined)
        if (work instanceof Promise) await work
        yield report
      }
      return modelOf(step)
    },
    release: () => around('trainer.release', () => undefined) as undefined,
  }
}

function evaluator(around: Around = (_, call) => call()): Evaluator {
  return { specVersion: 'v1', id: 'size', exclusive: true, evaluate: async (artifact) => {
    await around('evaluator.evaluate', () => undefined)
    return { size: (await artifact.bytes())[0]! }
  } }
}

const chains = (study: Study<Params>): readonly string[] => brokenChains(study.trials())

const halvingStory: Story = {
  name: 'brackets that are halved',
  open: async (process) => {
    const study = await openWith(process, halving(4, [1, 2, 4]))
    await study.enqueue({ x: 0.25 })
    return study
  },
  run: (study, { around }, options = {}) => study.optimize(training(6, around), { trials: 5, retry: 1, concurrency: 2, evaluators: [evaluator(around)], ...options }),
  problems: chains,
}

const populationStory: Story = {
  name: 'a population that is forked',
  open: (process) => openWith(process, population(3, 2, 6)),
  run: (study, { around }, options = {}) => study.optimize(training(6, around), { trials: 50, retry: 1, concurrency: 2, ...options }),
  problems: chains,
}

const runningStory: Story = {
  name: 'a space that is met while running',
  open: (process) => openWith(process, { specVersion: 'v1', id: 'threshold', create: () => ({ judge: ({ number, step }) => (number % 3 === 1 && step === 2 ? 'prune' : 'continue') }) }, true),
  run: (study, { around = (_, call) => call() }, options = {}) => study.optimize(async (trial) => {
    const x = trial.float('x', 0, 1)
    if (trial.number === 2 && trial.attempt === 1) throw new Error('This attempt fails on purpose.')
    if (trial.number === 3) trial.int('late', 1, 4)
    for (let step = 1; step <= 3; step++) {
      const work = around('trainer.step', () => undefined)
      if (work instanceof Promise) await work
      if (await trial.report({ step, loss: x / step }) === 'stop') return
    }
  }, { trials: 5, retry: 1, ...options }),
  problems: (study) => study.trials().flatMap(({ number, reports }) => reports.flatMap(({ step }, i) => (step === i + 1 ? [] : [`Trial ${number} reported step ${step} where ${i + 1} was to come.`]))),
}

export const stories: readonly Story[] = [halvingStory, populationStory, runningStory]

/** What a study came to, whatever happened on the way. */
export function outcomeOf(study: Study<Params>): readonly object[] {
  return study.trials().map(({ number, state, flatParams, origin, parent, toStep, attributes, reports, metrics, values }: TrialRecord) => ({
    number, state, flatParams: { ...flatParams }, origin, parent, toStep, attributes: { ...attributes }, metrics: { ...metrics }, values, reports: reports.map(({ step, metrics: reported }) => [step, { ...reported }]),
  }))
}

/** Runs a story undisturbed. */
export async function undisturbed(story: Story): Promise<{ readonly outcome: readonly object[]; readonly reason: string; readonly calls: readonly string[]; readonly events: readonly StudyEvent[] }> {
  const calls: string[] = []
  const events: StudyEvent[] = []
  const clock = new VirtualClock()
  const process: Process = { clock, storage: new SharedStorage(clock), artifacts: new MemoryArtifacts(), identity: 'only', around: (name, call) => (calls.push(name), call()), events: (event) => void events.push(event) }
  const study = await pass(clock, story.open(process))
  const { reason } = await pass(clock, story.run(study, process))
  await pass(clock, study.close())
  return { outcome: outcomeOf(study), reason, calls, events }
}
