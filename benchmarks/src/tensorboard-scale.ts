/**
 * 1,000 trials in one log directory: what our logger writes and needs, and what TensorBoard needs until it shows them, with both loaders:
 * node --conditions=attune-source src/tensorboard-scale.ts [trials]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createStudy, float, int, minimize, oneOf, random, type LoggerFactory } from '@attune/core'
import { tensorboard } from '@attune/tensorboard-logger'
import { ensurePython } from '../../tools/python/ensure.mjs'
import { storeResult } from './machine.ts'
import { benchmarksFolder } from './problems/load.ts'

const trials = Number(process.argv[2] ?? 1000)
const steps = 20

/** Seconds and peak of the resident memory, in MB, of a study with these loggers. */
async function run(loggers: readonly LoggerFactory[]): Promise<{ readonly seconds: number; readonly memory: number }> {
  const study = await createStudy({
    name: 'scale',
    space: { rate: float(1e-4, 1, { scale: 'log' }), layers: int(1, 8), optimizer: oneOf({ sgd: { momentum: float(0, 0.99) }, adam: {} }) },
    objective: minimize('loss'),
    sampler: random(),
    seed: 1,
    loggers,
  })
  let memory = 0
  const start = performance.now()
  await study.optimize(async function* ({ params: { rate } }) {
    for (let step = 1; step <= steps; step++) yield { step, loss: rate + 1 / step, accuracy: 1 - rate / step }
    memory = Math.max(memory, process.memoryUsage.rss())
  }, { trials })
  await study.close()
  return { seconds: (performance.now() - start) / 1000, memory: memory / 1e6 }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { readonly port: number }
  probe.close()
  await once(probe, 'close')
  return port
}

/** Seconds from the start of TensorBoard, and its memory in MB (Linux only) once all is shown. */
async function show(python: string, logDir: string, loader: 'fast' | 'python'): Promise<object> {
  const port = await freePort()
  const start = performance.now()
  const server = spawn(python, ['-m', 'tensorboard.main', '--logdir', logDir, '--port', String(port), '--host', '127.0.0.1', `--load_fast=${loader === 'fast'}`], { stdio: 'ignore' })
  const seconds = (): number => (performance.now() - start) / 1000
  async function until(path: string, body: object | undefined, isThere: (answer: never) => boolean): Promise<number> {
    for (;;) {
      if (server.exitCode !== null) throw new Error(`TensorBoard ended with ${server.exitCode}.`)
      try {
        const response = await fetch(`http://127.0.0.1:${port}${path}`, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
        if (response.ok && isThere((await response.json()) as never)) return seconds()
      } catch (error) {
        if (!(error instanceof TypeError)) throw error // fetch: the server is not up yet
      }
      await delay(50)
    }
  }
  try {
    const up = await until('/data/environment', undefined, () => true)
    const scalars = await until('/data/plugin/scalars/tags', undefined, (runs: object) => Object.keys(runs).length === trials + 1)
    const groups = { experimentName: '', allowedStatuses: ['STATUS_UNKNOWN', 'STATUS_SUCCESS', 'STATUS_FAILURE', 'STATUS_RUNNING'], colParams: [], startIndex: 0, sliceSize: trials, aggregationType: 'AGGREGATION_AVG' }
    const hparams = await until('/data/plugin/hparams/session_groups', groups, ({ sessionGroups }: { readonly sessionGroups: readonly { readonly metricValues?: readonly unknown[] }[] }) => sessionGroups.length === trials && sessionGroups.every(({ metricValues = [] }) => metricValues.length >= 2))
    const asked = seconds()
    await until('/data/plugin/hparams/session_groups', groups, () => true)
    const answer = seconds() - asked
    const resident = process.platform === 'linux' ? Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1e3 : undefined
    return { up, scalars, hparams, hparamsAnswer: answer, resident }
  } finally {
    server.kill('SIGTERM')
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
  }
}

const { python, missing } = ensurePython()
if (python === undefined) throw new Error(missing)
const logDir = mkdtempSync(join(benchmarksFolder, '.tensorboard-scale-'))
try {
  const without = await run([])
  const withLogger = await run([tensorboard({ logDir })])
  const files = readdirSync(logDir, { recursive: true, encoding: 'utf8' }).map((name) => join(logDir, name)).filter((path) => statSync(path).isFile())
  const bytes = files.reduce((sum, path) => sum + statSync(path).size, 0)
  const result = { command: 'node --conditions=attune-source benchmarks/src/tensorboard-scale.ts', trials, steps, metrics: 2, files: files.length, bytes, without, withLogger, fast: await show(python, logDir, 'fast'), python: await show(python, logDir, 'python') }
  console.log(JSON.stringify(result, (_, value: unknown) => (typeof value === 'number' ? Math.round(value * 100) / 100 : value), 1))
  if (trials === 1000) storeResult('tensorboard-scale', result)
} finally {
  rmSync(logDir, { recursive: true, force: true })
}
