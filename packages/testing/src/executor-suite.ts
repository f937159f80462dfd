import type { Artifact, ArtifactOptions, Awaitable, Execution, Executor, Json, Report, Trainer, TrainerTrial, TrainingResult } from '@attune/core'
import { ensure, ensureEqual, rejection, settles, show } from './check.ts'
import { checkpoints, cleans, echo, hangs, model, numbers, own, results, talks, throws, waits } from './executor-trainings.ts'
import { caseMaker, type Subject } from './subject.ts'
import { registerSuite, type SuiteCase, type SuiteOptions } from './suite.ts'

/** A new executor of the kind under test. */
export interface ExecutorSubject extends Subject {
  /** The suite closes it. An executor with an allow-list must allow `executorTrainings`. */
  readonly executor: Executor
}

/** The folder with the trainings that the executor suite runs. */
export const executorTrainings: URL = new URL('.', import.meta.url)

const trainings = { checkpoints, cleans, echo, hangs, model, numbers, own, results, talks, throws, waits }

/** One of the suite's trainings, as executors are given them. */
function trainerOf(name: keyof typeof trainings): Trainer {
  const file = import.meta.url.endsWith('.ts') ? 'executor-trainings.ts' : 'executor-trainings.js'
  return { specVersion: 'v1', id: name, concurrency: 'shared', module: { url: new URL(file, executorTrainings).href, name }, train: (trial) => trainings[name](trial) }
}

/** What a trial said beside its reports. */
interface Heard {
  readonly warnings: string[]
  readonly attributes: { [key: string]: Json }
  readonly artifacts: { [name: string]: readonly [bytes: readonly number[], options: ArtifactOptions] }
}

function nothingHeard(): Heard {
  return { warnings: [], attributes: {}, artifacts: {} }
}

function trialOf(part: Partial<TrainerTrial> = {}, heard: Heard = nothingHeard()): TrainerTrial {
  return {
    number: 0,
    attempt: 1,
    params: {},
    seed: 4_294_967_295,
    signal: new AbortController().signal,
    resumeFrom: undefined,
    toStep: undefined,
    warn: (message) => void heard.warnings.push(message),
    setAttribute: async (key, value) => {
      if (key === 'refused') throw new Error('This attribute is refused.')
      heard.attributes[key] = value
    },
    setArtifact: async (name, bytes, options = {}) => {
      if (name === 'refused') throw new Error('This artefact is refused.')
      heard.artifacts[name] = [[...bytes], options]
    },
    ...part,
  }
}

interface Ran {
  readonly reports: readonly Report[]
  readonly result: TrainingResult
}

async function next({ reports }: Execution): Promise<IteratorResult<Report, TrainingResult>> {
  return settles(reports.next(), 'The next report')
}

async function pull(execution: Execution): Promise<Ran> {
  const reports: Report[] = []
  for (;;) {
    const { done, value } = await next(execution)
    if (done === true) return { reports, result: value }
    reports.push(value)
    ensure(reports.length <= 1000, 'More reports came than the training made.')
  }
}

async function end(execution: Execution): Promise<void> {
  await settles(execution.end(), 'end()')
}

/** Runs a trial to its end, and frees its slot. */
async function run(executor: Executor, name: keyof typeof trainings, part?: Partial<TrainerTrial>, heard?: Heard): Promise<Ran> {
  const execution = executor.run(trainerOf(name), trialOf(part, heard))
  try {
    return await pull(execution)
  } finally {
    await end(execution)
  }
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** The cases of `executorSuite`, to run without vitest. */
export function executorCases(setup: () => Awaitable<ExecutorSubject>): readonly SuiteCase[] {
  const makeCase = caseMaker(setup)
  /** Every case closes the executor, whatever happened. */
  const test = (name: string, body: (executor: Executor) => Promise<void>): SuiteCase =>
    makeCase(name, async ({ executor }) => {
      try {
        await body(executor)
      } finally {
        await settles(executor.close(), 'close()')
      }
    })
  return [
    test('says which contract it keeps, and how many trials it runs at once', async (executor) => {
      ensureEqual(executor.specVersion, 'v1', 'specVersion')
      ensure(typeof executor.id === 'string' && executor.id !== '', 'id must be a name.')
      const slots = executor.slots(trainerOf('own'))
      ensure(typeof slots === 'number' && slots >= 1, () => `slots must be a number of at least 1, not ${show(slots)}.`)
      const { concurrency } = executor
      ensure(concurrency === undefined || (Number.isSafeInteger(concurrency) && concurrency >= 1 && concurrency <= slots), () => `concurrency must be undefined or an integer from 1 to slots (${slots}), not ${show(concurrency)}.`)
    }),
    test('gives the training all that the trial has', async (executor) => {
      const heard = nothingHeard()
      const params = { x: -0, list: [NaN, -Infinity], branch: { type: 'a', none: null, text: '√', yes: true } }
      await run(executor, 'echo', { study: 'digits', number: 7, attempt: 3, params, seed: 123, toStep: 9, resumeFrom: { step: 4, bytes: Uint8Array.of(0, 1, 255) } }, heard)
      ensureEqual(heard.attributes['given'], { study: 'digits', number: 7, attempt: 3, params, seed: 123, toStep: 9, resumeFrom: { step: 4, bytes: [0, 1, 255] } }, 'What the training was given')
      await run(executor, 'echo', {}, heard)
      ensureEqual(heard.attributes['given'], { study: null, number: 0, attempt: 1, params: {}, seed: 4_294_967_295, toStep: null, resumeFrom: null }, 'What the training was given without the optional parts')
    }),
    test('hands on every number as it is', async (executor) => {
      const [first, second] = (await run(executor, 'numbers')).reports
      ensureEqual({ ...first }, { step: 1, nan: NaN, infinity: Infinity, minus: -Infinity, zero: -0, least: 5e-324, largest: Number.MAX_VALUE, third: 1 / 3 }, 'The report')
      ensureEqual({ step: second?.step, value: second?.['value'] }, { step: 2, value: 1 }, 'The report after it')
    }),
    test('asks for a checkpoint only when it is wanted', async (executor) => {
      const execution = executor.run(trainerOf('checkpoints'), trialOf())
      await next(execution)
      const { value } = await next(execution)
      const { checkpoint } = value as Report
      ensure(typeof checkpoint === 'function', 'A report must offer its checkpoint.')
      const bytes = await settles(checkpoint(), 'checkpoint()')
      ensure(bytes instanceof Uint8Array, () => `checkpoint() must answer a Uint8Array, not ${show(bytes)}.`)
      ensureEqual(textOf(bytes), 'after 2', 'The checkpoint')
      ensureEqual(((await next(execution)).value as Report)['made'], 1, 'Checkpoints that were made for two reports, one of them wanted')
      await settles(execution.reports.return(undefined), 'return()')
      await end(execution)
      const resumed = await run(executor, 'checkpoints', { resumeFrom: { step: 2, bytes } })
      ensureEqual(resumed.reports.map(({ step }) => step), [3, 4], 'Steps after the checkpoint')
    }),
    test('passes on warnings, attributes and artefacts, and the refusal of one', async (executor) => {
      const heard = nothingHeard()
      await run(executor, 'talks', {}, heard)
      ensureEqual(heard.warnings, ['look here'], 'Warnings')
      ensureEqual(heard.attributes, { list: [1, 'two', null, { three: [] }], message: 'This attribute is refused.' }, 'Attributes')
      ensureEqual(heard.artifacts, { curve: [[2, 3], { kind: 'image/png', meta: { dpi: 300 } }], plain: [[4], {}], message: [Array.from('This artefact is refused.', (letter) => letter.charCodeAt(0)), {}] }, 'Artefacts')
    }),
    test('keeps the artefact until the trial ends', async (executor) => {
      const execution = executor.run(trainerOf('model'), trialOf())
      const artifact = (await pull(execution)).result as Artifact
      ensureEqual({ kind: artifact.kind, meta: artifact.meta }, { kind: 'first', meta: { of: 'first', zero: -0 } }, 'The artefact')
      ensureEqual(textOf(await settles(artifact.bytes(), 'bytes()')), 'as first', 'Its bytes')
      const second = await settles(artifact.as('second'), 'as()')
      ensureEqual([second.kind, textOf(await settles(second.bytes(), 'bytes()'))], ['second', 'as second'], 'The artefact in another format')
      const error = await rejection(() => artifact.as('third'), 'as() of a format that there is not')
      ensure(error.message.includes('"first" and "second"'), () => `as() must pass on what the artefact says. It said ${show(error.message)}`)
      await end(execution)
    }),
    test('passes on whatever a training returns', async (executor) => {
      ensureEqual((await run(executor, 'results', { params: { result: 'number' } })).result, -0, 'A number')
      ensureEqual((await run(executor, 'results', { params: { result: 'metrics' } })).result, { value: NaN, other: 2 }, 'Metrics')
      ensureEqual((await run(executor, 'results', { params: { result: 'nothing' } })).result, undefined, 'Nothing')
    }),
    test('passes on what a training throws, and runs the next one', async (executor) => {
      const error = await rejection(() => run(executor, 'throws', { params: { what: 'error' } }).then(({ reports }) => reports), 'A training that throws')
      ensureEqual([error.name, error.message], ['RangeError', 'too far to go on'], 'What was thrown')
      let thrown: unknown
      try {
        await run(executor, 'throws', { params: { what: 'text' } })
      } catch (text) {
        thrown = text
      }
      ensureEqual(thrown, 'a text', 'What was thrown that is no Error')
      ensureEqual((await run(executor, 'own', { params: { x: 1 } })).reports.length, 20, 'Reports of the next trial')
    }),
    test('runs `finally` blocks when the study stops pulling', async (executor) => {
      const heard = nothingHeard()
      const execution = executor.run(trainerOf('cleans'), trialOf({}, heard))
      await next(execution)
      await next(execution)
      ensure((await settles(execution.reports.return(undefined), 'return()')).done === true, 'return() must end the training.')
      ensureEqual(heard.attributes, { cleaned: true }, 'What the `finally` block kept')
      await end(execution)
      ensure((await next(execution)).done === true, 'next() after return() must say that the training is over.')
    }),
    test('tells the training of an abort', async (executor) => {
      const controller = new AbortController()
      const execution = executor.run(trainerOf('waits'), trialOf({ signal: controller.signal }))
      await next(execution)
      const second = next(execution)
      controller.abort(new Error('enough'))
      ensureEqual(((await second).value as Report).step, 2, 'The report after the abort')
      await settles(execution.reports.return(undefined), 'return()')
      await end(execution)
    }),
    test('keeps trials apart that run at once', async (executor) => {
      const slots = Math.min(3, executor.slots(trainerOf('own')))
      const runs = await Promise.all(Array.from({ length: slots }, (_, number) => run(executor, 'own', { number, params: { x: number / 10 } })))
      for (const [number, { reports, result }] of runs.entries()) {
        ensure(reports.length === 20 && reports.every((report) => report['number'] === number && report['x'] === number / 10), () => `Trial ${number} got reports of another: ${show(reports)}`)
        ensureEqual(result, { number }, `Result of trial ${number}`)
      }
    }),
    test('frees the slot of a training that hangs', async (executor) => {
      for (let number = 0; number < 2; number++) {
        const execution = executor.run(trainerOf('hangs'), trialOf({ number }))
        await next(execution)
        const pending = execution.reports.next()
        pending.catch(() => undefined) // Where the training was ended by force.
        await settles(execution.end(), 'end() of a training that hangs', 10_000)
      }
      ensureEqual((await run(executor, 'own', { params: { x: 1 } })).reports.length, 20, 'Reports of the next trial')
    }),
    test('ends a trial that was never pulled', async (executor) => {
      const slots = Math.min(10, executor.slots(trainerOf('own')))
      for (let number = 0; number <= slots; number++) await end(executor.run(trainerOf('own'), trialOf({ number })))
      ensureEqual((await run(executor, 'own', { params: { x: 1 } })).reports.length, 20, 'Reports of a trial that is pulled')
    }),
    test('runs exclusive work one piece after the other', async (executor) => {
      if (executor.exclusively === undefined) return
      const order: string[] = []
      const piece = (name: string) => async (): Promise<string> => {
        order.push(`${name} begins`)
        await Promise.resolve()
        order.push(`${name} ends`)
        return name
      }
      const answers = await settles(Promise.all([executor.exclusively(piece('a')), executor.exclusively(piece('b'))]), 'exclusively()')
      ensureEqual(answers, ['a', 'b'], 'What the work answered')
      ensureEqual(order, ['a begins', 'a ends', 'b begins', 'b ends'], 'The order')
      const error = await rejection(() => executor.exclusively!(() => Promise.reject(new Error('the work failed'))), 'Work that fails')
      ensureEqual(error.message, 'the work failed', 'Its error')
      ensureEqual((await run(executor, 'own', { params: { x: 1 } })).reports.length, 20, 'Reports of a trial after exclusive work')
    }),
    test('lets no trial go on while exclusive work runs', async (executor) => {
      if (executor.exclusively === undefined || executor.slots(trainerOf('own')) < 2) return
      const execution = executor.run(trainerOf('own'), trialOf({ params: { x: 1 } }))
      await next(execution)
      let over = false
      let early = false
      const report = Promise.withResolvers<void>()
      await settles(
        executor.exclusively(async () => {
          void next(execution).then(() => {
            early = !over
            report.resolve()
          }, report.reject)
          // Any other executor call answers meanwhile: enough turns of the event loop for a report to arrive.
          for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setTimeout(resolve, 0))
          over = true
        }),
        'exclusively()',
      )
      await settles(report.promise, 'The report after exclusive work')
      ensure(!early, 'A trial reported while exclusive work ran.')
      await settles(execution.reports.return(undefined), 'return()')
      await end(execution)
    }),
    test('can be closed twice', async (executor) => {
      await run(executor, 'own', { params: { x: 1 } })
      await settles(executor.close(), 'close()')
    }),
  ]
}

/** Registers the conformance tests of an executor with vitest. `setup` is called for each case, and gives another executor each time. */
export function executorSuite(name: string, setup: () => Awaitable<ExecutorSubject>, options: SuiteOptions = {}): void {
  registerSuite(name, executorCases(setup), options)
}
