import { createStudy, minimize } from 'attune'

// No space up front: parameters are asked for where they are needed. The sampler learns the space as it is met.
const study = await createStudy({ objective: minimize('loss'), seed: 5, progress: false })

await study.optimize((trial) => {
  const model = trial.choice('model', ['tree', 'network'])
  if (model === 'tree') return 1 + Math.abs(trial.int('depth', 1, 12) - 5) / 10
  const layers = trial.int('layers', 1, 3)
  let loss = 0.5
  for (let i = 0; i < layers; i++) loss += Math.abs(trial.int(`units${i}`, 8, 128, { scale: 'log' }) - 32) / 200
  return loss + Math.abs(Math.log10(trial.float('learningRate', 1e-5, 1, { scale: 'log' })) + 3) / 4
}, { trials: 60 })

console.log(study.best.value, study.best.params)
