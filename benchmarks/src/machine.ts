import { cpus, totalmem } from 'node:os'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchmarksFolder } from './problems/load.ts'

/** Writes a result beside the others, with the day and the machine it was measured on. */
export function storeResult(name: string, result: object): void {
  const machine = { cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), platform: `${process.platform} ${process.arch}`, node: process.version }
  const path = join(benchmarksFolder, 'results', `${name}.json`)
  writeFileSync(path, `${JSON.stringify({ formatVersion: 1, date: new Date().toISOString().slice(0, 10), machine, ...result }, null, 1)}\n`)
}
