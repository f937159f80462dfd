import { createStudy, float, int, minimize, oneOf, type SamplerFactory } from '@attune/core'

/** Takes small steps from the best point so far; every third trial is drawn from the priors instead. */
export function climb(width: number): SamplerFactory {
  return {
    specVersion: 'v1',
    id: 'climb',
    revision: 1,
    create: (problem) => ({
      suggest({ number, random }) {
        const { space, history } = problem
        const anew = { params: space.sample(random) }
        if (number % 3 === 0 || history.best < 0) return anew
        // Every parameter, of whatever kind, is a number from 0 to 1 here; what was inactive there (NaN) is drawn.
        const start = space.encode(history.trial(history.best).flatParams)
        const units = start.map((unit) => (Number.isNaN(unit) ? random.uniform() : Math.min(1, Math.max(0, unit + width * random.normal()))))
        const params = space.decode(units)
        return space.violation(params) <= 0 ? { params } : anew
      },
    }),
  }
}

const study = await createStudy({
  space: {
    learningRate: float(1e-5, 1, { scale: 'log' }),
    layers: int(1, 8),
    optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: {} }),
  },
  objective: minimize('loss'),
  sampler: climb(0.1),
  seed: 1,
})
await study.optimize(({ params: { learningRate, layers, optimizer } }) => {
  const momentum = optimizer.type === 'sgd' ? optimizer.momentum : 0.8
  return (Math.log10(learningRate) + 3) ** 2 + 0.1 * (layers - 5) ** 2 + (momentum - 0.9) ** 2
}, { trials: 100 })
console.log(study.best.value, study.best.params)
