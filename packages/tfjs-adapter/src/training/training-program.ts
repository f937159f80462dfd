import type { Awaitable, Json, TrainerTrial } from '@attune/core'
import type { Batch, PreparedSets } from '../data/batch-source.ts'
import type { TrainableWeight } from '../optimizers/step-optimizer.ts'
import type { Scalar, Tensor, TensorFlow, Variable } from '../tensorflow.ts'

/** Values of one batch by the names under which they are reported, `loss` among them: means over its samples. */
export type BatchScores = { readonly [name: string]: Scalar }

/** What one batch gave. The tensors are the caller's to dispose of. */
export interface BatchGradients {
  /** `loss` is what was differentiated, regularisation included. */
  readonly scores: BatchScores
  /** By the keys of `trainable`; a weight that the loss does not depend on has none. */
  readonly gradients: { readonly [key: string]: Tensor }
}

/** Where in the training a batch is; together with the trial's seed it decides all randomness. */
export interface BatchPosition {
  /** From 1. */
  readonly epoch: number
  /** From 0, counted in micro-batches. */
  readonly batch: number
}

/** A weight as checkpoints keep it. */
export interface ProgramWeight {
  /** The same in every process and for every attempt, and for no other weight of this program. */
  readonly key: string
  /** What it is called in the layers model of `topology`; undefined if it is no weight of that. */
  readonly name: string | undefined
  readonly variable: Variable
}

/**
 * What is trained: a layers model, a network of one's own, a student with its teacher. The loop knows epochs, optimiser, schedule,
 * validation, checkpoints and stopping; a program knows weights and how a batch becomes gradients.
 */
export interface TrainingProgram {
  /** What `gradients` and `evaluate` report besides `loss`, in the order of reports; undefined if that is not known before the first batch. */
  readonly metrics: readonly string[] | undefined
  /** What `evaluate` reports besides them; default nothing. */
  readonly validationMetrics?: readonly string[]
  /** Everything a checkpoint has to keep besides the optimiser, statistics of normalisations included; the order is fixed. */
  readonly weights: readonly ProgramWeight[]
  /** What the optimiser changes in this epoch (from 1); a list that may shrink and grow between epochs (gradual unfreezing). */
  trainable(epoch: number): readonly TrainableWeight[]
  /** Synchronous, and leaves nothing in memory but what it returns, whether it returns or throws. Its metrics are named as those of every other batch. */
  gradients(batch: Batch, position: BatchPosition): BatchGradients
  /** The same metrics as `gradients` reports, `validationMetrics`, and `loss`, without learning. Synchronous; leaves nothing but what it returns. */
  evaluate(batch: Batch): BatchScores
  /** Called after every step of the optimiser: keeps weights within their constraints. */
  afterStep?(): void
  /** `modelTopology` of the layers model that the weights, or some of them, are of: with it a checkpoint can be read as a model. */
  readonly topology: Json | undefined
  /** What was trained, with the weights as they are now. */
  pack(): Promise<{ readonly kind: string; readonly bytes: Uint8Array }>
  /** What to say of the artefact. */
  readonly about: { readonly [key: string]: number | string }
  dispose(): void
}

/** What there is when a trial begins. */
export interface ProgramContext<P> {
  readonly tf: TensorFlow
  readonly trial: TrainerTrial<P>
  readonly data: PreparedSets
}

/** Makes the program of one trial. On failure nothing is left in memory. */
export type OpenProgram<P> = (context: ProgramContext<P>) => Awaitable<TrainingProgram>
