import { decayingSum, descend, type UpdateRule } from './update-rule.ts'

/** Chen et al. 2023, algorithm 2. */
export function lion({ beta1, beta2 }: { readonly beta1: number; readonly beta2: number }): UpdateRule {
  return {
    id: 'lion',
    slots: [{ name: 'momentum', initial: 0 }],
    update(step) {
      // With the sum M = m/(1−β₂): β₁·m + (1−β₁)·g has the sign of (β₁·(1−β₂)/(1−β₁))·M + g.
      const mixed = decayingSum(step, step.slots[0]!, (beta1 * (1 - beta2)) / (1 - beta1), step.gradient)
      return { weight: descend(step, step.tf.sign(mixed), step.rate), slots: [decayingSum(step, step.slots[0]!, beta2, step.gradient)] }
    },
  }
}
