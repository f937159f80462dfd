/**
 * Metrics a second logged to a real MLflow server, by our client and by MLflow's Python client, in turns against the same server:
 * node --conditions=attune-source src/mlflow-speed.ts [--rounds 5] [--workers 1,4]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { mlflowClient, type MlflowClient } from '@attune/mlflow-logger/client'
import { ensurePython } from '../../tools/python/ensure.mjs'
import { startMlflow } from '../../tools/python/mlflow.mjs'
import { storeResult } from './machine.ts'
import { benchmarksFolder } from './problems/load.ts'
import { percentile } from './statistics.ts'

/** Logs so many points, and answers the seconds that it took. */
type Way = (points: number) => Promise<number>

/** One stream into one run: a metric of one trial, a step each. */
async function stream(client: MlflowClient, runId: string, points: number, size: number): Promise<void> {
  for (let first = 0; first < points; first += size) {
    await client.runs.log(runId, { metrics: Array.from({ length: size }, (_, i) => ({ key: 'loss', value: (first + i) / 3, step: first + i })) })
  }
}

const ours = (client: MlflowClient, experimentId: string, size: number, streams = 1): Way => async (points) => {
  const runs = await Promise.all(Array.from({ length: streams }, () => client.runs.create({ experimentId, name: 'ours' })))
  const start = performance.now()
  await Promise.all(runs.map(({ runId }) => stream(client, runId, points / streams, size)))
  return (performance.now() - start) / 1000
}

/** Metrics a second that our client makes into requests, with a server beside it that reads them and answers at once: what the client costs. */
async function alone(points: number): Promise<number> {
  const server = createServer((request, response) => void request.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{}'))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await using client = mlflowClient({ trackingUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    await stream(client, 'a-run', points, 1000)
    const start = performance.now()
    await stream(client, 'a-run', points, 1000)
    return (points * 1000) / (performance.now() - start)
  } finally {
    server.close()
  }
}

interface Python extends AsyncDisposable {
  readonly version: string
  way(name: string): Way
}

async function startPython(uri: string, experimentId: string): Promise<Python> {
  const { python, missing } = ensurePython()
  if (python === undefined) throw new Error(missing)
  const child = spawn(python, [join(benchmarksFolder, 'peers', 'mlflow_speed.py'), uri, experimentId], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async (): Promise<unknown> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('The Python peer has ended.')
    return JSON.parse(value) as unknown
  }
  const { version } = (await answer()) as { readonly version: string }
  return {
    version,
    way: (way) => async (points) => {
      child.stdin.write(`${JSON.stringify({ way, points })}\n`)
      return ((await answer()) as { readonly seconds: number }).seconds
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await ended
    },
  }
}

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, workers: { type: 'string', default: '1,4' } } })
const rounds = Number(options.rounds)
const answeredAtOnce = Math.round(await alone(200_000))
console.log('ours, requests of 1000, answered at once', answeredAtOnce)
const results: { [workers: string]: object } = {}
let version = ''
for (const workers of options.workers.split(',').map(Number)) {
  const server = await startMlflow({ workers })
  try {
    await using client = mlflowClient({ trackingUri: server.url })
    await using keepAlive = mlflowClient({ trackingUri: server.url, keepAlive: true })
    const { experimentId } = await client.experiments.ensure('speed')
    await using python = await startPython(server.url, experimentId)
    version = python.version
    // What is compared stands together, so that other work on the machine meets both.
    const ways: readonly (readonly [name: string, way: Way, points: number])[] = [
      ['ours, requests of 1', ours(client, experimentId, 1), 200],
      ['ours, requests of 1, connections kept', ours(keepAlive, experimentId, 1), 200],
      ['Python log_metric', python.way('log_metric'), 200],
      ['Python log_metric, asynchronous', python.way('log_metric_async'), 200],
      ['ours, requests of 100', ours(client, experimentId, 100), 4000],
      ['ours, requests of 100, connections kept', ours(keepAlive, experimentId, 100), 4000],
      ['Python log_batch of 100', python.way('log_batch_100'), 4000],
      ['ours, requests of 1000', ours(client, experimentId, 1000), 10_000],
      ['ours, requests of 1000, connections kept', ours(keepAlive, experimentId, 1000), 10_000],
      ['Python log_batch of 1000', python.way('log_batch_1000'), 10_000],
      ['ours, 8 streams of requests of 1000', ours(client, experimentId, 1000, 8), 16_000],
      ['ours, 8 streams of requests of 1000, connections kept', ours(keepAlive, experimentId, 1000, 8), 16_000],
    ]
    const measured = new Map(ways.map(([name]) => [name, [] as number[]]))
    for (let round = -1; round < rounds; round++) {
      for (const [name, way, points] of ways) {
        // The first round only warms up.
        const used = round < 0 ? Math.max(points / 10, name.includes('1000') ? 8000 : 100) : points
        const rate = used / (await way(used))
        if (round >= 0) measured.get(name)?.push(rate)
      }
    }
    const rates = Object.fromEntries([...measured].map(([name, all]) => [name, Math.round(percentile(all, 0.5))]))
    /** Median of the ratios of each round. */
    const ratio = (mine: string, theirs: string): number => Number(percentile(measured.get(mine)!.map((rate, round) => rate / measured.get(theirs)![round]!), 0.5).toFixed(2))
    const ratios = {
      'requests of 1000 to log_metric': ratio('ours, requests of 1000', 'Python log_metric'),
      'requests of 1000 to log_metric, asynchronous': ratio('ours, requests of 1000', 'Python log_metric, asynchronous'),
      'requests of 1000 to log_batch of 1000': ratio('ours, requests of 1000', 'Python log_batch of 1000'),
      'requests of 100 to log_batch of 100': ratio('ours, requests of 100', 'Python log_batch of 100'),
      '8 streams to log_batch of 1000': ratio('ours, 8 streams of requests of 1000', 'Python log_batch of 1000'),
      'connections kept to not kept, requests of 100': ratio('ours, requests of 100, connections kept', 'ours, requests of 100'),
    }
    console.log(`workers: ${workers}`, rates, ratios)
    results[String(workers)] = { rates, ratios }
    storeResult('mlflow-speed', { command: 'node --conditions=attune-source benchmarks/src/mlflow-speed.ts', unit: 'metrics per second, medians of rounds in turns', rounds, server: { version, storage: 'SQLite' }, oursAnsweredAtOnce: answeredAtOnce, byWorkers: results })
  } finally {
    await server.stop()
  }
}
