import type { Tensor } from '../../tensorflow.ts'
import { decayingSum, descend, type UpdateRule, type WeightStep } from './update-rule.ts'

/** Settings of Adam and its kin, none left out. */
export interface AdamCoefficients {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

/** m̂ / (√v̂ + ε) without the factor of m̂ (Kingma and Ba 2015, algorithm 1), that factor, and the sums it comes from. */
function adamDirection(step: WeightStep, { beta1, beta2, epsilon }: AdamCoefficients): { readonly direction: Tensor; readonly factor: number; readonly slots: readonly Tensor[] } {
  const { tf, scalar, count, gradient } = step
  const first = decayingSum(step, step.slots[0]!, beta1, gradient)
  const second = decayingSum(step, step.slots[1]!, beta2, tf.square(gradient))
  // With the sums M = m/(1−β₁) and V = v/(1−β₂): m̂ = a·M and √v̂ = b·√V, so m̂/(√v̂ + ε) = (a/b) · M/(√V + ε/b).
  const a = (1 - beta1) / (1 - beta1 ** count)
  const b = Math.sqrt((1 - beta2) / (1 - beta2 ** count))
  return { direction: tf.div(first, tf.add(tf.sqrt(second), scalar(epsilon / b))), factor: a / b, slots: [first, second] }
}

const MOMENTS = [{ name: 'firstMoment', initial: 0 }, { name: 'secondMoment', initial: 0 }] as const

export function adam(id: 'adam' | 'adamw', coefficients: AdamCoefficients): UpdateRule {
  return {
    id,
    slots: MOMENTS,
    update(step) {
      const { direction, factor, slots } = adamDirection(step, coefficients)
      return { weight: descend(step, direction, step.rate * factor), slots }
    },
  }
}

/** Kingma and Ba 2015, algorithm 2, with the ε of Keras and tfjs. */
export function adamax({ beta1, beta2, epsilon }: AdamCoefficients): UpdateRule {
  return {
    id: 'adamax',
    slots: [{ name: 'firstMoment', initial: 0 }, { name: 'largest', initial: 0 }],
    update(step) {
      const { tf, scalar, count, gradient } = step
      const first = decayingSum(step, step.slots[0]!, beta1, gradient)
      const largest = tf.maximum(tf.mul(step.slots[1]!, scalar(beta2)), tf.abs(gradient))
      const direction = tf.div(first, tf.add(largest, scalar(epsilon)))
      return { weight: descend(step, direction, (step.rate * (1 - beta1)) / (1 - beta1 ** count)), slots: [first, largest] }
    },
  }
}

/**
 * You et al. 2020, algorithm 2, with φ the identity: u = m̂/(√v̂ + ε) + λ·w, w ← w − rate·(‖w‖/‖u‖)·u, the ratio being 1 where one of
 * the two is zero. A weight that is left out of decay is left out of the ratio as well, as in the authors' code: a bias begins at 0,
 * and would hardly ever leave it.
 */
export function lamb(coefficients: AdamCoefficients): UpdateRule {
  return {
    id: 'lamb',
    slots: MOMENTS,
    update(step) {
      const { tf, scalar, weight, rate, weightDecay } = step
      const { direction, factor, slots } = adamDirection(step, coefficients)
      if (!step.decays) return { weight: descend(step, direction, rate * factor), slots }
      const scaled = tf.mul(direction, scalar(factor))
      const u = weightDecay === 0 ? scaled : tf.add(scaled, tf.mul(weight, scalar(weightDecay)))
      const [weightSquares, uSquares] = [tf.sum(tf.square(weight)), tf.sum(tf.square(u))]
      const bothLong = tf.greater(tf.minimum(weightSquares, uSquares), scalar(0))
      const ratio = tf.where(bothLong, tf.sqrt(tf.div(weightSquares, uSquares)), scalar(1))
      return { weight: tf.sub(weight, tf.mul(u, tf.mul(ratio, scalar(rate)))), slots }
    },
  }
}
