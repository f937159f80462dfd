import type { Awaitable } from './values.ts'

/** Numbers row by row: the first size of `shape` counts the rows (samples), and the product of all sizes is `data.length`. */
export interface Rows {
  readonly data: Float32Array
  readonly shape: readonly number[]
}

/**
 * A model that answers: a teacher for distillation, or one that is compared with another. Models of TensorFlow.js and of
 * ONNX Runtime both are, so that one can teach, or check, the other.
 */
export interface Predictor {
  readonly specVersion: 'v1'
  /** What it is called in messages and attributes. */
  readonly id: string
  /**
   * One answer for each row, in order: for a classifier its logits (the numbers before the softmax), shape
   * [rows, classes]. The same row gets the same answer whatever is beside it. Calls may overlap; a predictor that can
   * only do one thing at a time queues them. Rejects when `signal` aborts.
   */
  predict(batch: Rows, options?: { readonly signal?: AbortSignal }): Awaitable<Rows>
  /** Frees what it holds; called by whoever opened it. */
  close?(): Awaitable<void>
}
