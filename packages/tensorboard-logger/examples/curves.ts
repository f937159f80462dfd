import { createStudy, float, minimize, oneOf } from '@attune/core'
import { tensorboard } from '@attune/tensorboard-logger'

// A stand-in for a training: the loss falls towards a floor that depends on the parameters.
const study = await createStudy({
  name: 'curves',
  space: {
    learningRate: float(1e-3, 1, { scale: 'log' }),
    optimizer: oneOf({ sgd: { momentum: float(0, 0.99) }, adam: {} }),
  },
  objective: minimize('loss'),
  loggers: [tensorboard({ logDir: process.argv[2] ?? 'runs' })],
  seed: 7,
})
await study.optimize(async function* ({ params }) {
  const momentum = params.optimizer.type === 'sgd' ? params.optimizer.momentum : 0.5
  for (let epoch = 1; epoch <= 10; epoch++) {
    const floor = Math.abs(Math.log10(params.learningRate) + 1) + Math.abs(momentum - 0.6)
    yield { step: epoch, loss: floor + Math.exp(-epoch / 3), accuracy: 1 / (1 + floor) }
  }
}, { trials: 20 })
await study.close()
console.log(`${study.best.value} with ${JSON.stringify(study.best.params)}; now: tensorboard --logdir runs`)
