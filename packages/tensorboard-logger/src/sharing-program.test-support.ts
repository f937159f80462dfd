// One of several processes on a study in a SQLite file, each with the logger on the same folder. Says when it is there, then runs trials.
import { createStudy, float, maximize, tokens } from '@attune/core'
import { nodeHost } from '@attune/node'
import { sqlite } from '@attune/storage'
import { tensorboard } from './tensorboard.ts'

const [file, logDir, trials] = process.argv.slice(2) as [string, string, string]
const study = await createStudy({ name: 'shared', storage: sqlite(file), ifExists: 'resume', space: { x: float(0, 1) }, objective: maximize('score'), seed: 1, loggers: [tensorboard({ logDir })], use: [{ register: (registry) => registry.factory(tokens.host, [], nodeHost) }] })
console.log('open')
await new Promise((resolve) => process.stdin.once('data', resolve))
await study.optimize(async function* ({ params: { x } }) {
  for (let step = 1; step <= 20; step++) {
    yield { step, score: x * step }
    await new Promise((resolve) => setImmediate(resolve))
  }
}, { trials: Number(trials) })
await study.close()
process.exit(0)
