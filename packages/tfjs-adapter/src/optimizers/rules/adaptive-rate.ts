import { decayingSum, descend, type UpdateRule } from './update-rule.ts'

export interface RmspropCoefficients {
  readonly rho: number
  readonly momentum: number
  readonly epsilon: number
  readonly centered: boolean
}

/**
 * Tieleman and Hinton 2012 with ε under the root, as in Keras and tfjs; centred as in Graves 2013 (eq. 40). As in PyTorch, the rate is not
 * part of the velocity, so a change of rate acts at once on all of it; at a constant rate the two are the same.
 */
export function rmsprop({ rho, momentum, epsilon, centered }: RmspropCoefficients): UpdateRule {
  const slots = ['meanSquare', ...(momentum > 0 ? ['velocity'] : []), ...(centered ? ['mean'] : [])].map((name) => ({ name, initial: 0 }))
  return {
    id: 'rmsprop',
    slots,
    update(step) {
      const { tf, scalar, gradient, rate } = step
      const squares = decayingSum(step, step.slots[0]!, rho, tf.square(gradient))
      const mean = centered ? decayingSum(step, step.slots.at(-1)!, rho, gradient) : undefined
      // With the sums S = s/(1−ρ) and G = ḡ/(1−ρ): s + ε = (1−ρ)·(S + ε/(1−ρ)), and s − ḡ² = (1−ρ)·(S − (1−ρ)·G²), which rounding must not push below 0.
      const spread = mean === undefined ? squares : tf.relu(tf.sub(squares, tf.mul(tf.square(mean), scalar(1 - rho))))
      const direction = tf.div(gradient, tf.sqrt(tf.add(spread, scalar(epsilon / (1 - rho)))))
      const velocity = momentum > 0 ? decayingSum(step, step.slots[1]!, momentum, direction) : undefined
      return {
        weight: descend(step, velocity ?? direction, rate / Math.sqrt(1 - rho)),
        slots: [squares, ...(velocity === undefined ? [] : [velocity]), ...(mean === undefined ? [] : [mean])],
      }
    },
  }
}

/** Duchi et al. 2011 (diagonal), with ε under the root as in Keras and tfjs; it is in the sum from the start, which is the same. */
export function adagrad({ initialAccumulator, epsilon }: { readonly initialAccumulator: number; readonly epsilon: number }): UpdateRule {
  return {
    id: 'adagrad',
    slots: [{ name: 'accumulator', initial: initialAccumulator + epsilon }],
    update(step) {
      const { tf, gradient } = step
      const accumulator = tf.add(step.slots[0]!, tf.square(gradient))
      return { weight: descend(step, tf.div(gradient, tf.sqrt(accumulator)), step.rate), slots: [accumulator] }
    },
  }
}
