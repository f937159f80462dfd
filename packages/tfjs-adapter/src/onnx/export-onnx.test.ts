import { readModel, type OnnxModel } from '@attune/onnx-format'
import * as tf from '@tensorflow/tfjs'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { apply, caseOf, chain, expectSameInNode, layers, on, randomise } from './export.test-support.ts'
import { exportOnnx, type ExportOnnxOptions } from './index.ts'
import { compositions, encoderDecoder, residual, vgg } from './networks.test-support.ts'

beforeAll(() => tf.setBackend('cpu'))

async function exported(model: tf.LayersModel, options?: ExportOnnxOptions): Promise<OnnxModel> {
  try {
    return readModel(await exportOnnx(tf, model, options))
  } finally {
    model.dispose()
  }
}

const count = (model: OnnxModel, operator: string): number => model.nodes.filter((node) => node.operator === operator).length

describe('names', () => {
  it('are those that the user gave, and do not count layers where TensorFlow.js made them up', async () => {
    const model = await exported(encoderDecoder())
    expect(model.inputs).toEqual([{ name: 'picture', kind: 'tensor', elementType: 'float32', shape: ['N', 16, 16, 3] }])
    expect(model.outputs).toEqual([
      { name: 'mask', kind: 'tensor', elementType: 'float32', shape: ['N', 16, 16, 2] },
      { name: 'kind', kind: 'tensor', elementType: 'float32', shape: ['N', 3] },
    ])
    const dense = await exported(on([2], layers.dense({ units: 1 })))
    expect([dense.graphName, dense.inputs[0]!.name, dense.outputs[0]!.name]).toEqual(['model', 'input', 'output'])
    const inputs = [tf.input({ shape: [2] }), tf.input({ shape: [2] })]
    const pair = await exported(tf.model({ inputs, outputs: apply(layers.add({ name: 'sum' }), ...inputs), name: 'adder' }))
    expect([pair.graphName, ...pair.inputs.map(({ name }) => name), pair.outputs[0]!.name]).toEqual(['adder', 'input_1', 'input_2', 'sum'])
    const named = await exported(chain(layers.dense({ units: 1, inputShape: [2], name: 'price' })))
    expect([named.inputs[0]!.name, named.outputs[0]!.name]).toEqual(['price_input', 'price'])
  })

  it('are different where an input is an output, and all names of nodes are', async () => {
    const input = tf.input({ shape: [2], name: 'x' })
    const model = await exported(tf.model({ inputs: input, outputs: [input, apply(layers.reLU({ name: 'y' }), input)] }))
    expect(model.inputs.map(({ name }) => name)).toEqual(['x'])
    expect(model.outputs.map(({ name }) => name)).toEqual(['x_1', 'y'])
    const large = await exported(vgg())
    expect(new Set(large.nodes.map(({ name }) => name)).size).toBe(large.nodes.length)
  })

  it('can be given, one for each end', async () => {
    const build = (): tf.LayersModel => on([2], layers.dense({ units: 1 }))
    const model = await exported(build(), { name: 'graph', inputNames: ['features'], outputNames: ['score'] })
    expect([model.graphName, model.inputs[0]!.name, model.outputs[0]!.name]).toEqual(['graph', 'features', 'score'])
    const misuses: [ExportOnnxOptions, RegExp][] = [
      [{ inputNames: [] }, /inputNames must be 1 different names/],
      [{ outputNames: ['a', 'b'] }, /outputNames must be 1 different names.*got \["a","b"\]/],
      [{ outputNames: [''] }, /outputNames must be 1/],
      [{ inputNames: ['x'], outputNames: ['x'] }, /"x" is among inputNames and outputNames/],
      [{ metadata: { trial: 3 } } as unknown as ExportOnnxOptions, /metadata\["trial"\] must be a string, got 3/],
      [{ origin: { study: 5 } } as unknown as ExportOnnxOptions, /origin\.study must be a string, got 5/],
      [{ origin: { trial: 1.5 } }, /origin\.trial is the number of a trial, 0 or more; got 1\.5/],
      [{ origin: { parameters: { big: 1n } } }, /origin\.parameters cannot be written as JSON: .*BigInt.*Give numbers/],
      [{ origin: { parameters: () => 1 } }, /origin\.parameters cannot be written as JSON: it is a function/],
      [{ output: 'probabilities' } as unknown as ExportOnnxOptions, /output must be "model" or "logits", got "probabilities"/],
    ]
    for (const [options, message] of misuses) await expect(exported(build(), options)).rejects.toMatchObject({ code: 'TFJS_OPTION', message: expect.stringMatching(message) as string })
  })

  it('leave sizes open that the model leaves open', async () => {
    const model = await exported(on([null, null, 3], layers.conv2d({ filters: 2, kernelSize: 3 })))
    expect([model.inputs[0]!.shape, model.outputs[0]!.shape]).toEqual([['N', 'input_1', 'input_2', 3], ['N', 'output_1', 'output_2', 2]])
  })
})

it('gives the same bytes for the same model, however many layers were made before', async () => {
  const bytes = async (): Promise<Uint8Array> => {
    const model = vgg()
    randomise(model)
    const onnx = await exportOnnx(tf, model)
    model.dispose()
    return onnx
  }
  expect(Buffer.from(await bytes()).equals(Buffer.from(await bytes()))).toBe(true)
})

it('gives the same bytes for a model that was saved and loaded', async () => {
  const model = encoderDecoder()
  randomise(model)
  const before = await exportOnnx(tf, model)
  const saved = await new Promise<tf.io.ModelArtifacts>((resolve, reject) => {
    model.save(tf.io.withSaveHandler((artifacts) => {
      resolve(artifacts)
      return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) })
    })).catch(reject)
  })
  const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved))
  expect(Buffer.from(await exportOnnx(tf, loaded)).equals(Buffer.from(before))).toBe(true)
  model.dispose()
  loaded.dispose()
})

it('says where the model comes from', async () => {
  const model = await exported(on([2], layers.dense({ units: 1 })), { metadata: { author: 'me' }, origin: { study: 'digits', trial: 0, parameters: { units: 1 } } })
  expect(model).toMatchObject({ irVersion: 10, opsets: [{ domain: '', version: 21 }], producerName: '@attune/tfjs-adapter' })
  expect(Object.fromEntries(model.metadata)).toEqual({ framework: `TensorFlow.js ${tf.version.tfjs}`, study: 'digits', trial: '0', parameters: '{"units":1}', author: 'me' })
})

describe('transpositions', () => {
  it.each([
    ['one at each end of a convolutional network', vgg, 2],
    ['one at the beginning of a residual network that ends with global pooling', residual, 1],
    ['one at each end of an encoder and decoder', encoderDecoder, 2],
    ['none for sequences that go through recurrent layers one after the other, but at both ends', () => on([null, 3], layers.lstm({ units: 4, returnSequences: true }), layers.dense({ units: 3 }), layers.gru({ units: 2, returnSequences: true })), 2],
    ['none for permutations that cancel', () => on([4, 5, 3], layers.permute({ dims: [3, 1, 2] }), layers.reLU(), layers.permute({ dims: [2, 3, 1] })), 0],
    ['none for a permutation that a convolution wants', () => on([4, 5, 3], layers.permute({ dims: [3, 1, 2] }), layers.conv2d({ filters: 2, kernelSize: 2, dataFormat: 'channelsFirst' }), layers.globalMaxPooling2d({ dataFormat: 'channelsFirst' })), 1],
    ['none for images that are only padded, normalised and pooled as a whole', () => on([4, 5, 3], layers.zeroPadding2d(), layers.batchNormalization(), layers.globalAveragePooling2d({})), 0],
  ])('%s', async (_title, build, expected) => {
    expect(count(await exported(build()), 'Transpose')).toBe(expected)
  })
})

it('writes a shared layer\'s weights once, and a model within a model once for each use', async () => {
  const shared = await exported(compositions['a shared layer']!())
  expect([count(shared, 'Gemm'), shared.initializers.filter(({ name }) => name.endsWith('/kernel')).length]).toEqual([3, 1])
  const inner = await exported(compositions['a model in a model, used twice']!())
  expect([count(inner, 'Conv'), inner.initializers.filter(({ name }) => name.endsWith('/kernel')).length]).toEqual([2, 1])
  const both = await exported(compositions['a model with two outputs in a model']!())
  expect(count(both, 'Gemm')).toBe(2)
})

it('reads each layer a fixed number of times, however deep the network', async () => {
  const reads = async (depth: number): Promise<number> => {
    const input = tf.input({ shape: [3] })
    let x = input
    for (let layer = 0; layer < depth; layer++) x = apply(layers.add(), x, apply(layers.dense({ units: 3 }), x))
    const model = tf.model({ inputs: input, outputs: x })
    const spies = [...model.layers.flatMap((layer) => [vi.spyOn(layer, 'getConfig'), vi.spyOn(layer, 'getClassName')]), ...model.weights.map((weight) => vi.spyOn(weight, 'read')), vi.spyOn(Set.prototype, 'has')]
    await exportOnnx(tf, model)
    const total = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0)
    vi.restoreAllMocks()
    model.dispose()
    return total
  }
  const [few, twice, fourTimes] = [await reads(25), await reads(50), await reads(100)]
  expect(fourTimes - twice).toBe(2 * (twice - few))
})

describe('logits', () => {
  const options = { output: 'logits' } as const

  /** What TensorFlow.js puts out is the activation of what the exported model does. */
  async function expectLogits(build: () => tf.LayersModel, activation: (logits: tf.Tensor) => tf.Tensor): Promise<OnnxModel> {
    const made = await caseOf(build(), options)
    const session = await InferenceSession.create(made.onnx, { logSeverityLevel: 3 })
    const answer = (await session.run({ x0: new OrtTensor('float32', made.inputs[0]!.data as Float32Array, made.inputs[0]!.dims) }))['y0']!
    await session.release()
    const expected = made.outputs[0]!.data
    const probabilities = tf.tidy(() => activation(tf.tensor(answer.data as Float32Array, answer.dims as number[])).dataSync())
    for (const [index, value] of probabilities.entries()) expect(value).toBeCloseTo(expected[index]!, 5)
    expect(Math.max(...(answer.data as Float32Array))).not.toBeCloseTo(Math.max(...expected), 2)
    return readModel(made.onnx)
  }

  it.each([
    ['dense', () => on([4], layers.dense({ units: 3, activation: 'softmax' }))],
    ['an activation layer', () => on([4], layers.dense({ units: 3 }), layers.activation({ activation: 'softmax' }))],
    ['a softmax layer', () => on([4], layers.dense({ units: 3 }), layers.softmax())],
    ['a convolution', () => on([4, 4, 2], layers.conv2d({ filters: 3, kernelSize: 2, activation: 'softmax' }))],
    ['a model within', () => chain(layers.dense({ units: 4, inputShape: [4] }), on([4], layers.dense({ units: 3, activation: 'softmax' })) as unknown as tf.layers.Layer)],
  ])('leave off the softmax that ends %s', async (_title, build) => {
    expect(count(await expectLogits(build, (logits) => tf.softmax(logits)), 'Softmax')).toBe(0)
  })

  it('leave off a sigmoid, and nothing else', async () => {
    const model = await expectLogits(() => on([4], layers.dense({ units: 3, activation: 'sigmoid' }), layers.dense({ units: 1, activation: 'sigmoid' })), (logits) => tf.sigmoid(logits))
    expect(count(model, 'Sigmoid')).toBe(1)
    await expectSameInNode(await caseOf(on([4], layers.dense({ units: 3, activation: 'relu' })), options))
    await expectSameInNode(await caseOf(on([4, 2], layers.lstm({ units: 3, activation: 'sigmoid' })), options))
  })

  it('write what two outputs of a model within share once', async () => {
    const given = tf.input({ shape: [4] })
    const trunk = apply(layers.dense({ units: 4 }), given)
    const heads = tf.model({ inputs: given, outputs: [apply(layers.dense({ units: 2, activation: 'softmax' }), trunk), apply(layers.dense({ units: 1, activation: 'sigmoid' }), trunk)] })
    const input = tf.input({ shape: [4] })
    const model = await exported(tf.model({ inputs: input, outputs: heads.apply(input) as tf.SymbolicTensor[] }), options)
    expect([count(model, 'Gemm'), count(model, 'Softmax'), count(model, 'Sigmoid')]).toEqual([3, 0, 0])
  })

  it('keep it where another layer takes the probabilities', async () => {
    const input = tf.input({ shape: [4] })
    const kinds = apply(layers.dense({ units: 3, activation: 'softmax' }), input)
    const model = await exported(tf.model({ inputs: input, outputs: [kinds, apply(layers.dense({ units: 1 }), kinds)] }), options)
    expect([count(model, 'Softmax'), count(model, 'Gemm')]).toEqual([1, 3])
  })
})

it('refuses a model that was disposed of, and says so', async () => {
  const model = on([2], layers.dense({ units: 1, name: 'sum' }))
  model.dispose()
  await expect(exportOnnx(tf, model)).rejects.toMatchObject({ code: 'TFJS_EXPORT', message: expect.stringMatching(/Layer "sum" \(Dense\) .* its weights have been disposed of\. Export the model before model\.dispose\(\)/) as string })
})

it('refuses what is no model', async () => {
  await expect(exportOnnx(tf, {} as tf.LayersModel)).rejects.toMatchObject({ code: 'TFJS_EXPORT', message: expect.stringMatching(/no layers model of this tf/) as string })
})
