// A stranger's program on the front door: a custom sampler, a typed result, and a study that is resumed from its SQLite file.
import { equal, ok } from 'node:assert/strict'
import { asha, createStudy, float, int, minimize, oneOf, sqlite, tune, type Problem, type Sampler, type SamplerFactory } from 'attune'

/** Spreads trials evenly: trial n lies at the fractional part of n times an irrational number, another one for each dimension. */
function kronecker(): SamplerFactory {
  return {
    specVersion: 'v1',
    id: 'kronecker',
    revision: 1,
    create: ({ space }: Problem): Sampler => ({
      suggest: ({ number }) => ({ params: space.decode(space.dimensions.map((_, index) => (0.5 + number * Math.sqrt(index + 2)) % 1)) }),
    }),
  }
}

const open = () =>
  createStudy({
    name: 'consumer',
    space: { learningRate: float(1e-4, 1e-1, { scale: 'log' }), optimizer: oneOf({ sgd: { momentum: float(0, 0.99) }, adam: {} }), layers: int(1, 3) },
    objective: minimize('loss'),
    sampler: kronecker(),
    pruner: asha(),
    storage: sqlite('consumer.db'),
    seed: 1,
  })

const first = await open()
await first.optimize(({ params }) => (Math.log10(params.learningRate) + 2) ** 2 + params.layers, { trials: 10 })
await first.close()

const study = await open()
await study.optimize(({ params }) => (Math.log10(params.learningRate) + 2) ** 2 + params.layers, { trials: 20 })
const optimizer: 'sgd' | 'adam' = study.best.params.optimizer.type
ok(['sgd', 'adam'].includes(optimizer))
equal(study.trials().length, 20)
ok(study.best.value !== undefined && study.best.value < 2, `the best of 20 is ${study.best.value}`)
await study.close()

const best = await tune((t) => (t.float('x', -10, 10) - 2) ** 2 + t.int('n', 1, 8), { trials: 30, seed: 1 })
ok(Number.isFinite(best.value))
console.log('A study with a custom sampler ran on attune.')
