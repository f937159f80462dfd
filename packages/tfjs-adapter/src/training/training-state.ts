import type { Json } from '@attune/core'
import type { OptimizerState } from '../optimizers/step-optimizer.ts'
import type { Tensor } from '../tensorflow.ts'
import type { EarlyStopState } from './early-stop.ts'
import type { KeptCheckpoint } from './kept-checkpoints.ts'
import type { MeterState } from './meter.ts'

/** Where a training stands between two steps. */
export interface TrainingPosition {
  /** Epochs that are done. */
  readonly epochsDone: number
  /** Of the epoch that has begun, if one has: batches done, and samples in them. */
  readonly batches: number
  readonly samples: number
  /** Steps of the optimiser, over all epochs. */
  readonly steps: number
}

/**
 * All that training needs to go on as if it had never stopped. The order of samples and all randomness are functions of (trial seed, epoch, batch),
 * so the position stands for them.
 */
export interface TrainingState {
  /** As reports count. */
  readonly step: number
  readonly seed: number
  /** What batches of the position are counted in. */
  readonly batchSize: number
  readonly position: TrainingPosition
  readonly weights: readonly { readonly key: string; readonly name: string | undefined; readonly tensor: Tensor }[]
  readonly optimizer: OptimizerState
  readonly schedule: Json
  /** Of the training metrics since the last report. */
  readonly meter: MeterState
  readonly stopping: EarlyStopState | undefined
  /** The best report so far; its weights, in the order of `weights`, only if they are not the current ones. */
  readonly best: { readonly metric: string; readonly step: number; readonly value: number; readonly tensors: readonly Tensor[] | undefined } | undefined
  /** Checkpoints that were kept with the trial. */
  readonly kept: readonly KeptCheckpoint[]
  /** `modelTopology` of the model that the weights are of, if they are of a layers model. */
  readonly topology: Json | undefined
}
