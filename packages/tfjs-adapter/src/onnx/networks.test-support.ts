import * as tf from '@tensorflow/tfjs'
import { apply, chain, layers, on } from './export.test-support.ts'

const image = [16, 16, 3]
const sum = (...inputs: tf.SymbolicTensor[]): tf.SymbolicTensor => apply(layers.add(), ...inputs)

function perceptron(): tf.LayersModel {
  return on([12], layers.dense({ units: 16, activation: 'relu' }), layers.batchNormalization(), layers.dropout({ rate: 0.3 }), layers.dense({ units: 8, activation: 'gelu' }), layers.dense({ units: 4, activation: 'softmax' }))
}

/** Convolutions, batch normalisation and pooling by turns, then dense layers. */
export function vgg(): tf.LayersModel {
  const block = (filters: number): tf.layers.Layer[] => [
    layers.conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false }), layers.batchNormalization(), layers.reLU(),
    layers.conv2d({ filters, kernelSize: 3, padding: 'same' }), layers.batchNormalization(), layers.leakyReLU(),
    layers.maxPooling2d({ poolSize: 2 }), layers.dropout({ rate: 0.1 }),
  ]
  return on(image, ...block(4), ...block(6), layers.flatten(), layers.dense({ units: 8, activation: 'relu' }), layers.dense({ units: 5, activation: 'softmax' }))
}

/** Separable and depthwise convolutions with shortcuts, a dense block, and global pooling. */
export function residual(): tf.LayersModel {
  const input = tf.input({ shape: image })
  let x = apply(layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, padding: 'same', activation: 'swish' }), input)
  for (const filters of [8, 12]) {
    let y = apply(layers.separableConv2d({ filters, kernelSize: 3, padding: 'same' }), x)
    y = apply(layers.activation({ activation: 'relu6' }), apply(layers.batchNormalization(), y))
    y = apply(layers.batchNormalization(), apply(layers.depthwiseConv2d({ kernelSize: 3, padding: 'same' }), y))
    const shortcut = filters === 8 ? x : apply(layers.conv2d({ filters, kernelSize: 1, useBias: false }), x)
    x = apply(layers.reLU(), sum(shortcut, y))
  }
  const padded = apply(layers.zeroPadding2d({ padding: 1 }), x)
  const joined = apply(layers.concatenate(), apply(layers.cropping2D({ cropping: 1 }), padded), apply(layers.averagePooling2d({ poolSize: 3, strides: 1, padding: 'same' }), x), apply(layers.prelu({ sharedAxes: [1, 2] }), x))
  // Squeeze and excite: each channel by a number of its own.
  const squeezed = apply(layers.reshape({ targetShape: [1, 1, 36] }), apply(layers.dense({ units: 36, activation: 'sigmoid' }), apply(layers.globalAveragePooling2d({}), joined)))
  const excited = apply(layers.multiply(), joined, squeezed)
  return tf.model({ inputs: input, outputs: apply(layers.dense({ units: 4, activation: 'softmax' }), apply(layers.globalMaxPooling2d({}), excited)) })
}

/** Embedded words through recurrent layers of each kind, in both directions, with attention at the end. */
export function sequences(): tf.LayersModel {
  const words = tf.input({ shape: [null], dtype: 'int32', name: 'words' })
  const embedded = apply(layers.spatialDropout1d({ rate: 0.1 }), apply(layers.embedding({ inputDim: 6, outputDim: 5 }), words))
  const both = apply(layers.bidirectional({ layer: layers.lstm({ units: 4, returnSequences: true, dropout: 0.2 }), mergeMode: 'concat' }), embedded)
  const near = apply(layers.conv1d({ filters: 8, kernelSize: 3, padding: 'same', activation: 'tanh' }), both)
  const gru = apply(layers.gru({ units: 8, returnSequences: true }), apply(layers.layerNormalization(), sum(both, near)))
  const query = apply(layers.simpleRNN({ units: 8 }), gru)
  const weights = apply(layers.softmax({ axis: -1 }), apply(layers.dot({ axes: [2, 1] }), gru, query))
  const attended = apply(layers.dot({ axes: [1, 1] }), gru, weights)
  return tf.model({ inputs: words, outputs: apply(layers.dense({ units: 3, activation: 'softmax', name: 'topic' }), apply(layers.concatenate(), attended, query)) })
}

/** Down by strides, up by transposed convolutions and up-sampling, with skips; one model inside another; two outputs. */
export function encoderDecoder(): tf.LayersModel {
  const down = (filters: number): tf.layers.Layer[] => [layers.conv2d({ filters, kernelSize: 3, strides: 2, padding: 'same', activation: 'selu' }), layers.batchNormalization()]
  const encoder = chain(layers.inputLayer({ inputShape: [16, 16, 4] }), ...down(6), ...down(8))
  const input = tf.input({ shape: image, name: 'picture' })
  const first = apply(layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'mish' }), input)
  const code = apply(encoder, first)
  let up = apply(layers.conv2dTranspose({ filters: 6, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }), code)
  up = apply(layers.upSampling2d({ size: [2, 2], interpolation: 'bilinear' }), up)
  up = apply(layers.concatenate(), first, up)
  const mask = apply(layers.conv2d({ filters: 2, kernelSize: 1, activation: 'sigmoid', name: 'mask' }), up)
  return tf.model({ inputs: input, outputs: [mask, apply(layers.dense({ units: 3, name: 'kind' }), apply(layers.globalAveragePooling2d({}), code))] })
}

export const networks: { readonly [name: string]: { readonly build: () => tf.LayersModel; readonly below?: number } } = {
  'multi-layer perceptron': { build: perceptron },
  'convolutional network with batch normalisation': { build: vgg },
  'residual network of separable and depthwise convolutions': { build: residual },
  'sequence network of embedding, LSTM, GRU and attention': { build: sequences, below: 6 },
  'encoder and decoder with transposed convolutions': { build: encoderDecoder },
}

/** What models are put together of, beside layers. */
export const compositions: { readonly [name: string]: () => tf.LayersModel } = {
  'a shared layer': () => {
    const input = tf.input({ shape: [6] })
    const shared = layers.dense({ units: 6, activation: 'tanh', name: 'shared' })
    const once = apply(shared, input)
    return tf.model({ inputs: input, outputs: sum(once, apply(shared, once), apply(shared, apply(layers.reLU(), input))) })
  },
  'a shared layer for inputs of different size': () => {
    const inputs = [tf.input({ shape: [4] }), tf.input({ shape: [6] })]
    const pairs = layers.reshape({ targetShape: [-1, 2] })
    const steps = layers.timeDistributed({ layer: layers.dense({ units: 3 }) })
    return tf.model({ inputs, outputs: inputs.map((input) => apply(steps, apply(pairs, input))) })
  },
  'a model in a model, used twice': () => {
    const inner = on(image, layers.conv2d({ filters: 2, kernelSize: 2 }), layers.flatten())
    const input = tf.input({ shape: image })
    return tf.model({ inputs: input, outputs: sum(apply(inner, input), apply(inner, apply(layers.reLU(), input))) })
  },
  'a model with two outputs in a model': () => {
    const a = tf.input({ shape: [4] })
    const shared = apply(layers.dense({ units: 4 }), a)
    const inner = tf.model({ inputs: a, outputs: [apply(layers.reLU(), shared), apply(layers.dense({ units: 4 }), shared)] })
    const input = tf.input({ shape: [4] })
    return tf.model({ inputs: input, outputs: sum(...(inner.apply(input) as tf.SymbolicTensor[])) })
  },
  'a model at each time step': () => on([null, 6, 6, 2], layers.timeDistributed({ layer: on([6, 6, 2], layers.conv2d({ filters: 2, kernelSize: 3 }), layers.globalMaxPooling2d({})) }), layers.lstm({ units: 3 })),
  'an output that others are made of': () => {
    const input = tf.input({ shape: [4] })
    const output = apply(layers.dense({ units: 2 }), input)
    return tf.model({ inputs: input, outputs: [output, apply(layers.reLU(), output)] })
  },
  'a sequential model of models': () => chain(on([6], layers.dense({ units: 4 })), on([4], layers.dense({ units: 2 }))),
}
