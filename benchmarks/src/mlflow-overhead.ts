/**
 * What logging to MLflow adds to a trial: milliseconds of ask, report and tell without a logger, and with one whose server is up, slow, away, or never
 * answers, in turns: node --conditions=attune-source src/mlflow-overhead.ts [--rounds 3] [--trials 60]
 */
import { once } from 'node:events'
import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createStudy, float, int, minimize, type LoggerFactory } from '@attune/core'
import { mlflow } from '@attune/mlflow-logger'
import { startMlflow } from '../../tools/python/mlflow.mjs'
import { storeResult } from './machine.ts'
import { mean, percentile } from './statistics.ts'

const steps = 20
/** Of a training between two reports. */
const stepMilliseconds = 2

interface Times {
  readonly ask: number[]
  readonly report: number[]
  readonly tell: number[]
}

const noTimes = (): Times => ({ ask: [], report: [], tell: [] })

async function timed<T>(times: number[], work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await work()
  times.push(performance.now() - start)
  return result
}

async function study(trials: number, loggers: readonly LoggerFactory[], times: Times): Promise<void> {
  const driven = await createStudy({ name: 'overhead', space: { rate: float(1e-4, 1, { scale: 'log' }), units: int(1, 256) }, objective: minimize('loss'), seed: 1, loggers })
  for (let i = 0; i < trials; i++) {
    const trial = await timed(times.ask, () => driven.ask())
    for (let step = 1; step <= steps; step++) {
      await delay(stepMilliseconds)
      await timed(times.report, () => trial.report({ step, loss: trial.params.rate + 1 / step, accuracy: 1 - 1 / step }))
    }
    await timed(times.tell, () => driven.tell(trial, { loss: trial.params.rate }))
  }
  // Waits for its logger, which is not a matter of trials.
  await driven.close()
}

/** Passes requests on to a server after a second. */
async function slowProxy(target: string): Promise<{ readonly url: string; close(): void }> {
  const { hostname, port } = new URL(target)
  const server = createServer((incoming, outgoing) => {
    const pass = async (): Promise<void> => {
      const chunks: Buffer[] = []
      for await (const chunk of incoming) chunks.push(chunk as Buffer)
      await delay(1000)
      const sent = request({ hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers })
      sent.end(Buffer.concat(chunks))
      const [answer] = (await once(sent, 'response')) as [IncomingMessage]
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    }
    pass().catch((error: unknown) => outgoing.destroy(error as Error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, trials: { type: 'string', default: '60' } } })
const trials = Number(options.trials)
const server = await startMlflow()
const slow = await slowProxy(server.url)
const silent = createServer(() => undefined).listen(0, '127.0.0.1')
await once(silent, 'listening')
const uris: { readonly [server: string]: string | undefined } = {
  'no logger': undefined,
  up: server.url,
  'a second slow': slow.url,
  away: 'http://127.0.0.1:9',
  'never answers': `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
}
const results = new Map(Object.keys(uris).map((name) => [name, noTimes()]))
try {
  await study(20, [], noTimes()) // Compiles.
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [name, trackingUri] of Object.entries(uris)) {
      await study(trials, trackingUri === undefined ? [] : [mlflow({ trackingUri, experimentName: 'overhead', links: false })], results.get(name)!)
    }
  }
} finally {
  slow.close()
  silent.closeAllConnections()
  silent.close()
  await server.stop()
}
const summary = Object.fromEntries([...results].map(([name, times]) => [
  name,
  Object.fromEntries((['ask', 'report', 'tell'] as const).map((call) => [call, times[call]] as const).map(([call, all]) => [call, Object.fromEntries(Object.entries({ p50: percentile(all, 0.5), p95: percentile(all, 0.95), p99: percentile(all, 0.99), mean: mean(all) }).map(([key, value]) => [key, Number(value.toFixed(4))]))])),
]))
console.log(JSON.stringify(summary, null, 1))
storeResult('mlflow-overhead', { command: 'node --conditions=attune-source benchmarks/src/mlflow-overhead.ts', unit: 'ms', trials: trials * Number(options.rounds), reportsOfATrial: steps, server: { version: '3.17.2', storage: 'SQLite' }, results: summary })
