import { createStudy, float, int, oneOf, random } from '@attune/core'
import { blend, limitConcurrency, restricted, startingFrom, tpe } from '@attune/samplers'

const sampler = blend([
  { sampler: tpe(), share: 3 }, // three of four trials
  { sampler: random(), share: 1 },
])
const study = await createStudy({
  space: {
    learningRate: float(1e-5, 1, { scale: 'log' }),
    layers: int(1, 8),
    optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: {}, lamb: {} }),
  },
  sampler: startingFrom(limitConcurrency(restricted(sampler, { optimizer: ['sgd', 'adam'], learningRate: [1e-4, 1e-1], layers: 3 }), 2), [
    { learningRate: 1e-2, layers: 8, optimizer: { type: 'lamb' } },
  ]),
  seed: 7,
})
await study.optimize(({ params: { learningRate, layers } }) => (Math.log10(learningRate) + 2.5) ** 2 + 0.1 * layers, { trials: 40, concurrency: 4 })
console.log(study.trials().filter(({ params }) => params.layers === 8 || params.optimizer.type === 'lamb').map(({ number }) => number))
console.log(study.explain(0).why)
