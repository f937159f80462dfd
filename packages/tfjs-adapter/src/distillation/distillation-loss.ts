import type { Scalar, Tensor, Tensor1D, TensorFlow } from '../tensorflow.ts'

/**
 * How a student learns from its teacher, and from the labels.
 * - `hinton`: λ·CE(y, s) + (1 − λ)·T²·KL(t_T ‖ s_T), the student softened like the teacher (Hinton, Vinyals & Dean 2015, arXiv:1503.02531).
 *   T² keeps the size of the gradient, which falls with 1/T².
 * - `mixture`: CE(λ·y + (1 − λ)·t_T, s), the student at T = 1. Its optimum is s = λ·y + (1 − λ)·t_T exactly, so that a temperature above 1
 *   also softens what the student says, as label smoothing does.
 */
export type DistillationForm = 'hinton' | 'mixture'

/** What a trial's parameters choose. */
export interface DistillationSetting {
  readonly form: DistillationForm
  /** T, from 10⁻⁴ to 10⁴. */
  readonly temperature: number
  /** λ, from 0 (the teacher alone) to 1 (the labels alone). */
  readonly hardLabelWeight: number
}

/**
 * The loss in nats, a mean over the rows. All are [rows, classes]: `truth` holds probabilities (one-hot rows, or softer
 * ones), `teacher` and `student` logits.
 */
export function distillationLoss(tf: TensorFlow, { form, temperature, hardLabelWeight }: DistillationSetting, truth: Tensor, teacher: Tensor, student: Tensor): Scalar {
  return tf.tidy(() => {
    const soft = tf.softmax(tf.div(teacher, temperature))
    if (form === 'mixture') return crossEntropy(tf, tf.add(tf.mul(truth, hardLabelWeight), tf.mul(soft, 1 - hardLabelWeight)), tf.logSoftmax(student))
    const divergence = tf.sub(crossEntropy(tf, soft, tf.logSoftmax(tf.div(student, temperature))), crossEntropy(tf, soft, tf.logSoftmax(tf.div(teacher, temperature))))
    return tf.add(tf.mul(crossEntropy(tf, truth, tf.logSoftmax(student)), hardLabelWeight), tf.mul(divergence, (1 - hardLabelWeight) * temperature ** 2))
  })
}

function crossEntropy(tf: TensorFlow, target: Tensor, logProbabilities: Tensor): Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(target, logProbabilities), -1)))
}

/** 1 for each row where both name the same class first, else 0; of logits or probabilities, [rows, classes]. */
export function agreement(tf: TensorFlow, left: Tensor, right: Tensor): Tensor1D {
  return tf.tidy(() => tf.cast(tf.equal(tf.argMax(left, -1), tf.argMax(right, -1)), 'float32'))
}

/**
 * Jensen–Shannon divergence of each row, in nats: from 0 (the same distribution) to ln 2 (Lin 1991). Both are logits
 * [rows, classes], compared at T = 1.
 */
export function jensenShannon(tf: TensorFlow, left: Tensor, right: Tensor): Tensor1D {
  return tf.tidy(() => {
    const [logP, logQ] = [tf.logSoftmax(left), tf.logSoftmax(right)]
    const [p, q] = [tf.exp(logP), tf.exp(logQ)]
    // Where both are 0, so is the product, whatever this logarithm is, as long as it is one: GPUs take what is below 2^-126 for 0.
    const logM = tf.log(tf.maximum(tf.div(tf.add(p, q), 2), 1e-30))
    const half = (x: Tensor, logX: Tensor): Tensor => tf.sum(tf.mul(x, tf.sub(logX, logM)), -1)
    return tf.maximum(tf.div(tf.add(half(p, logP), half(q, logQ)), 2), 0)
  })
}
