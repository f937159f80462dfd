/**
 * Metrics a second logged to a real MLflow server, by our client and by MLflow's Python client, in turns against the same server:
 * node --conditions=attune-source src/mlflow-speed.ts [--rounds 3] [--workers 1,4]
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { createStudy, float, minimize } from '@attune/core'
import { mlflow } from '@attune/mlflow-logger'
import { mlflowClient, type MetricPoint, type MlflowClient } from '@attune/mlflow-logger/client'
import { ensurePython } from '../../tools/python/ensure.mjs'
import { startMlflow } from '../../tools/python/mlflow.mjs'
import { storeResult } from './machine.ts'
import { benchmarksFolder } from './problems/load.ts'
import { percentile } from './statistics.ts'

interface Measured {
  readonly points: number
  readonly seconds: number
}

/** Metrics a second, by way of logging. */
type Rates = { readonly [way: string]: number }

const median = (values: readonly number[]): number => percentile(values, 0.5)
const rate = ({ points, seconds }: Measured): number => points / seconds

async function measure(points: number, work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return rate({ points, seconds: (performance.now() - start) / 1000 })
}

async function newRun({ runs }: MlflowClient, experimentId: string): Promise<string> {
  return (await runs.create({ experimentId, name: 'ours' })).runId
}

/** A run of `count` points, as a trial has them: one metric, a step each. */
const points = (first: number, count: number): readonly MetricPoint[] => Array.from({ length: count }, (_, i) => ({ key: 'loss', value: (first + i) / 3, step: first + i }))

async function stream(client: MlflowClient, runId: string, total: number, size: number): Promise<void> {
  for (let first = 0; first < total; first += size) await client.runs.log(runId, { metrics: points(first, size) })
}

async function ours(client: MlflowClient, experimentId: string): Promise<Rates> {
  const single = async (total: number, size: number): Promise<number> => {
    const runId = await newRun(client, experimentId)
    return measure(total, () => stream(client, runId, total, size))
  }
  const eight = await Promise.all(Array.from({ length: 8 }, () => newRun(client, experimentId)))
  await single(1000, 1000)
  return {
    'batches of 1': await single(300, 1),
    'batches of 100': await single(5000, 100),
    'batches of 1000': await single(20_000, 1000),
    '8 streams of batches of 1000': await measure(40_000, async () => void (await Promise.all(eight.map((runId) => stream(client, runId, 5000, 1000))))),
  }
}

const script = join(benchmarksFolder, 'peers', 'mlflow_speed.py')

async function pythons(uri: string, experimentId: string): Promise<{ readonly version: string; readonly rates: Rates }> {
  const { python, missing } = ensurePython()
  if (python === undefined) throw new Error(missing)
  const { stdout } = await promisify(execFile)(python, [script, '--uri', uri, '--experiment', experimentId])
  const { version, ...ways } = JSON.parse(stdout) as { readonly version: string } & { readonly [way: string]: Measured }
  return { version, rates: Object.fromEntries(Object.entries(ways).map(([way, one]) => [way, rate(one)])) }
}

/** Milliseconds that a trial of 100 reports takes, median of 30, with the logger or without. */
async function trialTime(uri: string | undefined): Promise<number> {
  const study = await createStudy({ space: { x: float(0, 1) }, objective: minimize('loss'), seed: 1, loggers: uri === undefined ? [] : [mlflow({ trackingUri: uri, experimentName: 'time of a trial', links: false })] })
  const times: number[] = []
  await study.optimize(async function* ({ params: { x } }) {
    const start = performance.now()
    for (let step = 1; step <= 100; step++) yield { step, loss: x / step, accuracy: 1 - x / step }
    times.push(performance.now() - start)
  }, { trials: 30 })
  await study.close()
  return median(times)
}

const medians = (rounds: readonly Rates[]): Rates => Object.fromEntries(Object.keys(rounds[0] ?? {}).map((way) => [way, Math.round(median(rounds.map((round) => round[way] ?? NaN)))]))

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, workers: { type: 'string', default: '1,4' } } })
const results: { [workers: string]: object } = {}
let version = ''
for (const workers of options.workers.split(',').map(Number)) {
  const server = await startMlflow({ workers })
  const client = mlflowClient({ trackingUri: server.url })
  const kept = mlflowClient({ trackingUri: server.url, keepAlive: true })
  try {
    const { experimentId } = await client.experiments.ensure('speed')
    const rounds: { readonly ours: Rates; readonly kept: Rates; readonly python: Rates; readonly trial: { readonly with: number; readonly without: number } }[] = []
    for (let round = 0; round < Number(options.rounds); round++) {
      const mine = await ours(client, experimentId)
      const python = await pythons(server.url, experimentId)
      version = python.version
      const trial = { with: await trialTime(server.url), without: await trialTime(undefined) }
      rounds.push({ ours: mine, kept: await ours(kept, experimentId), python: python.rates, trial })
    }
    const all = { ours: medians(rounds.map((each) => each.ours)), oursKeepAlive: medians(rounds.map((each) => each.kept)), python: medians(rounds.map((each) => each.python)) }
    const best = Math.max(...Object.entries(all.ours).flatMap(([way, one]) => (way.startsWith('8') ? [] : [one])))
    const ratios = {
      'single stream to log_metric': best / all.python['log_metric']!,
      'single stream to log_metric, asynchronous': best / all.python['log_metric_async']!,
      'batches of 1000 to log_batch of 1000': all.ours['batches of 1000']! / all.python['log_batch_1000']!,
      'batches of 100 to log_batch of 100': all.ours['batches of 100']! / all.python['log_batch_100']!,
      '8 streams to log_metric': all.ours['8 streams of batches of 1000']! / all.python['log_metric']!,
    }
    const trial = { with: median(rounds.map((each) => each.trial.with)), without: median(rounds.map((each) => each.trial.without)) }
    const rounded = Object.fromEntries(Object.entries(ratios).map(([name, value]) => [name, Number(value.toFixed(2))]))
    console.log(`workers: ${workers}`, { ...all, ratios: rounded, trial })
    results[`workers ${workers}`] = { ...all, ratios: rounded, millisecondsOfATrial: { reports: 100, with: Number(trial.with.toFixed(2)), without: Number(trial.without.toFixed(2)) } }
  } finally {
    await client.close()
    await kept.close()
    await server.stop()
  }
}
storeResult('mlflow-speed', { command: 'node --conditions=attune-source benchmarks/src/mlflow-speed.ts', unit: 'metrics per second, median of rounds in turns', rounds: Number(options.rounds), server: { version, storage: 'SQLite' }, results })
