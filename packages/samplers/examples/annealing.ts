import { createStudy, float, int, oneOf } from '@attune/core'
import { annealing } from '@attune/samplers'

const study = await createStudy({
  space: { rate: float(1e-5, 1, { scale: 'log' }), layers: int(1, 8), optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: {} }) },
  sampler: annealing(),
  seed: 1,
})
await study.optimize(({ params: { rate, layers, optimizer } }) => (Math.log10(rate) + 3) ** 2 + 0.1 * (layers - 5) ** 2 + (optimizer.type === 'sgd' ? (optimizer.momentum - 0.9) ** 2 : 0.2), { trials: 500 })
console.log(study.best.value, study.best.params)
