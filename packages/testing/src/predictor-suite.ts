import type { Awaitable, Predictor, Rows } from '@attune/core'
import { ensure, ensureEqual, rejection, settles, show } from './check.ts'
import { caseMaker, type Subject } from './subject.ts'
import { registerSuite, type SuiteCase, type SuiteOptions } from './suite.ts'

/** A predictor, and rows that it can answer. */
export interface PredictorSubject extends Subject {
  readonly predictor: Predictor
  /** At least three rows, with different answers. */
  readonly rows: Rows
  /** How far two answers to the same row may be apart, relative to 1 and to the answer: sums of floats depend on what is beside a row. Default 1e-4. */
  readonly tolerance?: number
}

/** Some of the rows, in this order. */
function pick({ data, shape }: Rows, order: readonly number[]): Rows {
  const size = data.length / shape[0]!
  const picked = new Float32Array(order.length * size)
  order.forEach((row, index) => picked.set(data.subarray(row * size, (row + 1) * size), index * size))
  return { data: picked, shape: [order.length, ...shape.slice(1)] }
}

function ensureSame(actual: Rows, expected: Rows, { tolerance = 1e-4 }: PredictorSubject, what: string): void {
  ensureEqual([...actual.shape], [...expected.shape], `${what}: shape`)
  for (const [index, value] of expected.data.entries()) {
    const other = actual.data[index]!
    ensure(other === value || Math.abs(other - value) <= tolerance * Math.max(1, Math.abs(value)), `${what}: number ${index} is ${other}, not ${value} (tolerance ${tolerance}).`)
  }
}

async function predict({ predictor }: PredictorSubject, rows: Rows): Promise<Rows> {
  return settles(predictor.predict(rows), 'predict()')
}

/** The cases of `predictorSuite`, to run without vitest. */
export function predictorCases(setup: () => Awaitable<PredictorSubject>): readonly SuiteCase[] {
  const test = caseMaker(setup)
  const count = ({ rows }: PredictorSubject): number => rows.shape[0]!
  return [
    test('says which contract it keeps', ({ predictor }) => {
      ensureEqual(predictor.specVersion, 'v1', 'specVersion')
      ensure(typeof predictor.id === 'string' && predictor.id !== '', 'id must be a name.')
    }),
    test('answers finite numbers, a row for each row', async (subject) => {
      ensure(count(subject) >= 3, 'The suite needs at least three rows.')
      const { data, shape } = await predict(subject, subject.rows)
      ensure(data instanceof Float32Array, () => `predict() must answer a Float32Array, not ${show(data)}.`)
      ensure(shape.length >= 2 && shape[0] === count(subject), () => `predict() of ${count(subject)} rows must answer [${count(subject)}, …], not [${shape.join(', ')}].`)
      ensureEqual(data.length, shape.reduce((product, size) => product * size, 1), 'Numbers of the answer, by its shape')
      for (const value of data) ensure(Number.isFinite(value), () => `The answer holds ${value}: logits are finite numbers.`)
    }),
    test('answers rows in their order', async (subject) => {
      const answers = await predict(subject, subject.rows)
      const backwards = Array.from({ length: count(subject) }, (_, index) => count(subject) - 1 - index)
      ensureSame(await predict(subject, pick(subject.rows, backwards)), pick(answers, backwards), subject, 'The rows from the last to the first')
      ensure(!answers.data.subarray(0, answers.data.length / count(subject)).every((value, index) => value === answers.data[answers.data.length - answers.data.length / count(subject) + index]), 'The first and the last row have the same answer: give rows with different ones.')
    }),
    test('answers a row the same whatever is beside it', async (subject) => {
      const answers = await predict(subject, subject.rows)
      for (let row = 0; row < count(subject); row++) ensureSame(await predict(subject, pick(subject.rows, [row])), pick(answers, [row]), subject, `Row ${row} alone`)
      const many = Array.from({ length: 3 * count(subject) }, (_, index) => (index * 2) % count(subject))
      ensureSame(await predict(subject, pick(subject.rows, many)), pick(answers, many), subject, 'Rows several times')
    }),
    test('does not change the rows, nor an answer that it gave', async (subject) => {
      const before = subject.rows.data.slice()
      const first = await predict(subject, subject.rows)
      const answered = first.data.slice()
      await predict(subject, pick(subject.rows, [1, 0]))
      ensureEqual([...subject.rows.data], [...before], 'The rows after predict()')
      ensureEqual([...first.data], [...answered], 'The first answer after a second one')
    }),
    test('keeps calls apart that overlap', async (subject) => {
      const answers = await predict(subject, subject.rows)
      const calls = Array.from({ length: count(subject) }, (_, row) => predict(subject, pick(subject.rows, [row])))
      for (const [row, answer] of (await Promise.all(calls)).entries()) ensureSame(answer, pick(answers, [row]), subject, `Row ${row}, while others were asked for`)
    }),
    test('rejects when it is aborted, and answers again', async (subject) => {
      const { predictor, rows } = subject
      const expected = await predict(subject, rows)
      await rejection(async () => predictor.predict(rows, { signal: AbortSignal.abort() }), 'predict() with an aborted signal')
      const controller = new AbortController()
      const call = Promise.resolve(predictor.predict(rows, { signal: controller.signal }))
      controller.abort()
      await settles(Promise.allSettled([call]), 'predict() after an abort')
      ensureSame(await predict(subject, rows), expected, subject, 'After an abort')
    }),
    test('rejects rows of another width, and answers again', async (subject) => {
      const { predictor, rows } = subject
      const expected = await predict(subject, rows)
      const wide = [rows.shape[0]!, ...rows.shape.slice(1, -1), rows.shape.at(-1)! + 1]
      await rejection(async () => predictor.predict({ data: new Float32Array(wide.reduce((product, size) => product * size, 1)), shape: wide }), 'predict() of rows that are too wide')
      ensureSame(await predict(subject, rows), expected, subject, 'After rows that are too wide')
    }),
    test('can be closed, twice if need be', async ({ predictor }) => {
      await settles(predictor.close?.(), 'close()')
      await settles(predictor.close?.(), 'a second close()')
    }),
  ]
}

/**
 * Registers the conformance tests of a predictor with vitest. `setup` is called for each case and gives another
 * predictor each time, or always the same one: the case that closes it comes last.
 */
export function predictorSuite(name: string, setup: () => Awaitable<PredictorSubject>, options: SuiteOptions = {}): void {
  registerSuite(name, predictorCases(setup), options)
}
