import type { Awaitable, TrainingInput } from '@attune/core'
import type { Backend } from '../backends/backend.ts'
import type { TrainingData } from '../data/training-data.ts'
import type { LayersModel, Optimizer, Tensor, TensorFlow } from '../tensorflow.ts'
import type { OptimizerSpec } from './optimizer.ts'

/** A value for all trials, or a function of a trial's parameters. */
export type PerTrial<P, T> = T | ((params: P) => T)

/** Loss or metric of one's own: a number for each sample, or their mean. A metric is reported under the function's name. */
export type MetricFunction = (truth: Tensor, prediction: Tensor) => Tensor

/** The losses that TensorFlow.js knows by name. */
export type LossName =
  | 'meanSquaredError' | 'meanAbsoluteError' | 'meanAbsolutePercentageError' | 'meanSquaredLogarithmicError'
  | 'squaredHinge' | 'hinge' | 'categoricalHinge' | 'logcosh' | 'kullbackLeiblerDivergence' | 'poisson' | 'cosineProximity'
  | 'categoricalCrossentropy' | 'sparseCategoricalCrossentropy' | 'binaryCrossentropy'

/** The metrics that TensorFlow.js knows by name. */
export type MetricName =
  | 'accuracy' | 'crossentropy' | 'binaryAccuracy' | 'categoricalAccuracy' | 'precision'
  | 'categoricalCrossentropy' | 'sparseCategoricalCrossentropy' | 'mse' | 'mae' | 'mape' | 'cosine'

/** A loss by its name, or a function. A function of one's own is given to the trainer as `loss: () => myLoss`. */
export type Loss = LossName | MetricFunction

/** A metric by its name, or a function. */
export type Metric = MetricName | MetricFunction

/** The epoch whose weights become the artefact. */
export interface BestEpoch {
  /** A reported metric, as `valAccuracy`. */
  readonly metric: string
  readonly direction: 'minimize' | 'maximize'
}

/** What `build` gets besides parameters and namespace. */
export interface BuildContext {
  /** The trial's seed, for randomness after an `await` and for code of one's own. */
  readonly seed: number
}

/** Options of `tfjsTrainer`. */
export interface TfjsTrainerOptions<P> {
  /** The TensorFlow.js namespace, as in `import * as tf from '@tensorflow/tfjs'`. */
  readonly tf: TensorFlow
  /** `cpu()`, `wasm()`, `webgpu()`, `node()` or `nodeGpu()`: there is no default and no fallback. */
  readonly backend: Backend
  /**
   * Makes the model of a trial: a layers model with one input and one output, not compiled. Called once a trial; the
   * trainer disposes of the model. Initialisers without a seed are seeded by the trial as long as `build` has not awaited anything.
   */
  readonly build: (params: P, tf: TensorFlow, context: BuildContext) => Awaitable<LayersModel>
  /** Checked and brought onto the backend once for each `optimize`, before its first trial; freed when it ends. */
  readonly data: TrainingData | (() => Awaitable<TrainingData>)
  /** What the data are called, for trackers. */
  readonly inputs?: readonly TrainingInput[]
  /** Whole numbers ≥ 1. A trial ends earlier when the pruner says so. */
  readonly epochs: PerTrial<P, number>
  /** Samples a step; default 32. */
  readonly batchSize?: PerTrial<P, number>
  /** With `categoricalCrossentropy` and class indices as targets, the sparse form is used. */
  readonly loss: LossName | ((params: P) => Loss)
  /** Default none but the loss. Reported as named here; on the validation data as `val` + name: `valAccuracy`. */
  readonly metrics?: PerTrial<P, readonly Metric[]>
  /** Default Adam with a learning rate of 0.001. */
  readonly optimizer?: OptimizerSpec | ((params: P, tf: TensorFlow) => OptimizerSpec | Optimizer)
  /** A new order of the samples every epoch, by the trial's seed; default true. */
  readonly shuffle?: boolean
  /**
   * Which epoch's weights the artefact has. true (the default): the best `valAccuracy`, else `valLoss`, else `accuracy`,
   * else `loss`, whichever is reported first in this list; false: the last epoch.
   */
  readonly restoreBest?: boolean | BestEpoch
}
