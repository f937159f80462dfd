import type { Awaitable } from '@attune/core'
import type { LayersModel, Tensor, TensorFlow } from '../../tensorflow.ts'
import type { PerTrial, TrainingOptions } from '../options.ts'

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

/** Something for each output, by the name of its layer. */
export type PerOutput<T> = { readonly [output: string]: T }

/** What `build` gets besides parameters and namespace. */
export interface BuildContext {
  /** The trial's seed, for randomness after an `await` and for code of one's own. */
  readonly seed: number
}

/** What a layers model is trained for. */
export interface ObjectiveOptions<P> {
  /**
   * For a model with several outputs, a loss for each by the name of its layer: `{ digit: 'categoricalCrossentropy', parity: 'binaryCrossentropy' }`.
   * With `categoricalCrossentropy` and class indices as targets, the sparse form is used.
   */
  readonly loss: LossName | PerOutput<Loss> | ((params: P) => Loss | PerOutput<Loss>)
  /** What the loss of an output counts; default 1 each. */
  readonly lossWeights?: PerTrial<P, PerOutput<number>>
  /**
   * Share of each target that is spread over all classes, from 0 (the default) to below 1; for the cross-entropies. Only `loss` is
   * smoothed: metrics and `valLoss` are judged on the targets as they are, so that trials with different smoothing can be compared.
   */
  readonly labelSmoothing?: PerTrial<P, number>
  /**
   * Default none but the loss. Reported as named here, on the validation data as `val` + name: `valAccuracy`. With several outputs, by the
   * name of the output's layer, or a list for all of them, and reported with that name before: `digitLoss`, `digitAccuracy`, `valDigitAccuracy`.
   */
  readonly metrics?: PerTrial<P, readonly Metric[] | PerOutput<readonly Metric[]>>
}

/** Options of `tfjsTrainer`. */
export interface TfjsTrainerOptions<P> extends TrainingOptions<P>, ObjectiveOptions<P> {
  /**
   * Makes the model of a trial: a layers model, not compiled. Called once a trial; the trainer disposes of the model.
   * Initialisers without a seed are seeded by the trial as long as `build` has not awaited anything.
   */
  readonly build: (params: P, tf: TensorFlow, context: BuildContext) => Awaitable<LayersModel>
}
