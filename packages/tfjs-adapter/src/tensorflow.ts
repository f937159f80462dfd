import type * as tensorflow from '@tensorflow/tfjs'

/** The namespace that a user injects: `import * as tf from '@tensorflow/tfjs'` (or `@tensorflow/tfjs-node`, which extends it). */
export type TensorFlow = typeof tensorflow

export type LayersModel = tensorflow.LayersModel
export type Optimizer = tensorflow.Optimizer
export type Tensor = tensorflow.Tensor
export type Variable = tensorflow.Variable
export type Scalar = tensorflow.Scalar
export type Tensor1D = tensorflow.Tensor1D
export type NamedTensorMap = tensorflow.NamedTensorMap
export type WeightSpec = tensorflow.io.WeightsManifestEntry
export type Layer = tensorflow.layers.Layer
export type SymbolicTensor = tensorflow.SymbolicTensor
