import { choice, createStudy, float, int } from '@attune/core'
import { differentialEvolution } from '@attune/samplers'

const study = await createStudy({
  space: { rate: float(1e-5, 1, { scale: 'log' }), depth: int(1, 12), dropout: float(0, 0.6), activation: choice(['relu', 'tanh', 'gelu']) },
  sampler: differentialEvolution(),
  seed: 1,
})
await study.optimize(({ params: { rate, depth, dropout, activation } }) => (Math.log10(rate) + 3) ** 2 + 0.05 * (depth - 9) ** 2 + 4 * (dropout - 0.2) ** 2 + Number(activation !== 'gelu'), { trials: 300 })
console.log(study.best.value, study.best.params)
