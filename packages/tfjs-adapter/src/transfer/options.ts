import type { ObjectiveOptions } from '../training/layers/options.ts'
import type { PerTrial, TrainingOptions } from '../training/options.ts'
import type { Base } from './base-model.ts'
import type { FreezeSettings } from './freeze-plan.ts'
import type { FreezeBy } from './freeze-units.ts'
import type { Head } from './transfer-model.ts'

/**
 * What becomes of the moving statistics of batch normalisations in the base.
 * - `frozen`: those of frozen layers are used and kept; those of thawed layers move, as in any training. So Keras does it, where a
 *   frozen batch normalisation runs in inference mode.
 * - `keep`: all are used and kept, also while the layers' other weights learn. So Keras advises for fine-tuning with few samples.
 * - `adapt`: all move with the new data, also those of frozen layers, whose own weights stay. So TensorFlow.js does it by itself.
 */
export type BatchNormRule = 'frozen' | 'keep' | 'adapt'

/** Options of `transferLearning`. */
export interface TransferLearningOptions<P> extends TrainingOptions<P>, ObjectiveOptions<P> {
  /** Loaded once a process; every trial trains a copy. */
  readonly base: Base
  /** The layer of the base whose output are the features; what comes after it is left out. Default: the base's output. */
  readonly baseOutput?: string
  /**
   * Makes the head of a trial: `(features, params, tf) => tf.layers.dense({ units: 5, activation: 'softmax' }).apply(features)`.
   * Initialisers without a seed are seeded by the trial. It may be called more than once, so that its layers get names which the base does not have.
   */
  readonly head: Head<P>
  /** What of the base is trained, when, and how fast; the head always is. With `freezeRatioSpace()` in the space: `(params) => params`. */
  readonly freeze: FreezeSettings | ((params: P) => FreezeSettings)
  /** What a freeze ratio counts; default `layers`, those that have weights. */
  readonly freezeBy?: FreezeBy
  /** Default `frozen`. */
  readonly batchNorm?: PerTrial<P, BatchNormRule>
  /**
   * Whether a base that is frozen for good (f = 1) and draws no noise computes the features of each sample once, for all epochs and trials,
   * if they fit into 256 MiB: the numbers stay the same. Default true; false for a base with a layer of your own that does something else
   * in training than in prediction.
   */
  readonly cacheFeatures?: boolean
}
