import { tfjsError } from '../../error.ts'
import type { Tensor, TensorFlow } from '../../tensorflow.ts'
import type { Loss, MetricFunction } from './options.ts'

/** True for losses whose targets are probabilities. */
export function takesSmoothing(loss: Loss): boolean {
  return loss === 'categoricalCrossentropy' || loss === 'sparseCategoricalCrossentropy' || loss === 'binaryCrossentropy'
}

/** @throws AttuneError `TFJS_OPTION`. */
export function checkSmoothing(share: number, losses: readonly Loss[]): void {
  if (!(share >= 0 && share < 1)) throw tfjsError('TFJS_OPTION', `labelSmoothing must be at least 0 and below 1, got ${String(share)}.`)
  if (share > 0 && !losses.some(takesSmoothing)) throw tfjsError('TFJS_OPTION', 'labelSmoothing is for the losses categoricalCrossentropy, sparseCategoricalCrossentropy and binaryCrossentropy.')
}

/**
 * The loss against softened targets (Szegedy et al. 2016, section 7): with K classes y becomes (1 − share)·y + share/K. Class indices
 * are made rows first; for the binary loss there are two classes.
 */
export function smoothedLoss(tf: TensorFlow, loss: Loss, compute: MetricFunction, share: number): MetricFunction {
  if (share === 0 || !takesSmoothing(loss)) return compute
  const soften = (truth: Tensor, classes: number): Tensor => tf.add(tf.mul(tf.cast(truth, 'float32'), 1 - share), share / classes)
  if (loss === 'binaryCrossentropy') return (truth, prediction) => compute(soften(truth, 2), prediction)
  if (loss === 'categoricalCrossentropy') return (truth, prediction) => compute(soften(truth, prediction.shape.at(-1) as number), prediction)
  return (truth, prediction) => {
    const classes = prediction.shape.at(-1) as number
    const rows = tf.reshape(tf.oneHot(tf.cast(tf.reshape(truth, [-1]), 'int32'), classes), prediction.shape)
    return tf.metrics.categoricalCrossentropy(soften(rows, classes), prediction)
  }
}
