/**
 * Scalars a second into an event file of TensorBoard, ours and Python's writers in turns, everything on one core:
 * node --conditions=attune-source src/tensorboard-speed.ts
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { loadRun, openEventWriter } from '@attune/tensorboard-logger/events'
import { storeResult } from './machine.ts'
import { runPeer } from './peers.ts'
import { benchmarksFolder } from './problems/load.ts'
import { percentile } from './statistics.ts'

const tags = Array.from({ length: 10 }, (_, index) => `train/loss_${index}`)
const rounds = 3
const requirements = 'tensorboard-requirements.txt'
// On the same disk as the checkout: a folder in memory would flatter everybody.
const root = mkdtempSync(join(benchmarksFolder, '.tensorboard-speed-'))

/** Binds this process, with the threads that write its files, to one core; undefined where that cannot be done. */
function oneCore(): number | undefined {
  try {
    execFileSync('taskset', ['-a', '-p', '-c', '0', String(process.pid)], { stdio: 'ignore' })
    return 0
  } catch {
    console.error('taskset is missing: the writers may use more than one core.')
    return undefined
  }
}

interface Timed {
  readonly version?: string
  readonly scalars: number
  readonly seconds: number
}

/** As a training does: one event a scalar, and now and then a moment in which the file is written. */
async function ours(folder: string, scalars: number, flushEach: number): Promise<Timed> {
  const start = performance.now()
  const writer = await openEventWriter({ folder })
  for (let step = 0; step < scalars; step++) {
    writer.add({ kind: 'summary', step, time: Date.now(), values: [{ kind: 'scalar', tag: tags[step % tags.length]!, value: step * 0.1 }] })
    if (step % flushEach === flushEach - 1) await writer.flush()
  }
  await writer.sync()
  await writer.close()
  return { scalars, seconds: (performance.now() - start) / 1000 }
}

async function reading(folder: string): Promise<Timed> {
  const start = performance.now()
  const run = await loadRun(folder)
  return { scalars: [...run.scalars.values()].reduce((sum, { steps }) => sum + steps.length, 0), seconds: (performance.now() - start) / 1000 }
}

const core = oneCore()
const load = loadavg()[0]!
const peer = (what: string, folder: string, scalars: number): Promise<Timed> =>
  Promise.resolve(runPeer('tensorboard_speed.py', ['--what', what, '--folder', folder, '--scalars', String(scalars), '--tags', String(tags.length), ...(core === undefined ? [] : ['--core', String(core)])], requirements) as Timed)

const writers: readonly { readonly name: string; readonly scalars: number; readonly write: (folder: string, scalars: number) => Promise<Timed> }[] = [
  { name: 'attune', scalars: 300_000, write: (folder, scalars) => ours(folder, scalars, 10_000) },
  { name: 'attune, the file written after each scalar', scalars: 20_000, write: (folder, scalars) => ours(folder, scalars, 1) },
  { name: 'tensorboardX, add_scalar', scalars: 300_000, write: (folder, scalars) => peer('tensorboardX', folder, scalars) },
  { name: 'TensorFlow, tf.summary.scalar', scalars: 300_000, write: (folder, scalars) => peer('tensorflow', folder, scalars) },
  { name: 'EventFileWriter of TensorBoard, which PyTorch uses', scalars: 300_000, write: (folder, scalars) => peer('tensorboard', folder, scalars) },
]

try {
  // Compiled and installed before anything is measured.
  await ours(join(root, 'warm'), 50_000, 10_000)
  await peer('tensorboardX', join(root, 'warm-peer'), 100)

  const rates = new Map<string, number[]>()
  const versions = new Map<string, string>()
  const note = (name: string, { scalars, seconds, version }: Timed): void => {
    rates.set(name, [...(rates.get(name) ?? []), scalars / seconds])
    if (version !== undefined) versions.set(name, version)
  }
  for (let round = 0; round < rounds; round++) {
    for (const [index, { name, scalars, write }] of writers.entries()) {
      const folder = join(root, `${round}-${index}`)
      note(name, await write(folder, scalars))
      const { scalars: read } = await reading(folder)
      if (read !== scalars) throw new Error(`${name} wrote ${scalars} scalars, ${read} are in its file.`)
    }
    const folder = join(root, `${round}-0`)
    note('read: attune, loadRun', await reading(folder))
    note('read: EventAccumulator of TensorBoard', await peer('read', folder, 0))
  }

  const results = [...rates].map(([name, all]) => ({ name, version: versions.get(name), scalarsPerSecond: Math.round(percentile(all, 0.5)), rounds: all.map(Math.round) }))
  const base = results[0]!.scalarsPerSecond
  const readBase = results.find(({ name }) => name.startsWith('read: attune'))!.scalarsPerSecond
  for (const { name, scalarsPerSecond } of results) {
    const ratio = (name.startsWith('read') ? readBase : base) / scalarsPerSecond
    console.log(`${name.padEnd(52)} ${scalarsPerSecond.toLocaleString('en').padStart(12)} a second; attune ${ratio.toFixed(1)} times`)
  }
  storeResult('tensorboard-speed', { command: 'node --conditions=attune-source benchmarks/src/tensorboard-speed.ts', unit: 'scalars per second, the median of the rounds', tags: tags.length, oneCore: core !== undefined, loadAverage: Number(load.toFixed(1)), results })
} finally {
  rmSync(root, { recursive: true, force: true })
}
