import type { SamplerFactory } from '@attune/core'
import { samplerSuite } from '@attune/testing'

/** Draws half of the trials from the prior, and the others near the best one so far. */
export function climb(): SamplerFactory {
  return {
    specVersion: 'v1',
    id: 'climb',
    revision: 1,
    create: (problem) => ({
      suggest({ random }) {
        const { space, history } = problem
        if (history.best < 0 || random.uniform() < 0.5) return { params: space.sample(random) }
        const best = space.encode(history.trial(history.best).flatParams)
        // Inactive dimensions are NaN: a branch that is newly taken needs values too.
        const near = best.map((unit) => (Number.isNaN(unit) ? random.uniform() : Math.min(1, Math.max(0, unit + 0.1 * random.normal()))))
        const params = space.decode(near)
        return { params: space.violation(params) > 0 ? space.sample(random) : params }
      },
    }),
  }
}

samplerSuite('climb', climb)
