import type { LayerWriter } from './layer-scope.ts'
import { activation, identity, parametric, prelu, relu, softmax } from './layers/activation-layers.ts'
import { convolution, depthwiseConvolution, separableConvolution, transposedConvolution } from './layers/convolutions.ts'
import { dense } from './layers/dense.ts'
import { dot } from './layers/dot.ts'
import { embedding, masking, rescaling } from './layers/lookup-layers.ts'
import { concatenate, merge } from './layers/merges.ts'
import { batchNormalization, layerNormalization } from './layers/normalization.ts'
import { globalPooling, pooling } from './layers/pooling.ts'
import { recurrent } from './layers/recurrent.ts'
import { flatten, permute, repeatVector, reshape } from './layers/shape-layers.ts'
import { cropping, upSampling, zeroPadding } from './layers/spatial-layers.ts'
import { bidirectional, timeDistributed } from './layers/wrappers.ts'

/** By the class names of TensorFlow.js. What acts only while training is left out. */
export const layerWriters: { readonly [className: string]: LayerWriter } = {
  Dense: dense,
  Conv1D: convolution, Conv2D: convolution, Conv3D: convolution,
  Conv2DTranspose: transposedConvolution, Conv3DTranspose: transposedConvolution,
  DepthwiseConv2D: depthwiseConvolution, SeparableConv2D: separableConvolution,
  MaxPooling1D: pooling('MaxPool'), MaxPooling2D: pooling('MaxPool'), MaxPooling3D: pooling('MaxPool'),
  AveragePooling1D: pooling('AveragePool'), AveragePooling2D: pooling('AveragePool'), AveragePooling3D: pooling('AveragePool'),
  GlobalMaxPooling1D: globalPooling('ReduceMax'), GlobalMaxPooling2D: globalPooling('ReduceMax'),
  GlobalAveragePooling1D: globalPooling('ReduceMean'), GlobalAveragePooling2D: globalPooling('ReduceMean'),
  BatchNormalization: batchNormalization, LayerNormalization: layerNormalization,
  Activation: activation, ReLU: relu, LeakyReLU: parametric('LeakyRelu', 'alpha', 0.3), PReLU: prelu, ELU: parametric('Elu', 'alpha', 1),
  ThresholdedReLU: parametric('ThresholdedRelu', 'theta', 1), Softmax: softmax,
  Dropout: identity, SpatialDropout1D: identity, GaussianNoise: identity, GaussianDropout: identity, AlphaDropout: identity,
  Flatten: flatten, Reshape: reshape, Permute: permute, RepeatVector: repeatVector,
  ZeroPadding2D: zeroPadding, Cropping2D: cropping, UpSampling2D: upSampling,
  Add: merge('Sum'), Multiply: merge('Mul'), Average: merge('Mean'), Maximum: merge('Max'), Minimum: merge('Min'),
  Concatenate: concatenate, Dot: dot,
  Embedding: embedding, Masking: masking, Rescaling: rescaling,
  SimpleRNN: recurrent, LSTM: recurrent, GRU: recurrent, RNN: recurrent, ConvLSTM2D: recurrent,
  Bidirectional: bidirectional, TimeDistributed: timeDistributed,
}

/** Layers that take whole numbers as they are; the others are given floats. */
export const takesIntegers: ReadonlySet<string> = new Set(['Embedding', 'Rescaling', 'Flatten', 'Reshape', 'Permute', 'RepeatVector', 'Concatenate', 'Dropout', 'SpatialDropout1D', 'ZeroPadding2D', 'Cropping2D', 'TimeDistributed'])
