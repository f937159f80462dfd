// Run as a process of its own: node --conditions=attune-source improving-child.test-support.ts FOLDER
// Waits for a line, so that several start at once; then runs trials of the study in that folder until there are forty.
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createStudy, directoryArtifacts, float, minimize, random, sqlite } from './index.ts'
import { sumTrainer } from './training-sum.test-support.ts'

const [folder = ''] = process.argv.slice(2)
const study = await createStudy({
  space: { x: float(0.5, 1) },
  objective: minimize('loss'),
  seed: 1,
  sampler: random(),
  storage: sqlite(join(folder, 'study.db')),
  artifacts: directoryArtifacts(join(folder, 'artifacts')),
  keep: { best: 3, last: 1 },
  progress: false,
})
const start = createInterface({ input: process.stdin })
writeSync(1, 'ready\n')
await new Promise((resolve) => start.once('line', resolve))
start.close()
await study.optimize(sumTrainer(2), { trials: 40 })
await study.close()
