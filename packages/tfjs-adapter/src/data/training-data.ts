import type { Awaitable } from '@attune/core'
import type { Tensor, TensorFlow } from '../tensorflow.ts'

/** Numbers. Of inputs, an Int32Array becomes an int32 tensor (indices of an embedding); everything else float32. */
export type Numbers = Float32Array | Float64Array | Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array | Int32Array | Uint32Array | readonly number[]

/** Row-major numbers and their shape, samples first: `{ data: pixels, shape: [2000, 28, 28, 1] }`. */
export interface ShapedNumbers {
  readonly data: Numbers
  readonly shape: readonly number[]
}

/** One value for each sample, samples first. A plain list is one number a sample, and so a column, [samples, 1]. */
export type SampleArray = Tensor | ShapedNumbers | Numbers

/** One array; a list of them, in the model's order; or arrays by the names of the model's inputs or outputs. */
export type SampleArrays = SampleArray | readonly SampleArray[] | { readonly [name: string]: SampleArray }

/**
 * Inputs and targets of some samples. Tensors stay the caller's: they are read, never disposed of. Typed arrays are read while
 * trials run, not copied first: leave them as they are until `optimize` has ended.
 */
export interface LabelledData {
  readonly x: SampleArrays
  /**
   * Targets: shaped like the model's output (one-hot rows, regression values), or a plain list of one number a sample
   * (class indices for a cross-entropy over classes, otherwise a column of targets).
   */
  readonly y: SampleArrays
}

/** A set of `tf.data`. */
export interface TensorFlowDataset {
  iterator(): Promise<{ next(): Promise<IteratorResult<unknown>> }>
}

/**
 * Elements `{ xs, ys }` (or `{ x, y }`). Each of the two is one value, or values by name: a tensor, a number, a list (of lists)
 * of numbers, typed numbers, `{ data, shape }`. Elements are taken over: their tensors are disposed of.
 */
export interface StreamElement {
  readonly xs?: unknown
  readonly ys?: unknown
  readonly x?: unknown
  readonly y?: unknown
}

type Elements = AsyncIterable<StreamElement> | Iterable<StreamElement>

/** What is read from its start in every epoch: a set of `tf.data`, a collection, or a function that begins a new iteration. */
export type StreamOrigin = TensorFlowDataset | Elements | (() => Awaitable<TensorFlowDataset | Elements | AsyncIterator<StreamElement> | Iterator<StreamElement>>)

/** A stream of single samples, put together to batches of the trainer's `batchSize`. */
export interface SampleStream {
  readonly samples: StreamOrigin
  /** Samples among which the next one is drawn, by the trial's seed; default 0: in the order of the stream. */
  readonly shuffleBuffer?: number
}

/** A stream of batches, samples first, each of which is one step as it is: `batchSize` does not apply. */
export interface BatchStream {
  readonly batches: StreamOrigin
}

export type DataSet = LabelledData | SampleStream | BatchStream

/** Takes validation data from the training data, which have to be arrays. The same numbers give the same split. */
export interface ValidationSplit {
  /** Share of the samples, between 0 and 1. */
  readonly split: number
  /** The same share of each class; with several targets, the name or position of the one that holds the classes. Default false. */
  readonly stratify?: boolean | string | number
  /** Default 0. It is not the trial's seed: all trials are judged on the same samples. */
  readonly seed?: number
}

/** What a model learns from, and what it is judged on. */
export interface TrainingData {
  readonly train: DataSet
  /** Judged after every epoch: the metrics `valLoss`, `valAccuracy`, … */
  readonly validation?: DataSet | ValidationSplit
}

export function isTensor(tf: TensorFlow, value: unknown): value is Tensor {
  return value instanceof tf.Tensor
}
