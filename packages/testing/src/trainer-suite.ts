import { type Artifact, type Awaitable, isAttuneError, type Json, type Report, type Trainer, type TrainerTrial, type TrainingResult } from '@attune/core'
import { ensure, ensureEqual, equalData, rejection, settles, show } from './check.ts'
import { caseMaker, type Subject } from './subject.ts'
import { registerSuite, type SuiteCase, type SuiteOptions } from './suite.ts'

/** A trainer, and a training that is quick: three to ten reports. */
export interface TrainerSubject<P = unknown> extends Subject {
  readonly trainer: Trainer<P>
  readonly params: P
  /** Relative difference that is allowed between the metrics of equal trainings. Default 0: they are the same numbers. */
  readonly tolerance?: number
  /** Metrics that measure time or memory: they may differ between equal trainings. */
  readonly measured?: readonly string[]
  /** Formats that the artefact can be had in, its own included. */
  readonly kinds?: readonly string[]
  /** Counts what the trainer holds (tensors, handles, processes): the same before and after each training. */
  readonly held?: () => Awaitable<number>
}

interface Training {
  readonly reports: readonly Report[]
  readonly artifact: Artifact | undefined
}

type TrialPart<P> = Partial<Pick<TrainerTrial<P>, 'signal' | 'resumeFrom' | 'toStep' | 'number' | 'params'>>

function trialOf<P>(params: P, part: TrialPart<P> = {}): TrainerTrial<P> {
  return {
    number: 0,
    attempt: 1,
    params,
    seed: 20_240_229,
    signal: new AbortController().signal,
    resumeFrom: undefined,
    toStep: undefined,
    warn: () => undefined,
    setAttribute: async (_key: string, _value: Json) => undefined,
    setArtifact: async () => undefined,
    ...part,
  }
}

async function next(training: AsyncGenerator<Report, TrainingResult, void>): Promise<IteratorResult<Report, TrainingResult>> {
  return settles(training.next(), 'The next report')
}

/** Pulls a training to its end, as a study does. */
async function train<P>(trainer: Trainer<P>, trial: TrainerTrial<P>, each: (report: Report) => Awaitable<void> = () => undefined): Promise<Training> {
  const training = trainer.train(trial)
  const reports: Report[] = []
  for (;;) {
    const result = await next(training)
    if (result.done === true) return { reports, artifact: typeof result.value === 'object' && typeof result.value.bytes === 'function' ? (result.value as Artifact) : undefined }
    reports.push(result.value)
    ensure(reports.length <= 10_000, 'The training of the suite made 10,000 reports: give parameters of a short one.')
    await each(result.value)
  }
}

/** Pulls the first reports and answers them with the training, which goes on. */
async function begin<P>(trainer: Trainer<P>, trial: TrainerTrial<P>, count: number): Promise<{ readonly training: ReturnType<Trainer<P>['train']>; readonly reports: readonly Report[] }> {
  const training = trainer.train(trial)
  const reports: Report[] = []
  while (reports.length < count) {
    const result = await next(training)
    ensure(result.done !== true, `The training ended after ${reports.length} reports: give parameters with which it makes at least three.`)
    reports.push(result.value)
  }
  return { training, reports }
}

function metricsOf(report: Report, measured: readonly string[] = []): { readonly [metric: string]: number } {
  const numbers = Object.entries(report).filter((entry): entry is [string, number] => typeof entry[1] === 'number' && !measured.includes(entry[0]))
  return Object.fromEntries(numbers)
}

/** Fails unless both lists have the same steps and metrics, up to the tolerance. */
function ensureSameReports(actual: readonly Report[], expected: readonly Report[], { tolerance = 0, measured = [] }: Pick<TrainerSubject, 'tolerance' | 'measured'>, what: string): void {
  ensureEqual(actual.map(({ step }) => step), expected.map(({ step }) => step), `${what}: steps`)
  for (const [i, report] of actual.entries()) {
    const left = metricsOf(report, measured)
    const right = metricsOf(expected[i] as Report, measured)
    ensureEqual(Object.keys(left).sort(), Object.keys(right).sort(), `${what}: metrics at step ${report.step}`)
    for (const [metric, value] of Object.entries(left)) {
      const other = right[metric] as number
      const close = Object.is(value, other) || Math.abs(value - other) <= tolerance * Math.max(Math.abs(value), Math.abs(other))
      ensure(close, `${what}: ${metric} at step ${report.step} is ${value}, not ${other} (tolerance ${tolerance}).`)
    }
  }
}

async function ensureFreed({ held }: TrainerSubject, before: number | undefined, what: string): Promise<void> {
  if (held !== undefined && before !== undefined) ensureEqual(await held(), before, `What the trainer holds after ${what}`)
}

/** The cases of `trainerSuite`, to run without vitest. */
export function trainerCases<P>(setup: () => Awaitable<TrainerSubject<P>>): readonly SuiteCase[] {
  const test = caseMaker(setup)
  return [
    test('says which contract it keeps', ({ trainer }) => {
      ensureEqual(trainer.specVersion, 'v1', 'specVersion')
      ensure(typeof trainer.id === 'string' && trainer.id !== '', 'id must be a name.')
      ensure(trainer.concurrency === 'exclusive' || trainer.concurrency === 'shared', () => `concurrency must be 'exclusive' or 'shared', not ${show(trainer.concurrency)}.`)
    }),
    test('reports numbers at steps that grow strictly', async ({ trainer, params }) => {
      const { reports } = await train(trainer, trialOf(params))
      ensure(reports.length >= 3, `The training made ${reports.length} reports: give parameters with which it makes at least three.`)
      let last = -Infinity
      for (const report of reports) {
        ensure(Number.isSafeInteger(report.step) && report.step > last, `Step ${report.step} comes after step ${last}: steps must be integers that grow strictly.`)
        last = report.step
        const { step: _, checkpoint, ...metrics } = report
        ensure(checkpoint === undefined || typeof checkpoint === 'function', 'checkpoint must be a function that makes the bytes when they are wanted.')
        ensure(Object.keys(metrics).length > 0, `The report at step ${report.step} has no metric.`)
        for (const [metric, value] of Object.entries(metrics)) ensure(value === undefined || typeof value === 'number', () => `${metric} at step ${report.step} is ${show(value)}, not a number.`)
      }
    }),
    test('gives the same metrics for the same parameters and seed', async (subject) => {
      const { trainer, params } = subject
      const first = await train(trainer, trialOf(params))
      ensureSameReports((await train(trainer, trialOf(params))).reports, first.reports, subject, 'A second training')
    }),
    test('does not change its parameters', async ({ trainer, params }) => {
      const before = structuredClone(params)
      await train(trainer, trialOf(params))
      ensure(equalData(params, before), () => `The parameters were ${show(before)} and are ${show(params)} after the training.`)
    }),
    test('leaves an artefact that can be read', async ({ trainer, params, kinds }) => {
      const { artifact } = await train(trainer, trialOf(params))
      if (artifact === undefined) {
        ensure(kinds === undefined, 'The training returned no artefact, but `kinds` says that it leaves one.')
        return
      }
      ensure(typeof artifact.kind === 'string' && artifact.kind !== '', 'The kind of an artefact must be a name.')
      for (const kind of kinds ?? [artifact.kind]) {
        const as = await artifact.as(kind)
        ensureEqual(as.kind, kind, `as(${show(kind)})`)
        const bytes = await as.bytes()
        ensure(bytes instanceof Uint8Array && bytes.length > 0, `The artefact as ${kind} has no bytes.`)
      }
    }),
    test('refuses a format that the artefact does not have', async ({ trainer, params }) => {
      const { artifact } = await train(trainer, trialOf(params))
      if (artifact === undefined) return
      const error = await rejection(() => artifact.as('no-such-format'), 'as("no-such-format")')
      ensure(isAttuneError(error, 'UNSUPPORTED'), () => `as() of an unknown format must throw UNSUPPORTED, naming the formats that exist. It threw ${show(error)}`)
      ensure(error.message.includes(artifact.kind), () => `The message must name the formats that exist. It is ${show(error.message)}`)
    }),
    test('ends when the study stops pulling', async (subject) => {
      const { trainer, params } = subject
      await train(trainer, trialOf(params))
      const before = await subject.held?.()
      const { training } = await begin(trainer, trialOf(params), 1)
      const ended = await settles(training.return(undefined), 'return() after the first report')
      ensure(ended.done === true, 'return() must end the training: its finally blocks must not yield.')
      ensure((await next(training)).done === true, 'next() after return() must say that the training is over.')
      await ensureFreed(subject, before, 'a training that was stopped')
    }),
    test('ends within one report after an abort', async (subject) => {
      const { trainer, params } = subject
      await train(trainer, trialOf(params))
      const before = await subject.held?.()
      const controller = new AbortController()
      const { training } = await begin(trainer, trialOf(params, { signal: controller.signal }), 1)
      controller.abort()
      const more = await countUntilEnd(training)
      ensure(more <= 1, `${more} more reports came after the abort: look at trial.signal in each step.`)
      await ensureFreed(subject, before, 'a training that was aborted')
    }),
    test('does not train when it was aborted before it began', async ({ trainer, params }) => {
      const reports = await countUntilEnd(trainer.train(trialOf(params, { signal: AbortSignal.abort() })))
      ensure(reports <= 1, `${reports} reports came although the signal was aborted before the training began.`)
    }),
    test('stops at the step that it is given', async (subject) => {
      const { trainer, params } = subject
      const whole = await train(trainer, trialOf(params))
      const toStep = whole.reports[1]?.step
      ensure(toStep !== undefined, 'Give parameters with which the training makes at least three reports.')
      const { reports } = await train(trainer, trialOf(params, { toStep }))
      ensureEqual(reports.map(({ step }) => step), whole.reports.slice(0, 2).map(({ step }) => step), `Steps with toStep ${toStep}`)
    }),
    test('goes on from a checkpoint as if nothing had happened', async (subject) => {
      const { trainer, params } = subject
      const whole = await train(trainer, trialOf(params))
      const { training, reports } = await begin(trainer, trialOf(params), 2)
      const { step, checkpoint } = reports[1] as Report
      ensure(checkpoint !== undefined, 'No report offers a checkpoint. If this trainer cannot save its state, exempt this case and say why.')
      const bytes = await settles(checkpoint(), 'checkpoint()')
      ensure(bytes instanceof Uint8Array && bytes.length > 0, () => `checkpoint() must answer bytes, not ${show(bytes)}.`)
      await settles(training.return(undefined), 'return()')
      const resumed = await train(trainer, trialOf(params, { resumeFrom: { step, bytes } }))
      ensureSameReports(resumed.reports, whole.reports.slice(2), subject, 'A resumed training')
    }),
    test('refuses a checkpoint that is none', async ({ trainer, params }) => {
      const resumeFrom = { step: 1, bytes: new Uint8Array([1, 2, 3, 250]) }
      await rejection(() => train(trainer, trialOf(params, { resumeFrom })), 'Training from bytes that are no checkpoint')
      const { reports } = await train(trainer, trialOf(params))
      ensure(reports.length > 0, 'After a bad checkpoint the trainer must still train.')
    }),
    test('holds nothing when a training is over', async (subject) => {
      const { trainer, params } = subject
      await train(trainer, trialOf(params))
      const before = await subject.held?.()
      await train(trainer, trialOf(params))
      await ensureFreed(subject, before, 'a training that ended')
    }),
    test('can be used again after release', async (subject) => {
      const { trainer, params } = subject
      const first = await train(trainer, trialOf(params))
      await settles(trainer.release?.(), 'release()')
      await settles(trainer.release?.(), 'a second release()')
      ensureSameReports((await train(trainer, trialOf(params))).reports, first.reports, subject, 'A training after release')
    }),
    test('keeps trainings apart that run at once, if it is shared', async (subject) => {
      const { trainer, params } = subject
      if (trainer.concurrency !== 'shared') return
      const alone = await train(trainer, trialOf(params))
      const [first, second] = await Promise.all([train(trainer, trialOf(params)), train(trainer, trialOf(params, { number: 1 }))])
      ensureSameReports(first.reports, alone.reports, subject, 'The first of two trainings at once')
      ensureSameReports(second.reports, alone.reports, subject, 'The second of two trainings at once')
    }),
  ]
}

async function countUntilEnd(training: AsyncGenerator<Report, TrainingResult, void>): Promise<number> {
  for (let reports = 0; ; reports++) {
    if ((await next(training)).done === true || reports > 1_000) return reports
  }
}

/**
 * Registers the conformance tests of a trainer with vitest. `setup` is called for each case;
 * it may give the same trainer each time.
 */
export function trainerSuite<P>(name: string, setup: () => Awaitable<TrainerSubject<P>>, options: SuiteOptions = {}): void {
  registerSuite(name, trainerCases(setup), options)
}
