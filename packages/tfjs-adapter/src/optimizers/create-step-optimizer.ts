import type { Optimizer, TensorFlow } from '../tensorflow.ts'
import type { OptimizerSpec } from './optimizer-spec.ts'
import { createRuleOptimizer } from './rule-optimizer.ts'
import type { StepOptimizer } from './step-optimizer.ts'
import { rateOf, wrapOptimizer } from './wrapped-optimizer.ts'

/**
 * The optimiser of a spec, or a `tf.Optimizer` of the user's own, which it then owns and disposes of.
 * @throws AttuneError `TFJS_OPTION` for a spec that is wrong, or an optimiser whose rate cannot be set.
 */
export function createStepOptimizer(tf: TensorFlow, choice: OptimizerSpec | Optimizer): StepOptimizer {
  return isOptimizer(tf, choice) ? wrapOptimizer(tf, choice) : createRuleOptimizer(tf, choice)
}

/** The rate that a spec names, or that an optimiser was made with: what a schedule starts from. */
export function baseRateOf(tf: TensorFlow, choice: OptimizerSpec | Optimizer): number {
  return isOptimizer(tf, choice) ? rateOf(choice) : choice.learningRate
}

/** tfjs's own check fails on what is no object. */
function isOptimizer(tf: TensorFlow, choice: OptimizerSpec | Optimizer): choice is Optimizer {
  return typeof choice === 'object' && choice !== null && choice instanceof tf.Optimizer
}
