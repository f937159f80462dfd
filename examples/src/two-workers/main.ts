// One study, and two processes that work on it: the same command twice. There may be more of them, they may come later and leave earlier.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createStudy, loadStudy, sqlite } from 'attune'
import { options } from './study.ts'

const file = process.argv[2] ?? 'study.db'
const study = await createStudy({ ...options, name: 'two-workers', storage: sqlite(file), progress: false })
await study.close()

// In a project of your own: npx attune worker --storage study.db --study two-workers --trainer ./train.ts#trainer --options ./study.ts#options --trials 50
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const command = [path('../../node_modules/attune/bin/attune.js'), 'worker', '--storage', file, '--study', 'two-workers', '--trainer', `${path('train.ts')}#trainer`, '--options', `${path('study.ts')}#options`, '--trials', '50']
const workers = [1, 2].map(() => spawn(process.execPath, [...process.execArgv, ...command, '--quiet'], { stdio: 'inherit' }))
await Promise.all(workers.map((worker) => once(worker, 'exit')))

const done = await loadStudy({ storage: sqlite(file), name: 'two-workers' })
for (const { owner, ended } of await done.workers()) if (ended > 0) console.log(`${owner} ended ${ended} trials`)
console.log(`${done.counts.complete} complete, ${done.counts.pruned} pruned; best accuracy ${done.best.value.toFixed(3)}`)
await done.close()
