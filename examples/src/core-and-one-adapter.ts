import { createStudy, float, minimize } from '@attune/core'
import { tensorboard } from '@attune/tensorboard-logger'

// Nothing but core and one adapter: random sampling, in memory, curves for TensorBoard.
const logDir = process.argv[2] ?? 'out/core-and-one-adapter'
await using study = await createStudy({
  name: 'small',
  space: { x: float(0, 1) },
  objective: minimize('loss'),
  loggers: [tensorboard({ logDir })],
  seed: 1,
})
await study.optimize(async function* ({ params }) {
  for (let step = 1; step <= 5; step++) yield { step, loss: params.x + 1 / step }
}, { trials: 10 })
console.log(study.best.value, study.best.params)
console.log(`To look at the curves: tensorboard --logdir ${logDir}`)
