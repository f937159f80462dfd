/**
 * Random trials a second with two parameters in an SQLite file, ours at each durability and Optuna's in one run:
 * node --conditions=attune-source src/storage-speed.ts
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createStudy, float, random } from '@attune/core'
import { sqlite } from '@attune/storage'
import { storeResult } from './machine.ts'
import { runPeer } from './peers.ts'
import { benchmarksFolder } from './problems/load.ts'

// On the same disk as the checkout: a folder in memory would flatter everybody.
const folder = mkdtempSync(join(benchmarksFolder, '.storage-speed-'))

async function ours(durability: 'normal' | 'full', trials: number): Promise<number> {
  const study = await createStudy({ name: 'speed', space: { x: float(0, 1), y: float(0, 1) }, sampler: random(), seed: 1, storage: sqlite({ path: join(folder, `${durability}.db`), durability }) })
  const run = async (count: number): Promise<number> => {
    const start = performance.now()
    await study.optimize(({ params: { x, y } }) => x + y, { more: count })
    return count / ((performance.now() - start) / 1000)
  }
  await run(Math.min(500, trials))
  const rate = await run(trials)
  await study.close()
  return rate
}

try {
  const normal = await ours('normal', 10_000)
  const full = await ours('full', 300)
  const peer = runPeer('optuna_sqlite.py', ['--file', join(folder, 'optuna.db'), '--trials', '200']) as { readonly version: string; readonly trials: number; readonly seconds: number }
  const optuna = peer.trials / peer.seconds
  console.log(`random trials a second in SQLite, 2 parameters: normal ${normal.toFixed(0)}, full ${full.toFixed(0)} | Optuna ${peer.version}: ${optuna.toFixed(0)}`)
  storeResult('storage-speed', { command: 'node --conditions=attune-source benchmarks/src/storage-speed.ts', unit: 'trials per second', parameters: 2, ours: { normal, full }, optuna: { version: peer.version, rate: optuna } })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
