import * as tf from '@tensorflow/tfjs'
import { apply, chain, layers, on } from './export.test-support.ts'
import { recurrentModels } from './recurrent-layers.test-support.ts'

type Models = { readonly [name: string]: () => tf.LayersModel }

const image = [9, 8, 3]
const both = ['same', 'valid'] as const
const activationNames = ['elu', 'selu', 'relu', 'relu6', 'linear', 'sigmoid', 'hardSigmoid', 'softplus', 'softsign', 'tanh', 'softmax', 'logSoftmax', 'gelu', 'gelu_new', 'mish', 'swish'] as 'relu'[] // the types of tfjs lack some
const first = 'channelsFirst' as const

function merged(...shapes: number[][]): (layer: tf.layers.Layer) => tf.LayersModel {
  return (layer) => {
    const inputs = shapes.map((shape) => tf.input({ shape }))
    return tf.model({ inputs, outputs: apply(layer, ...inputs) })
  }
}

/** By the class names of TensorFlow.js: configurations of every layer that is exported. */
export const layerModels: { readonly [className: string]: Models } = {
  InputLayer: { 'several inputs as outputs': () => { const inputs = [tf.input({ shape: [2] }), tf.input({ shape: [3, 2] })]; return tf.model({ inputs, outputs: inputs }) } },
  Dense: {
    rows: () => on([6], layers.dense({ units: 7, activation: 'relu' }), layers.dense({ units: 4, activation: 'softmax' })),
    'without bias': () => on([6], layers.dense({ units: 3, useBias: false })),
    'sequence of any length': () => on([null, 6], layers.dense({ units: 3, activation: 'tanh' })),
    'image behind a convolution': () => on(image, layers.conv2d({ filters: 2, kernelSize: 2 }), layers.dense({ units: 5, activation: 'softmax' }), layers.dense({ units: 2, useBias: false })),
  },
  Conv1D: {
    ...Object.fromEntries(both.flatMap((padding) => [1, 2].map((strides) => [`${padding}, stride ${strides}`, () => on([11, 3], layers.conv1d({ filters: 4, kernelSize: 3, strides, padding, activation: 'relu' }))]))),
    'dilated, any length': () => on([null, 3], layers.conv1d({ filters: 2, kernelSize: 3, dilationRate: 2, padding: 'same', useBias: false })),
  },
  Conv2D: {
    ...Object.fromEntries([1, 2, 3].flatMap((strides) => both.flatMap((padding) => [2, 3].map((kernelSize) => [
      `${kernelSize} × ${kernelSize}, stride ${strides}, ${padding}`,
      () => on(image, layers.conv2d({ filters: 4, kernelSize, strides, padding, activation: 'relu' })),
    ])))),
    'oblong and dilated': () => on(image, layers.conv2d({ filters: 2, kernelSize: [3, 2], dilationRate: [2, 1], padding: 'same' }), layers.conv2d({ filters: 2, kernelSize: 2, dilationRate: 2, useBias: false })),
    'any size': () => on([null, null, 3], layers.conv2d({ filters: 2, kernelSize: 3, strides: 2, padding: 'same' }), layers.conv2d({ filters: 2, kernelSize: 3, dilationRate: 2, padding: 'same' })),
    'softmax over its channels': () => on(image, layers.conv2d({ filters: 4, kernelSize: 2, activation: 'softmax' }), layers.activation({ activation: 'logSoftmax' as 'softmax' })),
    'channels first': () => on([3, 9, 8], layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', dataFormat: first, activation: 'softmax' })),
  },
  Conv3D: {
    same: () => on([5, 4, 3, 2], layers.conv3d({ filters: 3, kernelSize: [2, 3, 2], padding: 'same', activation: 'relu' })),
    'valid, strided': () => on([5, 5, 6, 2], layers.conv3d({ filters: 2, kernelSize: 2, strides: [1, 2, 2] })),
  },
  Conv2DTranspose: Object.fromEntries([1, 2, 3].flatMap((strides) => both.flatMap((padding) => [1, 2, 3, 4].map((kernelSize) => [
    `${kernelSize} × ${kernelSize}, stride ${strides}, ${padding}`,
    () => on([4, 3, 3], layers.conv2dTranspose({ filters: 2, kernelSize, strides, padding, activation: 'tanh' })),
  ])))),
  Conv3DTranspose: { 'same, stride 2': () => on([3, 2, 3, 2], layers.conv3dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: 'same' })) },
  DepthwiseConv2D: {
    ...Object.fromEntries([1, 2].flatMap((depthMultiplier) => both.map((padding) => [`multiplier ${depthMultiplier}, ${padding}`, () => on(image, layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier, strides: depthMultiplier, padding, activation: 'relu' }))]))),
    'with a dilation that tfjs ignores, without bias': () => on(image, layers.depthwiseConv2d({ kernelSize: [2, 3], dilationRate: 2, useBias: false })),
    'channels first': () => on([3, 9, 8], layers.depthwiseConv2d({ kernelSize: 3, dataFormat: first })),
  },
  SeparableConv2D: {
    ...Object.fromEntries([1, 2].flatMap((depthMultiplier) => both.map((padding) => [`multiplier ${depthMultiplier}, ${padding}`, () => on(image, layers.separableConv2d({ filters: 4, kernelSize: 3, depthMultiplier, strides: depthMultiplier, padding, activation: 'relu' }))]))),
    'dilated, without bias': () => on(image, layers.separableConv2d({ filters: 2, kernelSize: 2, dilationRate: 2, useBias: false })),
    'channels first, without bias': () => on([3, 9, 8], layers.separableConv2d({ filters: 2, kernelSize: 2, dataFormat: first, useBias: false })),
  },
  MaxPooling1D: Object.fromEntries(both.map((padding) => [padding, () => on([9, 3], layers.maxPooling1d({ poolSize: 3, strides: 2, padding }))])),
  AveragePooling1D: Object.fromEntries(both.map((padding) => [padding, () => on([9, 3], layers.averagePooling1d({ poolSize: 2, padding }))])),
  MaxPooling2D: {
    ...Object.fromEntries(both.map((padding) => [padding, () => on(image, layers.maxPooling2d({ poolSize: 2, strides: 1, padding }), layers.maxPooling2d({ poolSize: [3, 2], padding }))])),
    'any size': () => on([null, null, 2], layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
    'channels first': () => on([3, 9, 8], layers.maxPooling2d({ poolSize: 2, dataFormat: first })),
  },
  AveragePooling2D: {
    'same and valid': () => on(image, layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }), layers.averagePooling2d({ poolSize: [2, 3], padding: 'valid' })),
    'any size': () => on([null, null, 2], layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
  },
  MaxPooling3D: { same: () => on([5, 4, 6, 2], layers.maxPooling3d({ poolSize: 2, strides: 2, padding: 'same' })) },
  AveragePooling3D: { same: () => on([5, 4, 6, 2], layers.averagePooling3d({ poolSize: 3, strides: 2, padding: 'same' })) },
  GlobalMaxPooling1D: { 'any length': () => on([null, 3], layers.globalMaxPooling1d()) },
  GlobalAveragePooling1D: {
    // Rows that are steps first, for every layer that takes rows.
    'over units that come time first': () => {
      const input = tf.input({ shape: [5, 3] })
      const rows = apply(layers.globalAveragePooling1d(), apply(layers.permute({ dims: [2, 1] }), apply(layers.gru({ units: 3, returnSequences: true }), input)))
      const state = apply(layers.gru({ units: 5 }), apply(layers.repeatVector({ n: 2 }), rows), rows)
      return tf.model({ inputs: input, outputs: [apply(layers.dot({ axes: 1 }), rows, state), apply(layers.dot({ axes: 1 }), rows, input), apply(layers.batchNormalization(), rows), apply(layers.dense({ units: 2, activation: 'softmax' }), rows)] })
    },
    'behind a convolution': () => on([9, 3], layers.conv1d({ filters: 2, kernelSize: 2 }), layers.globalAveragePooling1d()),
  },
  GlobalMaxPooling2D: { 'behind a convolution': () => on(image, layers.conv2d({ filters: 4, kernelSize: 2 }), layers.globalMaxPooling2d({}), layers.dense({ units: 2 })) },
  GlobalAveragePooling2D: { 'any size': () => on([null, null, 3], layers.globalAveragePooling2d({})), 'channels first': () => on([3, 4, 5], layers.globalAveragePooling2d({ dataFormat: first })) },
  BatchNormalization: {
    'rows, without scale and centre': () => on([6], layers.batchNormalization({ epsilon: 0.1 }), layers.batchNormalization({ scale: false, center: false })),
    sequences: () => on([5, 3], layers.batchNormalization({ center: false })),
    images: () => on(image, layers.batchNormalization(), layers.conv2d({ filters: 3, kernelSize: 2 }), layers.batchNormalization({ scale: false })),
  },
  LayerNormalization: {
    rows: () => on([6], layers.layerNormalization(), layers.dense({ units: 3 }), layers.layerNormalization({ center: false, scale: false, epsilon: 0.01 })),
    'several axes': () => on([4, 5, 3], layers.layerNormalization({ axis: [2, 3] }), layers.layerNormalization({ axis: [1, 2, 3], center: false })),
    'axes that are not the last': () => on([4, 5, 3], layers.layerNormalization({ axis: 1 }), layers.layerNormalization({ axis: [1, 3] })),
    'behind a convolution': () => on(image, layers.conv2d({ filters: 4, kernelSize: 2 }), layers.layerNormalization()),
  },
  Activation: Object.fromEntries(activationNames.map((activation) => [activation, () => on([6], layers.dense({ units: 5, activation }), layers.activation({ activation }))])),
  ReLU: { 'with and without limit': () => on([6], layers.reLU({ maxValue: 0.8 }), layers.dense({ units: 5 }), layers.reLU()) },
  LeakyReLU: { alphas: () => on([6], layers.leakyReLU({ alpha: 0.1 }), layers.dense({ units: 5 }), layers.leakyReLU()) },
  PReLU: {
    rows: () => on([6], layers.prelu()),
    'image behind a convolution': () => on(image, layers.conv2d({ filters: 2, kernelSize: 2 }), layers.prelu()),
    'shared axes': () => on(image, layers.prelu({ sharedAxes: [1, 2] }), layers.conv2d({ filters: 2, kernelSize: 2 }), layers.prelu({ sharedAxes: 1 })),
  },
  ELU: { plain: () => on([6], layers.elu()) },
  ThresholdedReLU: { thetas: () => on([6], layers.thresholdedReLU({ theta: 0.2 }), layers.dense({ units: 5 }), layers.thresholdedReLU({ theta: -0.3 })), 'its default': () => on([20], layers.thresholdedReLU()) },
  Softmax: {
    rows: () => on([6], layers.softmax()),
    'over channels': () => on(image, layers.conv2d({ filters: 4, kernelSize: 2 }), layers.softmax({ axis: -1 })),
    'over several axes': () => on(image, layers.conv2d({ filters: 4, kernelSize: 2 }), layers.softmax({ axis: [1, 2] })),
  },
  Dropout: { rows: () => on([6], layers.dropout({ rate: 0.5 }), layers.dense({ units: 2 })) },
  SpatialDropout1D: { sequence: () => on([4, 3], layers.spatialDropout1d({ rate: 0.5 })) },
  GaussianNoise: { rows: () => on([6], layers.gaussianNoise({ stddev: 1 })) },
  GaussianDropout: { rows: () => on([6], layers.gaussianDropout({ rate: 0.5 })) },
  AlphaDropout: { rows: () => on([6], layers.alphaDropout({ rate: 0.5 })) },
  Flatten: { 'behind a convolution': () => on(image, layers.conv2d({ filters: 2, kernelSize: 2 }), layers.flatten()), 'channels first': () => on([3, 4, 5], layers.flatten({ dataFormat: first })) },
  Reshape: {
    'behind a convolution': () => on(image, layers.conv2d({ filters: 2, kernelSize: 2 }), layers.reshape({ targetShape: [4, 28] })),
    'one size left open': () => on([null, 4], layers.reshape({ targetShape: [-1, 2] })),
    'between sizes of 1': () => on([6], layers.reshape({ targetShape: [1, 1, 6] }), layers.conv2d({ filters: 4, kernelSize: 1 }), layers.flatten()),
    'sizes of 1 between convolutions': () => on([1, 5, 3], layers.conv2d({ filters: 4, kernelSize: [1, 2] }), layers.reshape({ targetShape: [4, 1, 4] }), layers.conv2d({ filters: 2, kernelSize: 1 })),
  },
  Permute: {
    'behind a convolution': () => on(image, layers.conv2d({ filters: 2, kernelSize: 2 }), layers.permute({ dims: [2, 3, 1] }), layers.reshape({ targetShape: [4, 28] })),
    twice: () => on(image, layers.permute({ dims: [3, 1, 2] }), layers.permute({ dims: [3, 1, 2] })),
    'before a convolution': () => on(image, layers.permute({ dims: [3, 2, 1] }), layers.conv2d({ filters: 2, kernelSize: 2 })),
  },
  RepeatVector: { rows: () => on([6], layers.repeatVector({ n: 4 })) },
  ZeroPadding2D: {
    image: () => on(image, layers.zeroPadding2d({ padding: [[1, 2], [0, 3]] })),
    'behind a convolution': () => on([null, null, 3], layers.conv2d({ filters: 2, kernelSize: 2 }), layers.zeroPadding2d(), layers.conv2d({ filters: 2, kernelSize: 2 })),
    'before pooling, as padding that is not of zeros': () => on([9, 8, 3], layers.conv2d({ filters: 2, kernelSize: 2 }), layers.zeroPadding2d({ padding: 2 }), layers.maxPooling2d({ poolSize: 3, padding: 'same' }), layers.zeroPadding2d(), layers.averagePooling2d({ poolSize: 2, padding: 'same' })),
    'channels first': () => on([3, 4, 5], layers.zeroPadding2d({ padding: [1, 2], dataFormat: first })),
  },
  Cropping2D: {
    image: () => on(image, layers.cropping2D({ cropping: [[1, 2], [0, 3]] })),
    'behind a convolution': () => on(image, layers.conv2d({ filters: 2, kernelSize: 2 }), layers.cropping2D({ cropping: 2 })),
    'any size': () => { const input = tf.input({ shape: [null, null, 3] }); return tf.model({ inputs: input, outputs: apply(layers.conv2d({ filters: 2, kernelSize: 3, strides: 2, padding: 'same' }), apply(layers.cropping2D({ cropping: 1 }), input)) }) },
    'channels first': () => on([3, 4, 5], layers.cropping2D({ cropping: [1, 2], dataFormat: first })),
  },
  UpSampling2D: Object.fromEntries((['nearest', 'bilinear'] as const).flatMap((interpolation) => [
    [interpolation, () => on([4, 3, 2], layers.upSampling2d({ size: [2, 3], interpolation }))],
    [`${interpolation}, any size`, () => on([null, null, 2], layers.upSampling2d({ interpolation }))],
    [`${interpolation}, channels first`, () => on([2, 4, 3], layers.upSampling2d({ size: [3, 2], interpolation, dataFormat: first }))],
  ])),
  ...Object.fromEntries((['Add', 'Multiply', 'Average', 'Maximum', 'Minimum'] as const).map((className) => {
    const make = (): tf.layers.Layer => layers[className.toLowerCase() as 'add']()
    return [className, {
      'of three': () => merged([4, 5], [4, 5], [4, 5])(make()),
      'with sizes of 1': () => merged([4, 5, 3], [1, 5, 3])(make()),
      'of different rank': () => merged([4, 5], [5])(make()),
      'an image and a convolution': () => { const input = tf.input({ shape: image }); return tf.model({ inputs: input, outputs: apply(make(), input, apply(layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same' }), input)) }) },
    }]
  })),
  Concatenate: {
    'last axis': () => merged([4, 5], [4, 2])(layers.concatenate()),
    'first axis': () => merged([4, 5], [2, 5])(layers.concatenate({ axis: 1 })),
    'in both orders': () => { const input = tf.input({ shape: image }); return tf.model({ inputs: input, outputs: apply(layers.concatenate({ axis: -1 }), input, apply(layers.conv2d({ filters: 3, kernelSize: 1 }), input)) }) },
    'rows of convolutions': () => { const input = tf.input({ shape: image }); const convolved = apply(layers.conv2d({ filters: 3, kernelSize: 1 }), input); return tf.model({ inputs: input, outputs: apply(layers.concatenate({ axis: 1 }), convolved, apply(layers.reLU(), convolved)) }) },
  },
  Dot: {
    rows: () => merged([5], [5])(layers.dot({ axes: -1 })),
    'rows as cosines': () => merged([5], [5])(layers.dot({ axes: 1, normalize: true })),
    matrices: () => merged([4, 5], [5, 3])(layers.dot({ axes: [2, 1] })),
    'matrices, other axes': () => merged([5, 4], [3, 5])(layers.dot({ axes: [1, 2] })),
    'matrices as cosines': () => merged([4, 5], [3, 5])(layers.dot({ axes: 2, normalize: true })),
    'matrix and row': () => merged([4, 5], [5])(layers.dot({ axes: [2, 1] })),
    'row and matrix': () => merged([5], [5, 4])(layers.dot({ axes: [1, 1] })),
  },
  Embedding: {
    'floats that are whole': () => chain(layers.embedding({ inputDim: 6, outputDim: 4, inputLength: 5 })),
    'any length, int32': () => { const input = tf.input({ shape: [null], dtype: 'int32' }); return tf.model({ inputs: input, outputs: apply(layers.embedding({ inputDim: 6, outputDim: 4 }), input) }) },
    'int32 reshaped first': () => { const input = tf.input({ shape: [6], dtype: 'int32' }); return tf.model({ inputs: input, outputs: apply(layers.embedding({ inputDim: 6, outputDim: 2 }), apply(layers.reshape({ targetShape: [2, 3] }), input)) }) },
  },
  ...recurrentModels,
  Rescaling: { image: () => on(image, layers.rescaling({ scale: 0.5, offset: -1 })), 'scale alone': () => on([4], layers.rescaling({ scale: 1 / 255 })) },
}

/** Classes whose input are numbers from 0 to 5. */
export const takesNumbers: ReadonlySet<string> = new Set(['Embedding'])
