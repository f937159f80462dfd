import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AttuneError, isAttuneError, type Artifact } from '@attune/core'
import { afterAll, describe, expect, test } from 'vitest'
import type { EvaluationData } from './evaluation-data.ts'
import { onnxEvaluator, type OnnxEvaluator, type OnnxEvaluatorOptions } from './evaluator.ts'
import { echoModel, endlessModel, mixedModel, nodeModel, shiftModel, twoByTwoModel, withExternalData } from './models.test-support.ts'
import { openPredictor } from './predictor.ts'
import type { ModelInputs, TensorData } from './tensor-data.ts'

/** Five rows that are probabilities; with these labels the accuracy of an echo is 0.8. */
const rows: TensorData = { data: Float32Array.from([0.5, 0.25, 0.25, 0.25, 0.5, 0.25, 0.25, 0.25, 0.5, 0, 1, 0, 0.125, 0.125, 0.75]), dims: [5, 3] }
const labels = [0, 1, 2, 1, 0]
const data: EvaluationData = { inputs: rows, labels }

/** One process for all tests that need no options of their own. */
const shared: OnnxEvaluator = onnxEvaluator({ data })
afterAll(() => shared.release())

/** What an evaluation with these options rejects with. */
async function failure(model: Parameters<OnnxEvaluator['evaluate']>[0], options: Partial<OnnxEvaluatorOptions>): Promise<AttuneError> {
  await using evaluator = onnxEvaluator({ data, ...options })
  const error: unknown = await evaluator.evaluate(model).then((metrics) => expect.fail(`it answered ${JSON.stringify(metrics)}`), (reason: unknown) => reason)
  if (!isAttuneError(error)) throw error
  return error
}

describe('quality', () => {
  test('of a classifier: accuracy, log loss, calibration error and the size of the model', async () => {
    const model = echoModel()
    const logLoss = -(Math.log(0.5) * 3 + Math.log(1 - 2 ** -23) + Math.log(0.125)) / 5
    expect(await shared.evaluate(model)).toEqual({ accuracy: 0.8, logLoss: expect.closeTo(logLoss, 12), ece: expect.closeTo(0.45, 12), modelBytes: model.length })
  })

  test.each([1, 2, 3, 4, 5, 64])('is the same with batches of %i, the last one partial', async (batchSize) => {
    await using evaluator = onnxEvaluator({ data, batchSize })
    expect(await evaluator.evaluate(echoModel())).toEqual(await shared.evaluate(echoModel()))
  })

  test.each([1, 2, 4, 8])('is the same for a model whose batch is fixed at %i', async (batch) => {
    const { modelBytes: _, ...expected } = await shared.evaluate(echoModel())
    expect(await shared.evaluate(echoModel([batch, 3]))).toMatchObject(expected)
  })

  test('of logits', async () => {
    await using evaluator = onnxEvaluator({ data: { inputs: { data: Float32Array.from([2, 0, -1, 3]), dims: [2, 2] }, labels: [0, 0] }, scores: 'logits', metrics: ['logLoss'] })
    const { logLoss } = await evaluator.evaluate(echoModel(['N', 2]))
    expect(logLoss).toBeCloseTo((Math.log(1 + Math.exp(-2)) + Math.log(1 + Math.exp(4))) / 2, 12)
  })

  test('of classes, as a model with 64-bit integers answers them', async () => {
    await using evaluator = onnxEvaluator({ data: { inputs: { data: BigInt64Array.from([4n, 2n, 0n, 1n]), dims: [4] }, labels: [4, 2, 1, 1] }, scores: 'classes' })
    expect(await evaluator.evaluate(echoModel(['N'], 'int64'))).toMatchObject({ accuracy: 0.75 })
  })

  test('of a regression: the mean errors, and only those that are wanted', async () => {
    const targets = { data: Float64Array.from([0, 0, 2, 2]), dims: [2, 2] }
    const inputs = { data: Float32Array.from([1, -1, 2, 5]), dims: [2, 2] }
    await using evaluator = onnxEvaluator({ data: { inputs, targets } })
    expect(await evaluator.evaluate(echoModel(['N', 2]))).toMatchObject({ meanSquaredError: 2.75, rootMeanSquaredError: expect.closeTo((Math.sqrt(0.5) + Math.sqrt(5)) / 2, 12), meanAbsoluteError: 1.25 })
    await using one = onnxEvaluator({ data: { inputs, targets }, metrics: ['meanAbsoluteError'], prefix: 'test.' })
    expect(Object.keys(await one.evaluate(echoModel(['N', 2])))).toEqual(['test.meanAbsoluteError', 'test.modelBytes'])
  })

  test('of the named one of several outputs, from several inputs', async () => {
    const half = { data: Float32Array.from([0.5, 0.25]), dims: [1, 2] }
    const inputs = { b: half, a: { data: Float32Array.from([1, 1]), dims: [1, 2] } }
    await using evaluator = onnxEvaluator({ data: { inputs, targets: half }, output: 'difference', metrics: ['meanAbsoluteError'] })
    expect(await evaluator.evaluate(twoByTwoModel())).toMatchObject({ meanAbsoluteError: 0.25 })
  })

  test('of one output that can be judged, beside others that cannot', async () => {
    await using evaluator = onnxEvaluator({ data, output: 'y', latency: { runs: 2 } })
    expect(await evaluator.evaluate(mixedModel())).toMatchObject({ accuracy: 0.8, latencyP50Ms: expect.any(Number) })
    expect(await failure(mixedModel(), { output: 'text' })).toMatchObject({ code: 'ONNX_OUTPUT', message: expect.stringContaining('"text" is string') })
    expect(await failure(mixedModel(), { output: 'top' })).toMatchObject({ code: 'ONNX_OUTPUT', message: expect.stringContaining('first dimension should be the row') })
    expect(await failure(mixedModel(), {})).toMatchObject({ code: 'ONNX_OUTPUT', message: expect.stringContaining('name the one to judge') })
  })

  test('judges each model anew, with data that was sent once', async () => {
    expect((await shared.evaluate(shiftModel([0, 0, 0])))['accuracy']).toBe(0.8)
    await using logits = onnxEvaluator({ data, scores: 'logits' })
    expect((await logits.evaluate(shiftModel([0, 0, 9])))['accuracy']).toBe(0.2)
    expect((await logits.evaluate(shiftModel([9, 0, 0])))['accuracy']).toBe(0.4)
  })
})

describe('a model', () => {
  const artifact = (kind: string, forms: { readonly [kind: string]: Uint8Array }): Artifact => ({
    kind,
    bytes: () => forms[kind]!,
    as(wanted) {
      if (forms[wanted] === undefined) throw new AttuneError('UNSUPPORTED', `There is no ${wanted}, only ${Object.keys(forms).join(', ')}.`)
      return artifact(wanted, forms)
    },
  })

  test('may be an artefact that is ONNX or can become it', async () => {
    expect((await shared.evaluate(artifact('onnx', { onnx: echoModel() })))['accuracy']).toBe(0.8)
    expect((await shared.evaluate(artifact('tfjs', { tfjs: Uint8Array.of(1), onnx: echoModel() })))['accuracy']).toBe(0.8)
    await expect(shared.evaluate(artifact('tfjs', { tfjs: Uint8Array.of(1) }))).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  test('may be a file of the one directory that is named, and no other', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'attune-onnx-'))
    try {
      const directory = join(folder, 'models')
      await mkdir(join(directory, 'sub'), { recursive: true })
      for (const file of ['models/good.onnx', 'models/sub/good.onnx', 'models/..good.onnx', 'secret.onnx']) await writeFile(join(folder, file), echoModel())
      for (const path of ['good.onnx', 'sub/good.onnx', 'sub/../good.onnx', '..good.onnx', join(directory, 'good.onnx')]) {
        expect((await shared.evaluate({ path, directory }))['accuracy']).toBe(0.8)
      }
      const outside = ['../secret.onnx', join(folder, 'secret.onnx'), '/etc/passwd', '..', '.', 'sub/../../secret.onnx']
      if (process.platform !== 'win32') {
        await symlink(join(folder, 'secret.onnx'), join(directory, 'link.onnx'))
        await symlink(folder, join(directory, 'up'))
        outside.push('link.onnx', 'up/secret.onnx')
      }
      for (const path of [...outside, 'missing.onnx', 'a\0b', 'sub', 'x'.repeat(300)]) {
        await expect(shared.evaluate({ path, directory }), path).rejects.toMatchObject({ code: 'ONNX_PATH', message: expect.stringContaining(path.includes('\0') ? 'needs' : path) })
      }
      await expect(shared.evaluate({ path: 'good.onnx', directory: join(folder, 'none') })).rejects.toMatchObject({ code: 'ONNX_PATH' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  const whole = shiftModel([1, 2, 3])
  test.each([
    ['garbage', Uint8Array.from({ length: 500 }, (_, index) => (index * 37) % 251), /no ONNX model/],
    ['truncated', whole.slice(0, whole.length - 20), /no ONNX model/],
    ['empty', new Uint8Array(), /empty/],
    ['an unknown operator', nodeModel('Reluu'), /Reluu/],
    ['a newer IR', nodeModel('Relu', { irVersion: 99 }), /Unsupported model IR version: 99/],
    ['a newer operator set', nodeModel('Relu', { opset: 99 }), /opset/i],
    ['a text', new TextEncoder().encode('not a model at all'), /no ONNX model/],
  ])('that is %s is refused', async (_, model, message) => {
    await expect(shared.evaluate(model)).rejects.toMatchObject({ code: 'ONNX_MODEL', message: expect.stringMatching(message) })
    expect((await shared.evaluate(echoModel()))['accuracy']).toBe(0.8)
  })

  test.each(['weights.bin', '/etc/passwd', '../../secret'])('that refers to the file %s is refused', async (location) => {
    await expect(shared.evaluate(withExternalData(whole, location))).rejects.toMatchObject({ code: 'ONNX_EXTERNAL_DATA', message: expect.stringContaining(location) })
  })
})

describe('what is no model is refused', () => {
  test.each<readonly [string, unknown, string, RegExp]>([
    ['nothing', undefined, 'ONNX_OPTION', /got undefined/],
    ['a path alone', 'model.onnx', 'ONNX_OPTION', /\{ path: "model\.onnx", directory: '\.' \}/],
    ['a file without its directory', { path: 'model.onnx' }, 'ONNX_PATH', /needs \{ path, directory \}/],
    ['an object', {}, 'ONNX_OPTION', /an artefact, a Uint8Array, or a file/],
    ['an artefact without bytes', { kind: 'onnx', bytes: () => 'text', as: () => undefined }, 'ONNX_MODEL', /gave "text" instead of bytes/],
    ['no bytes', new Uint8Array(), 'ONNX_MODEL', /empty/],
  ])('%s', async (_, source, code, message) => {
    expect(await shared.evaluate(source as Uint8Array).catch((error: unknown) => error)).toMatchObject({ code, message: expect.stringMatching(message) })
  })
})

describe('inputs that are not the model’s are refused', () => {
  const one = (inputs: ModelInputs): Partial<OnnxEvaluatorOptions> => ({ data: { inputs, labels: [0] } })
  const row = { data: Float32Array.from([1, 0, 0]), dims: [1, 3] }
  test.each([
    ['another name', one({ pixels: row }), /no input "pixels"; it has "x"/],
    ['one too many', one({ x: row, z: row }), /no input "z"/],
    ['another type', one({ data: Float64Array.from([1, 0, 0]), dims: [1, 3] }), /"x" is float64, but the model takes float32/],
    ['another width', one({ data: Float32Array.from([1, 0]), dims: [1, 2] }), /dimensions \[1, 2\], but the model takes \[N, 3\]/],
    ['another rank', one({ data: Float32Array.from([1, 0, 0]), dims: [1, 3, 1] }), /dimensions \[1, 3, 1\]/],
  ])('%s', async (_, options, message) => {
    expect(await failure(echoModel(), options)).toMatchObject({ code: 'ONNX_INPUT', message: expect.stringMatching(message) })
  })

  test('one of two', async () => {
    const pair = { data: Float32Array.from([1, 0]), dims: [1, 2] }
    expect(await failure(twoByTwoModel(), { ...one({ a: pair }), output: 'sum' })).toMatchObject({ code: 'ONNX_INPUT', message: expect.stringContaining('"b" is missing') })
    expect(await failure(twoByTwoModel(), { ...one(pair), output: 'sum' })).toMatchObject({ code: 'ONNX_INPUT', message: expect.stringContaining('2 inputs ("a", "b")') })
  })
})

describe('answers that do not fit are refused', () => {
  const pair = { data: { inputs: { a: { data: new Float32Array(2), dims: [1, 2] }, b: { data: new Float32Array(2), dims: [1, 2] } }, labels: [0] } }
  test.each([
    ['an output that is not there', twoByTwoModel(), { ...pair, output: 'z' }, 'ONNX_OUTPUT', /no output "z"; it has "sum", "difference"/],
    ['several outputs and none named', twoByTwoModel(), pair, 'ONNX_OUTPUT', /2 outputs/],
    ['a label out of range', echoModel(), { data: { inputs: rows, labels: [0, 1, 2, 1, 3] } }, 'ONNX_LABEL', /row 4 has the label 3, but the model knows 3 classes/],
    ['no probabilities', shiftModel([5, 0, 0]), {}, 'ONNX_OUTPUT', /no probabilities.*output "y"/],
    ['not a number', nodeModel('Log'), { data: { inputs: { data: Float32Array.from([-1, 1, 1]), dims: [1, 3] }, labels: [0] }, scores: 'logits' }, 'ONNX_OUTPUT', /NaN in row 0/],
    ['no rows', nodeModel('ReduceSum', { outputShape: [1, 1] }), {}, 'ONNX_OUTPUT', /its first dimension should be the row/],
    ['targets of another width', echoModel(), { data: { inputs: rows, targets: { data: new Float32Array(5), dims: [5] } } }, 'ONNX_OUTPUT', /3 numbers per row, but the targets have 1/],
  ] as const)('%s', async (_, model, options, code, message) => {
    expect(await failure(model, options)).toMatchObject({ code, message: expect.stringMatching(message) })
  })
})

describe('providers', () => {
  test.each([['cuda'], ['tensorrt'], ['coreml'], ['dml']] as const)('%s, which is not here, is refused and not replaced', async (provider) => {
    expect(await failure(echoModel(), { executionProviders: [provider] })).toMatchObject({ code: 'ONNX_PROVIDER', message: expect.stringMatching(new RegExp(`"${provider}" is not available.* It (needs|exists on) .*leave "${provider}" out .*listExecutionProviders`)) })
    expect(await failure(echoModel(), { executionProviders: [provider, 'cpu'] })).toMatchObject({ code: 'ONNX_PROVIDER', message: expect.stringContaining(provider) })
  })

  test('several threads give the same', async () => {
    await using evaluator = onnxEvaluator({ data, intraOpThreads: 2 })
    expect(await evaluator.evaluate(echoModel())).toEqual(await shared.evaluate(echoModel()))
  })
})

describe('options and data that cannot be meant are refused at once', () => {
  const tensor = (values: readonly number[], dims: readonly number[]): TensorData => ({ data: Float32Array.from(values), dims })
  test.each<readonly [string, object, RegExp]>([
    ['no data', {}, /data is \{ inputs, labels \}/],
    ['no rows', { data: { inputs: tensor([], [0, 3]), labels: [] } }, /data\.inputs is empty/],
    ['no tensors', { data: { inputs: {}, labels: [] } }, /holds no tensor/],
    ['neither labels nor targets', { data: { inputs: rows } }, /either labels .* or targets/],
    ['both', { data: { inputs: rows, labels, targets: rows } }, /either/],
    ['a list instead of a typed array', { data: { inputs: { data: [1, 2, 3], dims: [1, 3] }, labels: [0] } }, /no typed array|is not \{ data, dims \}/],
    ['a tensor as TensorFlow.js has it', { data: { inputs: { data: Float32Array.of(1, 2), shape: [2, 1] }, labels: [0, 1] } }, /data\.inputs is not \{ data, dims \}: its shape is called dims here/],
    ['dims that do not fit', { data: { inputs: tensor([1, 2, 3], [2, 3]), labels: [0, 1] } }, /3 elements, but dims \[2, 3\] need 6/],
    ['dims below 0', { data: { inputs: tensor([], [-1, 0]), labels: [] } }, /no list of whole numbers/],
    ['a scalar', { data: { inputs: tensor([1], []), labels: [0] } }, /scalar/],
    ['inputs of different length', { data: { inputs: { a: tensor([1], [1]), b: tensor([1, 2], [2]) }, labels: [0] } }, /"b"\] has 2 rows, but .*"a"\] has 1/],
    ['too few labels', { data: { inputs: rows, labels: [0] } }, /1 labels for 5 rows/],
    ['a label that is no class', { data: { inputs: rows, labels: [0, 1, 2, 1, 0.5] } }, /labels\[4\] is 0\.5/],
    ['a label below 0', { data: { inputs: rows, labels: [0, -1, 2, 1, 0] } }, /labels\[1\] is -1/],
    ['too few targets', { data: { inputs: rows, targets: tensor([1], [1]) } }, /1 rows, but the inputs have 5/],
    ['a metric of the other kind', { data, metrics: ['meanSquaredError'] }, /"meanSquaredError" cannot be measured here/],
    ['log loss of classes', { data, scores: 'classes', metrics: ['logLoss'] }, /"logLoss" cannot/],
    ['unknown scores', { data, scores: 'percent' }, /scores is/],
    ['a batch of 0', { data, batchSize: 0 }, /batchSize is a whole number of at least 1/],
    ['half a thread', { data, intraOpThreads: 0.5 }, /intraOpThreads/],
    ['more threads than can be started', { data, intraOpThreads: 10_000 }, /intraOpThreads is a whole number of at least 1 and at most 1024, got 10000/],
    ['no provider', { data, executionProviders: [] }, /executionProviders/],
    ['a provider that nobody knows', { data, executionProviders: ['cpu', 'nonsense'] }, /"nonsense" is none of 'cpu', 'webgpu'/],
    ['a time-out of 0', { data, timeout: 0 }, /timeout/],
    ['a time-out that is no number', { data, timeout: Number.NaN }, /timeout/],
  ])('%s', (_, options, message) => {
    expect(() => onnxEvaluator(options as OnnxEvaluatorOptions)).toThrow(expect.objectContaining({ code: 'ONNX_OPTION', message: expect.stringMatching(message) }))
  })
})

describe('a predictor', () => {
  test('says what the model takes, and answers rows in any batches', async () => {
    await using predictor = await openPredictor(shiftModel([1, 2, 3]))
    expect(predictor.inputs).toEqual([{ name: 'x', type: 'float32', shape: ['N', 3] }])
    expect(predictor.outputs).toEqual([{ name: 'y', type: 'float32', shape: ['N', 3] }])
    const expected = Float32Array.from(rows.data as Float32Array, (value, index) => value + 1 + (index % 3))
    for (const options of [{}, { batchSize: 2 }, { batchSize: 100 }]) {
      expect(await predictor.predict(rows, options)).toEqual({ y: { data: expected, dims: [5, 3] } })
    }
    expect(await predictor.predict({ x: rows })).toEqual({ y: { data: expected, dims: [5, 3] } })
  })

  test('refuses what an evaluator refuses, and goes on', async () => {
    await using predictor = await openPredictor(echoModel())
    await expect(predictor.predict({ data: Float32Array.from([1]), dims: [1, 1] })).rejects.toMatchObject({ code: 'ONNX_INPUT' })
    await expect(predictor.predict({ data: Float32Array.from([]), dims: [0, 3] })).rejects.toMatchObject({ code: 'ONNX_OPTION' })
    expect(await predictor.predict(rows)).toMatchObject({ y: { dims: [5, 3] } })
    await expect(openPredictor(new Uint8Array())).rejects.toMatchObject({ code: 'ONNX_MODEL' })
    await expect(openPredictor(nodeModel('Reluu'))).rejects.toMatchObject({ code: 'ONNX_MODEL' })
  })

  test('loads its model again after an abort', async () => {
    const controller = new AbortController()
    await using predictor = await openPredictor(endlessModel())
    const prediction = predictor.predict(rows, { signal: controller.signal })
    controller.abort()
    await expect(prediction).rejects.toMatchObject({ code: 'ONNX_ABORTED' })
    await expect(predictor.predict({ data: Float32Array.from([1]), dims: [1, 1] })).rejects.toMatchObject({ code: 'ONNX_INPUT' })
  })
})
