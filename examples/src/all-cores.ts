import { createStudy, fromModule, maximize, processes } from 'attune'
import { space } from './digits/space.ts'
import type { training } from './digits/training.ts'

// Two child processes with one core each. With cards: processes({ devices: [0, 1], perTrial: { device: 0.5, memoryMb: 8000 } }).
const study = await createStudy({
  space,
  objective: maximize('valAccuracy'),
  executor: processes({ slots: 2, perTrial: { memoryMb: 1000 } }),
  seed: 1,
})

// A child process is started once, loads the module once, and trains one network after the other. What crashes there is a failed trial.
const trainer = fromModule<typeof training>(new URL('./digits/training.ts', import.meta.url), 'training')
await study.optimize(trainer, { trials: Number(process.argv[2] ?? 12), trialTimeout: 120_000, retry: 1 })

console.log(`${study.counts.complete} complete, ${study.counts.pruned} pruned; best accuracy ${study.best.value.toFixed(3)} with`, study.best.params)
await study.close()
