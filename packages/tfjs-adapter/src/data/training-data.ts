import type { Tensor, TensorFlow } from '../tensorflow.ts'

/** Numbers that are copied into a float32 tensor. */
export type Numbers = Float32Array | Float64Array | Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array | Int32Array | Uint32Array | readonly number[]

/** Row-major numbers and their shape, samples first: `{ data: pixels, shape: [2000, 28, 28, 1] }`. */
export interface ShapedNumbers {
  readonly data: Numbers
  readonly shape: readonly number[]
}

/** Inputs and targets of some samples. Tensors stay the caller's: they are read, never disposed of. */
export interface LabelledData {
  readonly x: Tensor | ShapedNumbers
  /**
   * Targets: shaped like the model's output (one-hot rows, regression values), or a plain list of one number a sample
   * (class indices for a cross-entropy over classes, otherwise a column of targets).
   */
  readonly y: Tensor | ShapedNumbers | Numbers
}

/** What a model learns from, and what it is judged on. */
export interface TrainingData {
  readonly train: LabelledData
  /** Judged after every epoch: the metrics `valLoss`, `valAccuracy`, … */
  readonly validation?: LabelledData
}

/** Targets that are one number a sample are told apart, since a loss over classes takes them as class indices. */
export interface PreparedSet {
  readonly x: Tensor
  readonly y: Tensor
  readonly singleNumber: boolean
  readonly largestTarget: number
  readonly wholeTargets: boolean
}

export interface PreparedData {
  readonly train: PreparedSet
  readonly validation: PreparedSet | undefined
  /** Disposes of the tensors that were made here. */
  dispose(): void
}

export function isTensor(tf: TensorFlow, value: unknown): value is Tensor {
  return value instanceof tf.Tensor
}
