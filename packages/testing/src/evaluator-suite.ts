import { type Artifact, AttuneError, type Awaitable, type EvaluateContext, type Evaluator, type Metrics } from '@attune/core'
import { ensure, ensureEqual, rejection, settles, show } from './check.ts'
import { caseMaker, type Subject } from './subject.ts'
import { registerSuite, type SuiteCase, type SuiteOptions } from './suite.ts'

/** An evaluator, and an artefact that it can judge. */
export interface EvaluatorSubject extends Subject {
  readonly evaluator: Evaluator
  readonly artifact: Artifact
  /** Metrics that measure time: they may differ when the same artefact is judged again. */
  readonly measured?: readonly string[]
  /** Relative difference that is allowed between the metrics of equal artefacts. Default 0. */
  readonly tolerance?: number
}

function contextOf(signal: AbortSignal = new AbortController().signal): EvaluateContext {
  return { number: 0, params: {}, alone: true, signal, warn: () => undefined, setAttribute: () => Promise.resolve() }
}

async function evaluate({ evaluator, artifact }: EvaluatorSubject): Promise<Metrics> {
  return settles(evaluator.evaluate(artifact, contextOf()), 'evaluate()')
}

function ensureSame(actual: Metrics, expected: Metrics, { measured = [], tolerance = 0 }: EvaluatorSubject, what: string): void {
  ensureEqual(Object.keys(actual).sort(), Object.keys(expected).sort(), `${what}: names of the metrics`)
  for (const [metric, value] of Object.entries(actual)) {
    if (measured.includes(metric)) continue
    const other = expected[metric] as number
    ensure(Math.abs(value - other) <= tolerance * Math.max(Math.abs(value), Math.abs(other)), `${what}: ${metric} is ${value}, not ${other} (tolerance ${tolerance}). If it measures time, name it in \`measured\`.`)
  }
}

/** An artefact of the given kind that no evaluator can judge. */
function strangeArtifact(kind: string): Artifact {
  const artifact: Artifact = {
    kind,
    bytes: () => new Uint8Array([1, 2, 3, 250]),
    as: (wanted) => {
      if (wanted === kind) return artifact
      throw new AttuneError('UNSUPPORTED', `This artefact exists as ${kind} only, not as ${wanted}.`)
    },
  }
  return artifact
}

/** The cases of `evaluatorSuite`, to run without vitest. */
export function evaluatorCases(setup: () => Awaitable<EvaluatorSubject>): readonly SuiteCase[] {
  const test = caseMaker(setup)
  return [
    test('says which contract it keeps', ({ evaluator }) => {
      ensureEqual(evaluator.specVersion, 'v1', 'specVersion')
      ensure(typeof evaluator.id === 'string' && evaluator.id !== '', 'id must be a name.')
      ensure(typeof evaluator.exclusive === 'boolean', 'exclusive must be true or false.')
    }),
    test('answers metrics that are finite numbers', async (subject) => {
      const metrics = await evaluate(subject)
      ensure(typeof metrics === 'object' && metrics !== null && Object.keys(metrics).length > 0, () => `evaluate() must answer at least one metric, not ${show(metrics)}.`)
      for (const [metric, value] of Object.entries(metrics)) ensure(Number.isFinite(value), () => `${metric} is ${show(value)}, not a finite number.`)
    }),
    test('says which way metrics are better that it answers', async (subject) => {
      const { directions } = subject.evaluator
      if (directions === undefined) return
      const metrics = await evaluate(subject)
      for (const [metric, direction] of Object.entries(directions)) {
        ensure(direction === 'minimize' || direction === 'maximize', () => `directions.${metric} is ${show(direction)}, neither 'minimize' nor 'maximize'.`)
        ensure(metric in metrics, () => `directions names ${metric}, but the metrics are ${Object.keys(metrics).join(', ')}.`)
      }
    }),
    test('answers the same for the same artefact', async (subject) => {
      const first = await evaluate(subject)
      ensureSame(await evaluate(subject), first, subject, 'The same artefact again')
    }),
    test('does not change the artefact', async (subject) => {
      const before = (await subject.artifact.bytes()).slice()
      await evaluate(subject)
      const after = await subject.artifact.bytes()
      ensure(before.length === after.length && before.every((byte, i) => byte === after[i]), 'The bytes of the artefact are others after evaluate().')
    }),
    test('ends when it is aborted, and judges again', async (subject) => {
      const { evaluator, artifact } = subject
      const expected = await evaluate(subject)
      const controller = new AbortController()
      const call = Promise.resolve(evaluator.evaluate(artifact, contextOf(controller.signal)))
      controller.abort()
      await settles(Promise.allSettled([call]), 'evaluate() after an abort')
      ensureSame(await evaluate(subject), expected, subject, 'After an abort')
    }),
    test('ends when it was aborted before it began', async (subject) => {
      const { evaluator, artifact } = subject
      await settles(Promise.allSettled([Promise.resolve().then(() => evaluator.evaluate(artifact, contextOf(AbortSignal.abort())))]), 'evaluate() with an aborted signal')
      await evaluate(subject)
    }),
    test('can be used again after release', async (subject) => {
      const { evaluator } = subject
      const first = await evaluate(subject)
      await settles(evaluator.release?.(), 'release()')
      await settles(evaluator.release?.(), 'a second release()')
      ensureSame(await evaluate(subject), first, subject, 'After release')
    }),
    test('refuses an artefact of a kind that it does not know', async (subject) => {
      const { evaluator } = subject
      await rejection(() => evaluator.evaluate(strangeArtifact('attune-testing/strange'), contextOf()), 'Judging an artefact of an unknown kind')
      await evaluate(subject)
    }),
    test('refuses an artefact whose bytes are damaged', async (subject) => {
      const { evaluator, artifact } = subject
      await rejection(() => evaluator.evaluate(strangeArtifact(artifact.kind), contextOf()), `Judging damaged bytes of kind ${artifact.kind}`)
      await evaluate(subject)
    }),
    test('fails if the artefact cannot be read', async (subject) => {
      const { evaluator, artifact } = subject
      const unreadable = (): never => {
        throw new AttuneError('ARTIFACT', 'The bytes of this artefact are gone.')
      }
      await rejection(() => evaluator.evaluate({ kind: artifact.kind, bytes: unreadable, as: unreadable }, contextOf()), 'Judging an artefact whose bytes are gone')
      await evaluate(subject)
    }),
    test('keeps calls apart that overlap, unless it is exclusive', async (subject) => {
      const { evaluator } = subject
      if (evaluator.exclusive) return
      const alone = await evaluate(subject)
      for (const metrics of await Promise.all([evaluate(subject), evaluate(subject), evaluate(subject)])) ensureSame(metrics, alone, subject, 'One of three calls at once')
    }),
  ]
}

/**
 * Registers the conformance tests of an evaluator with vitest. `setup` is called for each case;
 * it may give the same evaluator and artefact each time.
 */
export function evaluatorSuite(name: string, setup: () => Awaitable<EvaluatorSubject>, options: SuiteOptions = {}): void {
  registerSuite(name, evaluatorCases(setup), options)
}
