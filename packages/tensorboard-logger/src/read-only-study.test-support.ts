// A study whose log folder is read-only for two of its trials. Prints what came of it. Its user is not root, whom no right stops.
import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createStudy, float, maximize } from '@attune/core'
import { tensorboard } from './tensorboard.ts'

const logDir = process.argv[2]!
const study = await createStudy({ space: { x: float(0, 1) }, objective: maximize('score'), seed: 3, loggers: [tensorboard({ logDir })] })
const warnings: string[] = []
study.on((event) => event.type === 'warning' && warnings.push(event.message))
const folder = join(logDir, readdirSync(logDir)[0]!)
async function run(trials: number): Promise<void> {
  await study.optimize(async function* ({ params: { x } }) {
    for (let step = 1; step <= 5; step++) yield { step, score: x * step }
  }, { trials })
}
await run(2)
chmodSync(folder, 0o555)
await run(4)
const whileReadOnly = readdirSync(folder).filter((name) => name.startsWith('trial-')).length
chmodSync(folder, 0o755)
await run(6)
await study.close()
console.log(JSON.stringify({ whileReadOnly, warnings, scores: study.trials().map(({ reports }) => reports.map(({ step, metrics }) => [step, Math.fround(metrics['score']!)])) }))
