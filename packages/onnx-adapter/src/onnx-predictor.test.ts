import { predictorSuite } from '@attune/testing'
import { createModelBuilder } from '@attune/onnx-format'
import { afterAll, describe, expect, test } from 'vitest'
import { denseModel, echoModel, shiftModel, twoByTwoModel } from './models.test-support.ts'
import { onnxPredictor, type OnnxPredictorOptions } from './onnx-predictor.ts'

const rows = { data: Float32Array.from([0.5, 0.25, 0.25, 0, 0.75, 0.25, -1, 2, 0.5, 3, -2, 1]), shape: [4, 3] }

/** Softmax of x, whatever x is. */
function softmaxModel(width: number): Uint8Array {
  const model = createModelBuilder({ graphName: 'softmax' })
  model.node(width === 1 ? 'Sigmoid' : 'Softmax', [model.input('x', 'float32', ['N', width])], { outputs: ['p'] })
  model.output('p', 'float32', ['N', width])
  return model.toBytes()
}

// One for all cases: the last of them closes it.
const varying = await onnxPredictor(denseModel(16), { batchSize: 2 })
const fixed = await onnxPredictor(shiftModel([1, 2, 3], [3, 3]))
afterAll(() => Promise.all([varying.close(), fixed.close()]))

predictorSuite('onnxPredictor', () => ({ predictor: varying, rows }))
predictorSuite('onnxPredictor of a model with a fixed batch', () => ({ predictor: fixed, rows }))

test('gives logits whose softmax is the probabilities of the model', async () => {
  await using predictor = await onnxPredictor(softmaxModel(3), { scores: 'probabilities', id: 'teacher' })
  expect(predictor.id).toBe('teacher')
  const { data, shape } = await predictor.predict(rows)
  expect(shape).toEqual([4, 3])
  for (let row = 0; row < 4; row++) {
    const softmax = (values: ArrayLike<number>): readonly number[] => {
      const exponentials = Array.from(values, Math.exp)
      return exponentials.map((value) => value / exponentials.reduce((sum, other) => sum + other))
    }
    softmax(data.subarray(row * 3, row * 3 + 3)).forEach((value, index) => expect(value).toBeCloseTo(softmax(rows.data.subarray(row * 3, row * 3 + 3))[index]!, 5))
  }
})

test('gives the logit of a single probability, and finite ones for 0 and 1', async () => {
  await using predictor = await onnxPredictor(softmaxModel(1), { scores: 'probabilities' })
  const { data } = await predictor.predict({ data: Float32Array.from([-2, 0, 1.5, -200]), shape: [4, 1] })
  ;[-2, 0, 1.5].forEach((logit, index) => expect(data[index]).toBeCloseTo(logit, 4))
  expect(data[3]).toBeCloseTo(Math.log(2 ** -126), 4)
  await using echo = await onnxPredictor(echoModel(), { scores: 'probabilities' })
  const answer = await echo.predict({ data: Float32Array.from([1, 0, 0]), shape: [1, 3] })
  expect([...answer.data].every(Number.isFinite)).toBe(true)
  await using single = await onnxPredictor(echoModel(['N', 1]), { scores: 'probabilities' })
  expect((await single.predict({ data: Float32Array.from([1, 0]), shape: [2, 1] })).data.every(Number.isFinite)).toBe(true)
})

test('once closed, answers no more: what runs and what waits ends, and no other process is started', async () => {
  const predictor = await onnxPredictor(denseModel(16))
  const calls = [predictor.predict(rows), predictor.predict(rows), predictor.predict(rows, { signal: new AbortController().signal })]
  const outcomes = Promise.allSettled(calls.map((call) => Promise.resolve(call)))
  await predictor.close()
  for (const outcome of await outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ONNX_CLOSED' } })
  await expect(predictor.predict(rows)).rejects.toMatchObject({ code: 'ONNX_CLOSED', message: expect.stringMatching(/open it again/) })
  await predictor.close()
})

test('other float types are given as float32', async () => {
  const model = createModelBuilder({ graphName: 'double' })
  model.node('Cast', [model.input('x', 'float32', ['N', 3])], { outputs: ['y'], attributes: { to: { int: 11 } } })
  model.output('y', 'float64', ['N', 3])
  await using predictor = await onnxPredictor(model.toBytes())
  expect((await predictor.predict(rows)).data).toEqual(rows.data)
})

describe('refuses', () => {
  test('halves, in every Node: some give their bits for numbers', async () => {
    const model = createModelBuilder({ graphName: 'half' })
    model.node('Cast', [model.input('x', 'float32', ['N', 3])], { outputs: ['y'], attributes: { to: { int: 10 } } })
    model.output('y', 'float16', ['N', 3])
    await using predictor = await onnxPredictor(model.toBytes())
    await expect(predictor.predict(rows)).rejects.toMatchObject({ code: 'ONNX_OUTPUT', message: expect.stringMatching(/Output "y" is float16.*Cast it in the model/) })
  })

  test.each<readonly [string, Uint8Array, OnnxPredictorOptions, string, RegExp]>([
    ['two inputs', twoByTwoModel(), {}, 'ONNX_INPUT', /one float32 input; this one has "a" \(float32\), "b"/],
    ['integers as input', echoModel(['N'], 'int64'), {}, 'ONNX_INPUT', /"x" \(int64\)/],
    ['an output that is not there', echoModel(), { output: 'z' }, 'ONNX_OUTPUT', /no output "z"; it has "y"/],
    ['a batch of 0', echoModel(), { batchSize: 0 }, 'ONNX_OPTION', /batchSize/],
    ['other scores', echoModel(), { scores: 'percent' as 'logits' }, 'ONNX_OPTION', /scores: "percent"/],
    ['an option that does not exist', echoModel(), { outputs: 'y' } as never, 'ONNX_OPTION', /onnxPredictor has no option "outputs"\. Did you mean "output"\?/],
    ['no name', echoModel(), { id: '' }, 'ONNX_OPTION', /id is a name/],
    ['no model', new Uint8Array(), {}, 'ONNX_MODEL', /empty/],
  ])('%s', async (_, model, options, code, message) => {
    await expect(onnxPredictor(model, options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  test('logits that were called probabilities', async () => {
    await using predictor = await onnxPredictor(echoModel(), { scores: 'probabilities' })
    await expect(predictor.predict(rows)).rejects.toMatchObject({ code: 'ONNX_OUTPUT', message: expect.stringMatching(/-1, which is no probability.*scores: 'logits'/) })
  })
})
