import { tfjsError } from '../../error.ts'
import type { Tensor, TensorFlow } from '../../tensorflow.ts'
import type { Loss } from './options.ts'

/** True for losses whose targets are probabilities. */
export function takesSmoothing(loss: Loss): boolean {
  return loss === 'categoricalCrossentropy' || loss === 'sparseCategoricalCrossentropy' || loss === 'binaryCrossentropy'
}

/** @throws AttuneError `TFJS_OPTION`. */
export function checkSmoothing(share: number, losses: readonly Loss[]): void {
  if (!(share >= 0 && share < 1)) throw tfjsError('TFJS_OPTION', `labelSmoothing must be at least 0 and below 1, got ${String(share)}.`)
  if (share > 0 && !losses.some(takesSmoothing)) throw tfjsError('TFJS_OPTION', 'labelSmoothing is for the losses categoricalCrossentropy, sparseCategoricalCrossentropy and binaryCrossentropy.')
}

/** The targets of a batch in the forms that losses and metrics want; several may be the same tensor. */
export interface Truth {
  /** As the user gave them. */
  readonly given: Tensor
  /** As float32, which what tfjs has by name wants. */
  readonly numbers: Tensor
  /** For the loss on validation data: of class indices, their rows. */
  readonly judged: Tensor
  /** For the loss that is learnt: these, softened if that is wanted. */
  readonly learnt: Tensor
}

/**
 * Makes the forms of targets for a loss. Softened (Szegedy et al. 2016, section 7) with K classes, y becomes (1 − share)·y + share/K; for the
 * binary loss there are two classes. A loss of the user's own gets what the user gave.
 */
export function truthOf(tf: TensorFlow, loss: Loss, classes: number, share: number): (given: Tensor) => Truth {
  const rows = (given: Tensor): Tensor => {
    const places = given.shape.at(-1) === 1 ? given.shape.slice(0, -1) : given.shape
    return tf.reshape(tf.cast(tf.oneHot(tf.cast(tf.reshape(given, [-1]), 'int32'), classes), 'float32'), [...places, classes])
  }
  return (given) => {
    if (typeof loss === 'function') return { given, numbers: tf.cast(given, 'float32'), judged: given, learnt: given }
    const numbers = given.dtype === 'float32' ? given : tf.cast(given, 'float32')
    const judged = loss === 'sparseCategoricalCrossentropy' ? rows(given) : numbers
    const learnt = share === 0 || !takesSmoothing(loss) ? judged : tf.add(tf.mul(judged, 1 - share), share / (loss === 'binaryCrossentropy' ? 2 : classes))
    return { given, numbers, judged, learnt }
  }
}
