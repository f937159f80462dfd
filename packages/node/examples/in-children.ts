import { createStudy, float, minimize } from '@attune/core'
import { fromModule, processes } from '@attune/node'
import type { train } from './train.ts'

const space = { learningRate: float(1e-4, 1, { scale: 'log' }) }
const study = await createStudy({ space, objective: minimize('loss'), executor: processes({ slots: 2, perTrial: { memoryMb: 2000 } }), seed: 1 })
await study.optimize(fromModule<typeof train>(new URL('./train.ts', import.meta.url), 'train'), { trials: 20 })

console.log(`The best of ${study.counts.complete} trials has a loss of ${study.best.value.toFixed(3)}.`)
await study.close()
