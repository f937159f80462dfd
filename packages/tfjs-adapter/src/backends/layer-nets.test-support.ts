import * as tf from '@tensorflow/tfjs'
import type { Layer } from '../tensorflow.ts'

/** Noise in [-1, 1) that is the same everywhere. */
function noise(length: number, seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1)
}

type Net = (l: typeof tf.layers) => Layer[]
const l2 = () => tf.regularizers.l2({ l2: 0.01 })

export interface LayerNet {
  /** Of one sample. */
  readonly shape: number[]
  /** Inputs are whole numbers below this, instead of noise. */
  readonly ids?: number
  readonly layers: Net
}

/** Small nets that begin with an input shape and have one layer each that matters; what they learn is noise. */
export const layerNets: { readonly [name: string]: LayerNet } = {
  dense: { shape: [5], layers: (l) => [l.dense({ units: 3, activation: 'tanh', kernelRegularizer: l2() })] },
  'dense over time': { shape: [4, 5], layers: (l) => [l.dense({ units: 3 })] },
  conv1d: { shape: [9, 2], layers: (l) => [l.conv1d({ filters: 3, kernelSize: 3, padding: 'same', activation: 'relu' })] },
  conv2d: { shape: [7, 6, 2], layers: (l) => [l.conv2d({ filters: 3, kernelSize: 3, activation: 'relu' })] },
  'conv2d twice': { shape: [7, 6, 2], layers: (l) => [l.conv2d({ filters: 3, kernelSize: 3, padding: 'same' }), l.conv2d({ filters: 2, kernelSize: 2, strides: 2 })] },
  'conv2d, channels first': { shape: [2, 7, 6], layers: (l) => [l.conv2d({ filters: 3, kernelSize: 3, dataFormat: 'channelsFirst' })] },
  conv2dTranspose: { shape: [4, 4, 2], layers: (l) => [l.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' }), l.conv2dTranspose({ filters: 2, kernelSize: 2 })] },
  conv3d: { shape: [4, 4, 4, 2], layers: (l) => [l.conv3d({ filters: 3, kernelSize: 2, padding: 'same' }), l.conv3d({ filters: 2, kernelSize: 2 })] },
  depthwiseConv2d: { shape: [7, 6, 2], layers: (l) => [l.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }), l.depthwiseConv2d({ kernelSize: 2, padding: 'same' })] },
  'depthwiseConv2d, stride 2': { shape: [7, 6, 2], layers: (l) => [l.conv2d({ filters: 3, kernelSize: 1 }), l.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: 'same' })] },
  'depthwiseConv2d, dilated': { shape: [9, 9, 2], layers: (l) => [l.depthwiseConv2d({ kernelSize: 3, dilationRate: 2 })] },
  separableConv2d: { shape: [7, 6, 2], layers: (l) => [l.separableConv2d({ filters: 3, kernelSize: 3, depthMultiplier: 2, activation: 'relu' }), l.separableConv2d({ filters: 2, kernelSize: 2 })] },
  'pooling of images': { shape: [8, 8, 2], layers: (l) => [l.conv2d({ filters: 3, kernelSize: 3, padding: 'same' }), l.maxPooling2d({ poolSize: 2 }), l.averagePooling2d({ poolSize: 2, strides: 1 }), l.globalAveragePooling2d({})] },
  globalMaxPooling2d: { shape: [6, 6, 2], layers: (l) => [l.conv2d({ filters: 3, kernelSize: 3 }), l.globalMaxPooling2d({})] },
  'pooling of sequences': { shape: [8, 2], layers: (l) => [l.conv1d({ filters: 3, kernelSize: 3 }), l.maxPooling1d({ poolSize: 2 }), l.averagePooling1d({ poolSize: 2, strides: 1 }), l.globalMaxPooling1d()] },
  globalAveragePooling1d: { shape: [8, 2], layers: (l) => [l.dense({ units: 3 }), l.globalAveragePooling1d()] },
  'pooling of volumes': { shape: [4, 4, 4, 2], layers: (l) => [l.dense({ units: 2 }), l.maxPooling3d({ poolSize: 2 }), l.averagePooling3d({ poolSize: 2 })] },
  batchNormalization: { shape: [6, 6, 2], layers: (l) => [l.conv2d({ filters: 3, kernelSize: 3 }), l.batchNormalization()] },
  layerNormalization: { shape: [4, 5], layers: (l) => [l.dense({ units: 3 }), l.layerNormalization()] },
  embedding: { shape: [6], ids: 9, layers: (l) => [l.embedding({ inputDim: 9, outputDim: 3 })] },
  'embedding with mask, lstm': { shape: [6], ids: 9, layers: (l) => [l.embedding({ inputDim: 9, outputDim: 3, maskZero: true }), l.lstm({ units: 4 })] },
  simpleRNN: { shape: [5, 3], layers: (l) => [l.simpleRNN({ units: 4, returnSequences: true })] },
  gru: { shape: [5, 3], layers: (l) => [l.gru({ units: 4 })] },
  lstm: { shape: [5, 3], layers: (l) => [l.lstm({ units: 4, returnSequences: true }), l.lstm({ units: 2 })] },
  bidirectional: { shape: [5, 3], layers: (l) => [l.bidirectional({ layer: l.gru({ units: 4 }), mergeMode: 'concat' })] },
  convLstm2d: { shape: [3, 5, 5, 2], layers: (l) => [l.convLstm2d({ filters: 2, kernelSize: 3, padding: 'same' })] },
  timeDistributed: { shape: [3, 6, 6, 1], layers: (l) => [l.timeDistributed({ layer: l.conv2d({ filters: 2, kernelSize: 3 }) })] },
  'upSampling2d, nearest': { shape: [4, 4, 2], layers: (l) => [l.conv2d({ filters: 2, kernelSize: 2 }), l.upSampling2d({ size: [2, 2] })] },
  'upSampling2d, bilinear': { shape: [4, 4, 2], layers: (l) => [l.conv2d({ filters: 2, kernelSize: 2 }), l.upSampling2d({ size: [2, 2], interpolation: 'bilinear' })] },
  'padding and cropping': { shape: [5, 5, 2], layers: (l) => [l.conv2d({ filters: 2, kernelSize: 2 }), l.zeroPadding2d({ padding: 2 }), l.cropping2D({ cropping: [[1, 1], [2, 0]] })] },
  'reshape, permute, flatten, repeatVector': { shape: [4, 3], layers: (l) => [l.dense({ units: 2 }), l.permute({ dims: [2, 1] }), l.reshape({ targetShape: [8] }), l.repeatVector({ n: 2 }), l.flatten()] },
  prelu: { shape: [5], layers: (l) => [l.dense({ units: 4 }), l.prelu({ alphaInitializer: 'ones' })] },
  'activations one after another': {
    shape: [5],
    layers: (l) => [
      l.dense({ units: 6 }), l.leakyReLU(), l.elu(), l.softmax(),
      ...(['relu6', 'elu', 'selu', 'hardSigmoid', 'softplus', 'softsign', 'sigmoid', 'swish', 'mish', 'gelu', 'gelu_new', 'linear', 'softmax'] as const).map((activation) => l.dense({ units: 4, activation })),
    ],
  },
}

/** Losses and weights of two steps on the active backend, from weights that are always the same. */
export async function trainLayers({ shape, ids, layers }: LayerNet): Promise<{ readonly losses: number[]; readonly weights: number[][]; readonly tensorsLeft: number }> {
  const before = tf.memory().numTensors
  const input = tf.input({ shape })
  const output = layers(tf.layers).reduce((tensor, layer) => layer.apply(tensor) as tf.SymbolicTensor, input)
  const model = tf.model({ inputs: input, outputs: output })
  tf.tidy(() => model.setWeights(model.weights.map((weight, index) => {
    const size = weight.shape.reduce<number>((product, length) => product * (length ?? 1), 1)
    const values = noise(size, index + 11).map((value) => (weight.name.includes('variance') ? 1 + value * value : value * 0.5))
    return tf.tensor(values, weight.shape as number[])
  })))
  const count = shape.reduce((product, size) => product * size, 2)
  const optimizer = tf.train.sgd(0.1)
  const losses: number[] = []
  for (let step = 0; step < 2; step++) {
    const cost = tf.tidy(() => {
      const values = noise(count, step + 3)
      const x = ids === undefined ? tf.tensor(values, [2, ...shape]) : tf.tensor(Array.from(values, (value) => Math.floor(((value + 1) / 2) * ids)), [2, ...shape], 'int32')
      const loss = (): tf.Scalar => {
        const y = model.apply(x, { training: true }) as tf.Tensor
        return tf.mean(tf.squaredDifference(y, tf.tensor(noise(y.size, 5), y.shape)))
      }
      return optimizer.minimize(loss, true, model.trainableWeights.map((weight) => weight.read() as tf.Variable)) as tf.Scalar
    })
    losses.push((await cost.data())[0] as number)
    cost.dispose()
  }
  const weights = await Promise.all(model.getWeights().map(async (weight) => [...(await weight.data())]))
  model.dispose()
  optimizer.dispose()
  return { losses, weights, tensorsLeft: tf.memory().numTensors - before }
}


/** The largest difference between two trainings: of losses relative to them, of weights relative to the largest of their kind. */
export function differenceOf(one: Awaited<ReturnType<typeof trainLayers>>, other: Awaited<ReturnType<typeof trainLayers>>): number {
  const losses = one.losses.map((loss, step) => Math.abs((other.losses[step] ?? NaN) / loss - 1))
  const weights = one.weights.flatMap((values, index) => {
    const scale = Math.max(...values.map(Math.abs))
    return values.map((value, cell) => Math.abs(value - (other.weights[index]?.[cell] ?? NaN)) / scale)
  })
  return Math.max(...losses, ...weights)
}

/** What tfjs itself cannot train, on no backend, and what it says. */
export const untrainable: { readonly [name: string]: LayerNet & { readonly says: RegExp } } = {
  'conv1d, causal': { shape: [9, 2], layers: (l) => [l.conv1d({ filters: 3, kernelSize: 3, padding: 'causal' })], says: /CAUSAL padding mode in conv1dWithBias is not implemented/ },
  'conv1d, dilated': { shape: [9, 2], layers: (l) => [l.conv1d({ filters: 3, kernelSize: 3, dilationRate: 2 })], says: /dilation rates greater than 1 are not yet supported in gradients/ },
  'separableConv2d, dilated': { shape: [7, 6, 2], layers: (l) => [l.separableConv2d({ filters: 3, kernelSize: 3, dilationRate: 2 })], says: /dilation rates greater than 1 are not yet supported/ },
  'conv2d, dilated': { shape: [7, 6, 2], layers: (l) => [l.conv2d({ filters: 3, kernelSize: 3, dilationRate: 2 })], says: /dilation rates greater than 1 are not yet supported in gradients/ },
  'conv3dTranspose': { shape: [3, 3, 3, 2], layers: (l) => [(l as unknown as { conv3dTranspose(config: object): Layer }).conv3dTranspose({ filters: 3, kernelSize: 2 })], says: /gradient function not found for Conv3DBackpropInputV2/ },
  'thresholdedReLU': { shape: [5], layers: (l) => [l.dense({ units: 3 }), l.thresholdedReLU({ theta: 0.1 })], says: /gradient function not found for Greater/ },
}
