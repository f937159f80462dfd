import { decayingSum, descend, type UpdateRule } from './update-rule.ts'

export function gradientDescent(): UpdateRule {
  return { id: 'sgd', slots: [], update: (step) => ({ weight: descend(step, step.gradient, step.rate), slots: [] }) }
}

/** Heavy ball as in PyTorch and tfjs: the rate is not part of the velocity, so a change of rate acts at once on all of it. */
export function heavyBall(momentum: number): UpdateRule {
  return {
    id: 'momentum',
    slots: [{ name: 'velocity', initial: 0 }],
    update(step) {
      const velocity = decayingSum(step, step.slots[0]!, momentum, step.gradient)
      return { weight: descend(step, velocity, step.rate), slots: [velocity] }
    },
  }
}

/** Sutskever et al. 2013 in the form of Bengio et al. 2013 (eq. 7), as in PyTorch, Keras and tfjs. */
export function nesterov(momentum: number): UpdateRule {
  return {
    id: 'nesterov',
    slots: [{ name: 'velocity', initial: 0 }],
    update(step) {
      const velocity = decayingSum(step, step.slots[0]!, momentum, step.gradient)
      return { weight: descend(step, decayingSum(step, velocity, momentum, step.gradient), step.rate), slots: [velocity] }
    },
  }
}
