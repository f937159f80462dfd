import { createStudy } from '@attune/core'
import { exhaustive } from '@attune/samplers'

const study = await createStudy({ sampler: exhaustive(), seed: 7 })
const { reason } = await study.optimize((trial) => {
  const model = trial.choice('model', ['linear', 'forest'])
  if (model === 'linear') return trial.choice('penalty', ['l1', 'l2']) === 'l1' ? 0.3 : 0.2
  return 1 / trial.int('depth', 1, 4) + 0.1 * trial.int('minimum', 1, 2)
}, { trials: 1000, concurrency: 4 })
// 2 + 4 · 2 points, each once.
console.log(study.counts.complete, reason)
