import type { Awaitable } from '@attune/core'
import type { Batch } from '../../data/batch-source.ts'
import type { LayersModel, Tensor, TensorFlow } from '../../tensorflow.ts'
import type { TrainingOptions } from '../options.ts'

/** A batch, with its only input and only targets at hand. */
export interface CustomBatch extends Pick<Batch, 'inputs' | 'targets' | 'size' | 'indices'> {
  /** `inputs[0]`. */
  readonly x: Tensor
  /** `targets[0]`. */
  readonly y: Tensor
}

/** What `step` gets besides state and batch. */
export interface StepContext<P> {
  readonly params: P
  readonly tf: TensorFlow
  /** True when the loss is differentiated, false for validation data: layers are called with `{ training }`. */
  readonly training: boolean
  /** From 1. */
  readonly epoch: number
  /** Another one for every batch, the same when a trial is run again: for `tf.dropout(x, 0.5, undefined, seed)`. */
  readonly seed: number
}

/** What `step` answers. */
export interface StepResult {
  /** A scalar: the mean over the samples of the batch. It is differentiated by every weight that is trained. */
  readonly loss: Tensor
  /** Means over the samples of the batch, the same names for every batch. A tensor of another shape is averaged. */
  readonly metrics?: { readonly [name: string]: Tensor | number }
}

/** Options of `customTrainer`. */
export interface CustomTrainerOptions<P, S> extends TrainingOptions<P> {
  /**
   * Makes what a trial trains: plain objects and lists of `tf.Variable`s, layers models and built layers, as deep as you like, and anything else besides.
   * All variables and weights in it are kept in checkpoints; those that are `trainable` are trained. Whatever of tfjs is in it belongs to
   * the trainer, who disposes of it. Other tensors that it makes are freed as by `tf.tidy`, and initialisers without a seed are seeded by the
   * trial, unless `init` awaits something before.
   */
  readonly init: (params: P, tf: TensorFlow, context: { readonly seed: number }) => Awaitable<S>
  /**
   * The loss of a batch. Synchronous: awaiting would break the tape of the gradient. Runs within `tf.tidy`; random operations without
   * a seed are seeded. Called with `training: false` for validation data.
   */
  readonly step: (state: S, batch: CustomBatch, context: StepContext<P>) => StepResult
  /** The layers model in the state that is the artefact. Default: the artefact is all weights by their place in the state, for `loadWeights`. */
  readonly model?: (state: S) => LayersModel
}
