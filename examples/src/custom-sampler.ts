import { createStudy, float, type SamplerFactory } from 'attune'

/** Steps from the best point so far to a Gaussian neighbour, with steps that shrink. */
function hillClimb(options: { readonly start?: number } = {}): SamplerFactory {
  return {
    specVersion: 'v1',
    id: 'hill-climb',
    revision: 1,
    create: (problem) => ({
      suggest({ random }) {
        const { space, history } = problem
        if (history.best < 0) return { params: space.sample(random) }
        const width = (options.start ?? 0.3) / Math.sqrt(1 + history.completeCount)
        const units = space.encode(history.trial(history.best).flatParams).map((unit) => Math.min(1, Math.max(0, unit + width * random.normal())))
        return { params: space.decode(units) }
      },
    }),
  }
}

const study = await createStudy({ space: { x: float(-5, 5), y: float(-5, 5) }, sampler: hillClimb(), seed: 1, progress: false })
await study.optimize(({ params: { x, y } }) => (x - 1) ** 2 + (y + 2) ** 2, { trials: 100 })
console.log(study.best.value, study.best.params)
