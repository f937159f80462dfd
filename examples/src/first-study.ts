import { asha, createStudy, float, int, maximize, oneOf, repeat, sqlite } from 'attune'

const study = await createStudy({
  name: 'first',
  space: {
    learningRate: float(1e-4, 1e-1, { scale: 'log' }),
    layers: repeat({ units: int(16, 256, { step: 16 }) }, { min: 1, max: 3 }),
    optimizer: oneOf({ sgd: { momentum: float(0, 0.99) }, adam: {} }),
  },
  objective: maximize('accuracy'),
  pruner: asha(),
  storage: sqlite(process.argv[2] ?? 'study.db'),
  seed: 7,
})

// An async generator that yields a report for each epoch: a poor trial is stopped between two of them.
await study.optimize(async function* ({ params }) {
  const depth = params.layers.length
  const momentum = params.optimizer.type === 'sgd' ? params.optimizer.momentum : 0.9 // A union, told apart by `type`.
  const best = 1 - 0.1 * Math.abs(Math.log10(params.learningRate) + 2) - 0.05 * Math.abs(depth - 2) - 0.1 * Math.abs(momentum - 0.9)
  for (let epoch = 1; epoch <= 16; epoch++) yield { step: epoch, accuracy: best * (1 - Math.exp(-epoch / 4)) }
}, { trials: 50 })

console.log(study.best.value, study.best.params)
await study.close()
