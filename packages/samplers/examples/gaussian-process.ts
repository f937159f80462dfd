import { createStudy, float, int, minimize, oneOf } from '@attune/core'
import { gp } from '@attune/samplers'

const study = await createStudy({
  space: { rate: float(1e-5, 1, { scale: 'log' }), layers: int(1, 8), optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: {} }) },
  objective: minimize('loss'),
  sampler: gp(),
  seed: 1,
})
await study.optimize(({ params: { rate, layers, optimizer } }) => (Math.log10(rate) + 3) ** 2 + 0.1 * (layers - 5) ** 2 + (optimizer.type === 'sgd' ? 4 * (optimizer.momentum - 0.7) ** 2 : 0.4), { trials: 40 })
console.log(study.best.params, study.best.value.toFixed(4), study.explain(39))
