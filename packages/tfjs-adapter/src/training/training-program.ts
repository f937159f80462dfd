import type { Awaitable, TrainerTrial } from '@attune/core'
import type { Batch, PreparedSets } from '../data/batch-source.ts'
import type { TrainableWeight } from '../optimizers/step-optimizer.ts'
import type { Scalar, Tensor, TensorFlow, Variable } from '../tensorflow.ts'
import type { TrialSettings } from './trial-settings.ts'

/** What one batch gave. The tensors are the caller's to dispose of. */
export interface BatchGradients {
  /** Mean over the samples of the batch, regularisation included. */
  readonly loss: Scalar
  /** Means over the samples of the batch, by the names under which they are reported. */
  readonly metrics: { readonly [name: string]: Scalar }
  /** By the keys of `trainable`. */
  readonly gradients: { readonly [key: string]: Tensor }
}

/** What one validation batch gave: means over its samples. */
export type BatchScores = { readonly [name: string]: Scalar }

/** Where in the training a batch is; together with the trial's seed it decides all randomness. */
export interface BatchPosition {
  /** From 1. */
  readonly epoch: number
  /** From 0, counted in micro-batches. */
  readonly batch: number
}

/**
 * What is trained: a layers model, a network of one's own, a student with its teacher. The loop knows epochs, optimiser, schedule,
 * validation, checkpoints and stopping; a program knows weights and how a batch becomes gradients.
 */
export interface TrainingProgram {
  /** Everything a checkpoint has to keep besides the optimiser, statistics of normalisations included; the order is fixed. */
  readonly weights: readonly { readonly key: string; readonly variable: Variable }[]
  /** What the optimiser changes in this epoch (from 1); a list that may shrink and grow between epochs (gradual unfreezing). */
  trainable(epoch: number): readonly TrainableWeight[]
  /** Synchronous, and leaves nothing in memory but what it returns. */
  gradients(batch: Batch, position: BatchPosition): BatchGradients
  /** The same metrics as `gradients` reports, and `loss`, without learning. */
  evaluate(batch: Batch): BatchScores
  /** The model as an artefact's bytes, with the weights as they are now. */
  pack(): Promise<Uint8Array>
  /** What to say of the artefact. */
  readonly about: { readonly [key: string]: number | string }
  dispose(): void
}

/** Makes the program of one trial. On failure nothing is left in memory. */
export type OpenProgram<P> = (tf: TensorFlow, trial: TrainerTrial<P>, settings: TrialSettings, data: PreparedSets) => Awaitable<TrainingProgram>
