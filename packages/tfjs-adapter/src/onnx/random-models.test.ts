import { readModel } from '@attune/onnx-format'
import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { apply, caseOf, expectSameInNode, layers, on } from './export.test-support.ts'

beforeAll(() => tf.setBackend('cpu'))

const small = fc.integer({ min: 1, max: 4 })
/** The same models in every run; `ATTUNE_SEED=7 ATTUNE_RUNS=2000 vitest …` tries others. */
const drawn = (runs: number): { readonly seed: number; readonly numRuns: number } => ({ seed: Number(process.env['ATTUNE_SEED'] ?? 6), numRuns: Number(process.env['ATTUNE_RUNS'] ?? runs) })

describe('a model made at random gives what TensorFlow.js gives', () => {
  const windows = fc.record({
    kind: fc.constantFrom('conv1d', 'conv2d', 'conv3d', 'depthwise', 'separable', 'transposed', 'maxPool', 'averagePool', 'maxPool1d', 'averagePool1d'),
    size: fc.tuple(small, small, small),
    strides: fc.tuple(small, small, small),
    dilations: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    dilated: fc.boolean(),
    lengths: fc.tuple(fc.integer({ min: 4, max: 12 }), fc.integer({ min: 4, max: 12 }), fc.integer({ min: 4, max: 6 })),
    open: fc.boolean(),
    padding: fc.constantFrom('same' as const, 'valid' as const),
    channels: fc.integer({ min: 1, max: 3 }),
    filters: fc.integer({ min: 1, max: 3 }),
    useBias: fc.boolean(),
    first: fc.boolean(),
  })

  it('for all kernel sizes, strides, paddings, dilations and orders of channels', async () => {
    await fc.assert(fc.asyncProperty(windows, async (window) => {
      const rank = window.kind.endsWith('1d') ? 1 : window.kind === 'conv3d' ? 3 : 2
      const dilated = window.dilated && window.kind.startsWith('conv') || (window.kind === 'separable' && window.dilated)
      const kernelSize = window.size.slice(0, rank)
      const dilationRate = dilated ? window.dilations.slice(0, rank) : 1
      // TensorFlow.js takes no stride beside a dilation.
      const strides = dilated ? 1 : window.strides.slice(0, rank).map((stride, axis) => (window.kind === 'conv3d' && window.padding === 'same' ? Math.min(stride, kernelSize[axis]!) : stride))
      const lengths = window.lengths.slice(0, rank).map((length, axis) => Math.max(length, (kernelSize[axis]! - 1) * window.dilations[axis]! + 1))
      const first = window.first && rank === 2 && window.kind !== 'separable'
      const options = { kernelSize, strides: strides as number, padding: window.padding, dilationRate: dilationRate as number, filters: window.filters, depthMultiplier: window.filters, useBias: window.useBias, poolSize: kernelSize as [number, number], dataFormat: first ? 'channelsFirst' as const : 'channelsLast' as const }
      const depthwise = { ...options, kernelSize: kernelSize as [number, number] }
      const pool = { ...options, strides: strides as [number, number] }
      const line = { ...options, poolSize: kernelSize[0]!, strides: Array.isArray(strides) ? strides[0]! : strides }
      const layer = {
        conv1d: () => layers.conv1d({ ...options, dataFormat: 'channelsLast' }), conv2d: () => layers.conv2d(options), conv3d: () => layers.conv3d({ ...options, dataFormat: 'channelsLast' }),
        depthwise: () => layers.depthwiseConv2d(depthwise), separable: () => layers.separableConv2d(options), transposed: () => layers.conv2dTranspose({ ...options, dilationRate: 1 }),
        maxPool: () => layers.maxPooling2d(pool), averagePool: () => layers.averagePooling2d(pool), maxPool1d: () => layers.maxPooling1d(line), averagePool1d: () => layers.averagePooling1d(line),
      }[window.kind as 'conv1d']()
      // What is fed where a size is open is 7 long; so windows have to fit into that.
      // Pooling with longer strides than windows and an open size is refused.
      const open = window.open && (window.padding === 'valid' || kernelSize.every((size, axis) => size >= (Array.isArray(strides) ? strides[axis]! : strides))) && kernelSize.every((size, axis) => (size - 1) * (dilated ? window.dilations[axis]! : 1) < 7)
      const space = open ? lengths.map(() => null) : lengths
      await expectSameInNode(await caseOf(on(first ? [window.channels, ...space] : [...space, window.channels], layer)))
    }), drawn(100))
  })

  const names = ['elu', 'selu', 'relu', 'relu6', 'linear', 'sigmoid', 'hardSigmoid', 'softplus', 'softsign', 'tanh', 'softmax', 'swish', 'mish', 'gelu'] as 'relu'[]
  const recurrent = fc.record({
    kind: fc.constantFrom('simpleRNN' as const, 'lstm' as const, 'gru' as const),
    units: small,
    features: small,
    length: fc.constantFrom(null, 1, 5),
    returnSequences: fc.boolean(),
    goBackwards: fc.boolean(),
    useBias: fc.boolean(),
    activation: fc.constantFrom(...names),
    recurrentActivation: fc.constantFrom('sigmoid' as const, 'hardSigmoid' as const, 'softmax' as const, 'tanh' as const, 'softsign' as const), // bounded: others grow without end
    masked: fc.boolean(),
    mergeMode: fc.constantFrom('concat', 'sum', 'ave', 'mul', 'apart', undefined),
  })

  it('for all settings of recurrent layers', async () => {
    await fc.assert(fc.asyncProperty(recurrent, async ({ kind, features, length, masked, mergeMode, ...options }) => {
      const input = tf.input({ shape: [length, features] })
      const given = masked ? apply(layers.masking(), apply(layers.reLU(), input)) : input
      const layer = layers[kind as 'lstm'](options)
      const outputs = mergeMode === undefined ? layer.apply(given) : layers.bidirectional({ layer, mergeMode: (mergeMode === 'apart' ? null : mergeMode) as 'sum' }).apply(given)
      await expectSameInNode(await caseOf(tf.model({ inputs: input, outputs: outputs as tf.SymbolicTensor[] })))
    }), drawn(100))
  })

  /** What can be done with a tensor of a rank; the numbers choose. */
  type Step = (x: tf.SymbolicTensor, n: number, other: tf.SymbolicTensor) => tf.SymbolicTensor
  const activations = ['relu', 'tanh', 'sigmoid', 'elu', 'softmax', 'softsign', 'hardSigmoid'] as const
  const activation = (n: number): (typeof activations)[number] => activations[n % activations.length]!
  const anywhere: readonly Step[] = [
    (x, n) => apply(layers.activation({ activation: activation(n) }), x),
    (x) => apply(layers.batchNormalization(), x),
    (x, n) => apply(layers.dense({ units: (n % 4) + 1, activation: activation(n) }), x),
    (x) => apply(layers.leakyReLU(), x),
    (x) => apply(layers.prelu(), x),
    (x, n, other) => apply([layers.add(), layers.multiply(), layers.average(), layers.maximum(), layers.minimum()][n % 5]!, x, other),
    (x, n, other) => apply(layers.concatenate({ axis: n % 2 === 0 ? -1 : 1 }), x, other),
    (x, n) => apply(layers.layerNormalization({ axis: n % 2 === 0 ? -1 : 1, epsilon: 0.1 }), x),
  ]
  const byRank: { readonly [rank: number]: readonly Step[] } = {
    2: [
      (x, n) => apply(layers.repeatVector({ n: (n % 3) + 2 }), x),
      (x, n) => apply(layers.reshape({ targetShape: [[1, -1], [-1, 1], [-1, 1, 1], [1, 1, -1]][n % 4]! }), x),
    ],
    3: [
      (x) => apply(layers.flatten(), x),
      (x) => apply(layers.permute({ dims: [2, 1] }), x),
      (x, n) => apply(layers.conv1d({ filters: 3, kernelSize: (n % 3) + 1, padding: 'same' }), x),
      (x, n) => apply(layers.lstm({ units: 3, returnSequences: n % 2 === 0, goBackwards: n % 3 === 0 }), x),
      (x, n) => apply(layers.bidirectional({ layer: layers.gru({ units: 2, returnSequences: n % 2 === 0 }), mergeMode: n % 3 === 0 ? 'sum' : 'concat' }), x),
      (x, n) => apply(layers.maxPooling1d({ poolSize: 2, strides: 1, padding: n % 2 === 0 ? 'same' : 'valid' }), x),
      (x) => apply(layers.globalAveragePooling1d(), x),
      (x) => apply(layers.timeDistributed({ layer: layers.dense({ units: 3 }) }), x),
      (x, n) => apply(layers.dot({ axes: n % 2 === 0 ? 1 : 2 }), x, apply(layers.leakyReLU(), x)),
    ],
    4: [
      (x) => apply(layers.flatten(), x),
      (x, n) => apply(layers.permute({ dims: [[3, 1, 2], [2, 3, 1], [2, 1, 3], [3, 2, 1]][n % 4]! }), x),
      (x, n) => apply(layers.conv2d({ filters: 3, kernelSize: (n % 3) + 1, padding: 'same', strides: (n % 2) + 1, activation: activation(n) }), x),
      (x, n) => apply(layers.separableConv2d({ filters: 2, kernelSize: 2, padding: n % 2 === 0 ? 'same' : 'valid' }), x),
      (x) => apply(layers.depthwiseConv2d({ kernelSize: 2, padding: 'same' }), x),
      (x, n) => apply(layers.conv2dTranspose({ filters: 2, kernelSize: 2, strides: (n % 2) + 1 }), x),
      (x, n) => apply(n % 2 === 0 ? layers.maxPooling2d({ poolSize: 2, padding: 'same' }) : layers.averagePooling2d({ poolSize: 2, strides: 1, padding: 'same' }), x),
      (x, n) => apply(n % 2 === 0 ? layers.globalAveragePooling2d({}) : layers.globalMaxPooling2d({}), x),
      (x, n) => apply(layers.upSampling2d({ size: [2, 1], interpolation: n % 2 === 0 ? 'nearest' : 'bilinear' }), x),
      (x) => apply(layers.zeroPadding2d({ padding: [[1, 0], [0, 1]] }), x),
      (x) => apply(layers.cropping2D({ cropping: [[1, 0], [0, 0]] }), x),
      (x) => apply(layers.timeDistributed({ layer: layers.conv1d({ filters: 2, kernelSize: 2, padding: 'same' }) }), x),
    ],
  }

  /** Steps that TensorFlow.js refuses (shapes that do not fit) are left out. */
  function graph(shape: readonly number[], steps: readonly { readonly op: number; readonly n: number; readonly from: number; readonly other: number }[]): tf.LayersModel {
    const input = tf.input({ shape: [...shape] })
    const tensors = [input]
    const ends = new Set<tf.SymbolicTensor>()
    for (const { op, n, from, other } of steps) {
      const x = tensors.at(-1 - (from % Math.min(3, tensors.length)))!
      const choices = [...anywhere, ...(byRank[x.rank] ?? [])]
      const second = tensors[other % tensors.length]!
      let made: tf.SymbolicTensor
      try {
        // TensorFlow.js disposes too early of a tensor that one layer takes twice.
        if (second === x && choices[op % choices.length]!.length === 3) continue
        made = choices[op % choices.length]!(x, n, second)
      } catch {
        continue
      }
      if (made.shape.slice(1).some((size) => size === null || size <= 0) || made.shape.slice(1).reduce((product: number, size) => product * size!, 1) > 2000) continue
      for (const used of [x, second]) if (made.inputs.includes(used)) ends.delete(used)
      tensors.push(made)
      ends.add(made)
    }
    return tf.model({ inputs: input, outputs: ends.size === 0 ? apply(layers.reLU(), input) : [...ends].slice(-3) })
  }

  const number = fc.nat({ max: 1000 })
  const graphs = fc.record({
    shape: fc.oneof(fc.tuple(small), fc.tuple(fc.integer({ min: 2, max: 6 }), small), fc.tuple(fc.integer({ min: 3, max: 7 }), fc.integer({ min: 3, max: 7 }), small)),
    steps: fc.array(fc.record({ op: number, n: number, from: number, other: number }), { minLength: 2, maxLength: 12, size: 'max' }),
  })

  it('for graphs of layers, with no transposition that undoes another', async () => {
    let nodes = 0
    await fc.assert(fc.asyncProperty(graphs, async ({ shape, steps }) => {
      const made = await caseOf(graph(shape, steps))
      await expectSameInNode(made)
      const model = readModel(made.onnx)
      nodes += model.nodes.length
      const transposed = new Set(model.nodes.filter(({ operator }) => operator === 'Transpose').flatMap(({ outputs }) => outputs))
      expect(model.nodes.filter(({ operator, inputs }) => operator === 'Transpose' && transposed.has(inputs[0]!))).toEqual([])
    }), drawn(100))
    expect(nodes).toBeGreaterThan(1000)
  })
})
