import type { Scalar, Tensor, TensorFlow } from '../../tensorflow.ts'

/** One weight at one step, as a rule sees it. */
export interface WeightStep {
  readonly tf: TensorFlow
  readonly weight: Tensor
  readonly gradient: Tensor
  /** In the order of the rule's `slots`. */
  readonly slots: readonly Tensor[]
  readonly rate: number
  /** Steps of this weight, this one included. */
  readonly count: number
  /** Whether this weight is one of those that decay shrinks. */
  readonly decays: boolean
  /** Decoupled decay of this weight; 0 if it is left out. */
  readonly weightDecay: number
  /** A number as a tensor, made once a step and shared by all weights: each costs a transfer to the device. */
  scalar(value: number): Scalar
}

/** What a rule makes of it; in the order of the rule's `slots`. */
export interface WeightUpdate {
  readonly weight: Tensor
  readonly slots: readonly Tensor[]
}

/**
 * How an optimiser changes one weight. Averages over gradients are kept as sums (M = m/(1−β), so that M ← β·M + g), and the factor goes
 * into a number: that saves a kernel for each slot of each weight.
 */
export interface UpdateRule {
  readonly id: string
  /** What it accumulates for a weight, and what each starts with everywhere. */
  readonly slots: readonly { readonly name: string; readonly initial: number }[]
  update(step: WeightStep): WeightUpdate
}

/** w ← (1 − rate·weightDecay)·w − length·direction. */
export function descend({ tf, weight, rate, weightDecay, scalar }: WeightStep, direction: Tensor, length: number): Tensor {
  const shrunk = weightDecay === 0 ? weight : tf.mul(weight, scalar(1 - rate * weightDecay))
  return tf.sub(shrunk, tf.mul(direction, scalar(length)))
}

/** sum ← keep·sum + addend. */
export function decayingSum({ tf, scalar }: WeightStep, sum: Tensor, keep: number, addend: Tensor): Tensor {
  return tf.add(tf.mul(sum, scalar(keep)), addend)
}
