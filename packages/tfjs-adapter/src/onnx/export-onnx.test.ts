import { readModel } from '@attune/onnx-format'
import * as tf from '@tensorflow/tfjs'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { beforeAll, describe, expect, it, test } from 'vitest'
import { missingPython, runPython } from '../../../../tools/python/run.mjs'
import { cpu } from '../index.ts'
import { noise } from '../training.test-support.ts'
import { exportOnnx } from './index.ts'

const { layers } = tf
const chain = (...list: tf.layers.Layer[]): tf.LayersModel => tf.sequential({ layers: list })
const image = [9, 8, 3]
const onImage = (...list: tf.layers.Layer[]): tf.LayersModel => chain(layers.inputLayer({ inputShape: image }), ...list)
const onRow = (...list: tf.layers.Layer[]): tf.LayersModel => chain(layers.inputLayer({ inputShape: [6] }), ...list)
const apply = (layer: tf.layers.Layer, input: tf.SymbolicTensor | tf.SymbolicTensor[]): tf.SymbolicTensor => layer.apply(input) as tf.SymbolicTensor

function residual(): tf.LayersModel {
  const input = tf.input({ shape: image })
  const first = apply(layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }), input)
  const second = apply(layers.conv2d({ filters: 4, kernelSize: 1 }), first)
  const sum = apply(layers.add(), [first, second, apply(layers.conv2d({ filters: 4, kernelSize: 1 }), input)])
  const joined = apply(layers.concatenate(), [sum, first])
  const rows = apply(layers.concatenate({ axis: 1 }), [joined, apply(layers.reLU(), joined)])
  return tf.model({ inputs: input, outputs: apply(layers.dense({ units: 3 }), apply(layers.globalAveragePooling2d({}), rows)) })
}

function merges(): tf.LayersModel {
  const input = tf.input({ shape: [6] })
  const shared = layers.dense({ units: 4, activation: 'tanh' })
  const left = apply(shared, input)
  const right = apply(shared, apply(layers.dense({ units: 6 }), input))
  const third = apply(layers.leakyReLU(), right)
  const merged = [layers.multiply(), layers.average(), layers.maximum(), layers.minimum()].map((layer) => apply(layer, [left, right, third]))
  return tf.model({ inputs: input, outputs: apply(layers.concatenate(), merged) })
}

function mixedOrders(): tf.LayersModel {
  const input = tf.input({ shape: image })
  const convolved = apply(layers.conv2d({ filters: 3, kernelSize: 1 }), input)
  return tf.model({ inputs: input, outputs: apply(layers.concatenate({ axis: -1 }), [input, convolved]) })
}

function nested(): tf.LayersModel {
  const inner = onImage(layers.conv2d({ filters: 2, kernelSize: 2 }), layers.flatten())
  const input = tf.input({ shape: image })
  const twice = [apply(inner, input), apply(inner, apply(layers.activation({ activation: 'relu' }), input))]
  return tf.model({ inputs: input, outputs: apply(layers.add(), twice) })
}

const activationNames = ['elu', 'selu', 'relu', 'relu6', 'linear', 'sigmoid', 'hardSigmoid', 'softplus', 'softsign', 'tanh', 'softmax', 'logSoftmax', 'gelu', 'gelu_new', 'mish', 'swish'] as 'relu'[] // the types of tfjs lack some

const models: { readonly [name: string]: () => tf.LayersModel } = {
  'multi-layer perceptron': () => onRow(layers.dense({ units: 7, activation: 'relu' }), layers.dropout({ rate: 0.5 }), layers.dense({ units: 4, activation: 'softmax' })),
  'dense without bias': () => onRow(layers.dense({ units: 3, useBias: false })),
  'dense on an image': () => onImage(layers.conv2d({ filters: 2, kernelSize: 2 }), layers.dense({ units: 5, activation: 'softmax' }), layers.dense({ units: 2, useBias: false })),
  ...Object.fromEntries([1, 2, 3].flatMap((stride) => (['same', 'valid'] as const).flatMap((padding) => [2, 3].map((kernel) => [
    `convolution ${kernel} × ${kernel}, stride ${stride}, ${padding}, pooled`,
    () => onImage(layers.conv2d({ filters: 4, kernelSize: kernel, strides: stride, padding, activation: 'relu' }), layers.maxPooling2d({ poolSize: 2, strides: 1, padding })),
  ])))),
  'convolution, oblong and dilated': () => onImage(layers.conv2d({ filters: 2, kernelSize: [3, 2], dilationRate: [2, 1], padding: 'same' }), layers.conv2d({ filters: 2, kernelSize: 2, dilationRate: 2, useBias: false })),
  'convolution on any size': () => chain(layers.conv2d({ filters: 2, kernelSize: 3, strides: 2, padding: 'same', inputShape: [null, null, 3] }), layers.globalAveragePooling2d({})),
  'softmax over the channels of a convolution': () => onImage(layers.conv2d({ filters: 4, kernelSize: 2, activation: 'softmax' }), layers.activation({ activation: 'logSoftmax' as 'softmax' })),
  'whole convnet': () => onImage(layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }), layers.batchNormalization(), layers.maxPooling2d({ poolSize: 2 }), layers.dropout({ rate: 0.2 }), layers.flatten(), layers.dense({ units: 10, activation: 'softmax' })),
  'average pooling': () => onImage(layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }), layers.averagePooling2d({ poolSize: [2, 3], padding: 'valid' })),
  'global pooling': () => onImage(layers.conv2d({ filters: 4, kernelSize: 2 }), layers.globalMaxPooling2d({}), layers.dense({ units: 2 })),
  'pooling of sequences': () => chain(layers.reshape({ targetShape: [3, 2], inputShape: [6] }), layers.globalAveragePooling1d({})),
  'maximum of sequences': () => chain(layers.reshape({ targetShape: [-1, 2], inputShape: [6] }), layers.globalMaxPooling1d({})),
  'reshape and permute': () => onImage(layers.conv2d({ filters: 2, kernelSize: 2 }), layers.permute({ dims: [2, 3, 1] }), layers.reshape({ targetShape: [4, 28] }), layers.flatten()),
  'batch normalisation of rows, without scale and centre': () => onRow(layers.batchNormalization({ epsilon: 0.1 }), layers.batchNormalization({ scale: false, center: false })),
  'batch normalisation of sequences': () => chain(layers.reshape({ targetShape: [3, 2], inputShape: [6] }), layers.batchNormalization({ center: false })),
  'layer normalisation': () => onRow(layers.layerNormalization(), layers.dense({ units: 3 }), layers.layerNormalization({ center: false, scale: false })),
  'noise that acts only while training': () => onRow(layers.gaussianNoise({ stddev: 1 }), layers.gaussianDropout({ rate: 0.5 }), layers.alphaDropout({ rate: 0.5 }), layers.dense({ units: 2 })),
  ...Object.fromEntries(activationNames.map((activation) => [`activation ${activation}`, () => onRow(layers.dense({ units: 5, activation }), layers.activation({ activation }))])),
  'activation layers': () => onRow(layers.reLU({ maxValue: 0.8 }), layers.dense({ units: 5 }), layers.leakyReLU({ alpha: 0.1 }), layers.dense({ units: 5 }), layers.elu(), layers.dense({ units: 5 }), layers.thresholdedReLU({ theta: 0.2 }), layers.dense({ units: 5 }), layers.reLU(), layers.leakyReLU(), layers.softmax()),
  'residual network': residual,
  'merging layers and a shared one': merges,
  'channels in both orders': mixedOrders,
  'a model in a model, used twice': nested,
}

interface Case {
  readonly onnx: Uint8Array
  /** Tensors that the export left in memory. */
  readonly leaked: number
  readonly x: Float32Array
  readonly shape: readonly number[]
  readonly expected: Float32Array
  readonly outputShape: readonly number[]
}

const cases = new Map<string, Case>()

/** Weights of every kind, so that none can be swapped or left out unnoticed. */
function randomise(model: tf.LayersModel): void {
  for (const [index, weight] of model.weights.entries()) {
    const size = weight.shape.reduce((product: number, length) => product * (length ?? 1), 1)
    const values = noise(size, index + 11).map((value) => (weight.originalName.endsWith('variance') ? 0.5 + value * value : 0.6 * value))
    const tensor = tf.tensor(values, weight.shape as number[])
    weight.write(tensor)
    tensor.dispose()
  }
}

beforeAll(async () => {
  await cpu().activate(tf)
  for (const [name, build] of Object.entries(models)) {
    const model = build()
    randomise(model)
    const shape = [5, ...model.inputs[0]!.shape.slice(1).map((size) => size ?? 7)]
    const x = noise(shape.reduce((product, size) => product * size, 1), 3).map((value) => 2 * value)
    const [input, output] = tf.tidy(() => {
      const given = tf.tensor(x, shape)
      return [given.shape, tf.keep(model.predict(given) as tf.Tensor)] as const
    })
    const before = tf.memory().numTensors
    const onnx = await exportOnnx(tf, model, { name: 'case', metadata: { case: name } })
    const leaked = tf.memory().numTensors - before
    cases.set(name, { onnx, leaked, x, shape: input, expected: Float32Array.from(await output.data()), outputShape: output.shape })
    output.dispose()
    model.dispose()
  }
}, 60_000)

function largestDifference(actual: ArrayLike<number>, expected: Float32Array): number {
  expect(actual).toHaveLength(expected.length)
  return expected.reduce((largest, value, index) => Math.max(largest, Math.abs(value - actual[index]!)), 0)
}

describe('exportOnnx', () => {
  it.each(Object.keys(models))('gives what tfjs gives, in onnxruntime-node: %s', async (name) => {
    const { onnx, leaked, x, shape, expected, outputShape } = cases.get(name)!
    expect(leaked).toBe(0)
    const session = await InferenceSession.create(onnx, { logSeverityLevel: 3 })
    const { output } = await session.run({ input: new OrtTensor('float32', x, shape) })
    expect(output?.dims).toEqual(outputShape)
    expect(largestDifference(output?.data as Float32Array, expected)).toBeLessThan(1e-5)
    await session.release()
  })

  test.skipIf(missingPython !== undefined)(`passes Python's checker and gives the same in its runtime: all ${Object.keys(models).length} models${missingPython ? ` (skipped: ${missingPython})` : ''}`, { timeout: 60_000 }, () => {
    const program = `
import sys, json, base64, onnx, numpy, onnxruntime
answers = {}
for name, case in json.load(sys.stdin).items():
  data = base64.b64decode(case['onnx'])
  onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
  session = onnxruntime.InferenceSession(data, providers=['CPUExecutionProvider'])
  x = numpy.frombuffer(base64.b64decode(case['x']), dtype='<f4').reshape(case['shape'])
  y = session.run(None, {'input': x})[0]
  answers[name] = {'shape': list(y.shape), 'data': y.ravel().tolist()}
print(json.dumps(answers))`
    const base64 = (array: Uint8Array | Float32Array): string => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64')
    const input = Object.fromEntries([...cases].map(([name, { onnx, x, shape }]) => [name, { onnx: base64(onnx), x: base64(x), shape }]))
    const answers = runPython(program, new TextEncoder().encode(JSON.stringify(input))) as { readonly [name: string]: { readonly shape: number[]; readonly data: number[] } }
    for (const [name, { expected, outputShape }] of cases) {
      expect(answers[name]?.shape, name).toEqual(outputShape)
      expect(largestDifference(answers[name]?.data ?? [], expected), name).toBeLessThan(1e-5)
    }
  })

  it('names inputs, outputs and metadata, and leaves the batch size free', () => {
    const model = readModel(cases.get('whole convnet')!.onnx)
    expect(model).toMatchObject({ irVersion: 10, opsets: [{ domain: '', version: 21 }], graphName: 'case', producerName: '@attune/tfjs-adapter' })
    expect([...model.metadata]).toEqual([['case', 'whole convnet']])
    expect(model.inputs).toEqual([{ name: 'input', kind: 'tensor', elementType: 'float32', shape: ['N', 9, 8, 3] }])
    expect(model.outputs).toEqual([{ name: 'output', kind: 'tensor', elementType: 'float32', shape: ['N', 10] }])
    expect(readModel(cases.get('convolution on any size')!.onnx).inputs[0]?.shape).toEqual(['N', 'input_1', 'input_2', 3])
    expect(model.nodes.filter(({ operator }) => operator === 'Transpose')).toHaveLength(2)
    expect(new Set(model.nodes.map(({ name }) => name)).size).toBe(model.nodes.length)
  })

  it('writes a shared layer\'s weights once', () => {
    const model = readModel(cases.get('merging layers and a shared one')!.onnx)
    expect(model.initializers.filter(({ name }) => name.endsWith('/kernel'))).toHaveLength(2)
  })

  const refused: [string, () => tf.LayersModel, RegExp][] = [
    ['a recurrent layer', () => chain(layers.lstm({ units: 2, inputShape: [3, 2], name: 'memory' })), /Layer "memory" \(LSTM\) cannot be exported to ONNX: there is no ONNX form for it here; there are Dense, Conv2D/],
    ['channels first', () => chain(layers.maxPooling2d({ poolSize: 2, dataFormat: 'channelsFirst', inputShape: [4, 4, 4], name: 'pool' })), /Layer "pool" \(MaxPooling2D\) .* dataFormat is not "channelsLast"/],
    ['another axis', () => chain(layers.batchNormalization({ axis: 1, inputShape: [4, 4, 4], name: 'norm' })), /Layer "norm" .* normalises axis 1/],
    ['integers', () => chain(layers.embedding({ inputDim: 4, outputDim: 2, inputLength: 3 })), /Embedding\) cannot be exported/],
  ]
  it.each(refused)('refuses %s by the name of the layer', async (_name, build, message) => {
    const model = build()
    await expect(exportOnnx(tf, model)).rejects.toThrow(message)
    await expect(exportOnnx(tf, model)).rejects.toMatchObject({ code: 'TFJS_EXPORT' })
    model.dispose()
  })

  it('refuses what is no model', async () => {
    await expect(exportOnnx(tf, {} as tf.LayersModel)).rejects.toThrow(/no layers model of this tf/)
  })
})
