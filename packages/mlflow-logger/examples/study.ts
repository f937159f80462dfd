import { createStudy, float, maximize, oneOf } from '@attune/core'
import { mlflow } from '@attune/mlflow-logger'
import { sqlite } from '@attune/storage'

// The server is the one of MLFLOW_TRACKING_URI, as for Python.
const study = await createStudy({
  name: 'digits',
  space: {
    learningRate: float(1e-4, 1e-1, { scale: 'log' }),
    optimizer: oneOf({ sgd: { momentum: float(0, 0.99) }, adam: {} }),
  },
  objective: maximize('valAccuracy'),
  storage: sqlite(process.argv[2] ?? 'study.db'),
  loggers: [mlflow({ tags: { team: 'vision' } })],
  seed: 7,
})
// A stand-in for a training: the accuracy rises towards what the parameters allow.
await study.optimize(async function* ({ params }) {
  const { learningRate, optimizer } = params
  const most = 1 - Math.abs(Math.log10(learningRate) + 2) / 3 - (optimizer.type === 'sgd' ? 0.1 * (1 - optimizer.momentum) : 0.03)
  for (let epoch = 1; epoch <= 10; epoch++) yield { step: epoch, valAccuracy: most * (1 - Math.exp(-epoch / 3)) }
}, { trials: 20 })
await study.close()
