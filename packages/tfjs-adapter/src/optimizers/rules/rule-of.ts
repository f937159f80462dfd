import type { OptimizerSpec } from '../optimizer-spec.ts'
import { adam, adamax, lamb, type AdamCoefficients } from './adam.ts'
import { adagrad, rmsprop } from './adaptive-rate.ts'
import { gradientDescent, heavyBall, nesterov } from './gradient-descent.ts'
import { lion } from './lion.ts'
import type { UpdateRule } from './update-rule.ts'

/** The rule of a spec that has been checked, with its defaults, which are those of Keras 3. */
export function ruleOf(spec: OptimizerSpec): UpdateRule {
  switch (spec.type) {
    case 'sgd':
      if (spec.momentum === undefined || spec.momentum === 0) return gradientDescent()
      return spec.nesterov === true ? nesterov(spec.momentum) : heavyBall(spec.momentum)
    case 'momentum':
      return heavyBall(spec.momentum ?? 0.9)
    case 'nesterov':
      return nesterov(spec.momentum ?? 0.9)
    case 'adam':
    case 'adamw':
      return adam(spec.type, adamCoefficients(spec))
    case 'adamax':
      return adamax(adamCoefficients(spec))
    case 'lamb':
      return lamb(adamCoefficients(spec))
    case 'rmsprop':
      return rmsprop({ rho: spec.rho ?? 0.9, momentum: spec.momentum ?? 0, epsilon: spec.epsilon ?? 1e-7, centered: spec.centered ?? false })
    case 'adagrad':
      return adagrad({ initialAccumulator: spec.initialAccumulator ?? 0.1, epsilon: spec.epsilon ?? 1e-7 })
    case 'lion':
      return lion({ beta1: spec.beta1 ?? 0.9, beta2: spec.beta2 ?? 0.99 })
  }
}

function adamCoefficients(spec: Partial<AdamCoefficients>): AdamCoefficients {
  return { beta1: spec.beta1 ?? 0.9, beta2: spec.beta2 ?? 0.999, epsilon: spec.epsilon ?? 1e-7 }
}
