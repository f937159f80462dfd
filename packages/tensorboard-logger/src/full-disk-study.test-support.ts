// Runs under a limit on the size of files: a study with the logger. Prints what came of it.
import { createStudy, float, maximize } from '@attune/core'
import { tensorboard } from './tensorboard.ts'

const study = await createStudy({ space: { x: float(0, 1) }, objective: maximize('score'), seed: 3, loggers: [tensorboard({ logDir: process.argv[2]! })] })
const warnings: string[] = []
study.on((event) => {
  if (event.type === 'warning') warnings.push(event.message)
})
await study.optimize(async function* ({ params: { x } }) {
  for (let step = 1; step <= 200; step++) yield { step, score: x * step }
}, { trials: 3 })
await study.close()
console.log(JSON.stringify({ states: study.trials().map(({ state }) => state), warnings }))
