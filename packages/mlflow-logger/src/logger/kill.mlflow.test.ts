import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { startMlflow } from '../../../../tools/python/mlflow.mjs'
import { startProxy } from '../client/client-proxy.test-support.ts'
import { mlflowClient, type MlflowClient } from '../client/index.ts'
import { differences, openStored } from './stored-study.test-support.ts'

const program = fileURLToPath(new URL('logging-program.test-support.ts', import.meta.url))
const shared = inject('mlflow')
const children = new Set<ChildProcess>()
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attune-mlflow-kill-'))
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

function start(trackingUri: string, experimentName: string, more?: number): ChildProcess {
  const child = spawn(process.execPath, ['--conditions=attune-source', program, folder, trackingUri, experimentName, ...(more === undefined ? [] : [String(more)])], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/** Kills it some milliseconds after so many reports, wherever its logger is then. */
async function killAfter(child: ChildProcess, reports: number, milliseconds: number): Promise<void> {
  const exit = once(child, 'exit')
  let count = 0
  for await (const _ of createInterface({ input: child.stdout! })) {
    if (++count !== reports) continue
    await delay(milliseconds)
    child.kill('SIGKILL')
  }
  await exit
}

/** Goes on to an end, and again as long as the logger still catches up: how often that is, is the machine's business. Answers what MLflow has otherwise then. */
async function finish(trackingUri: string, experimentName: string, client: MlflowClient): Promise<Awaited<ReturnType<typeof differences>>> {
  let fewest = Infinity
  for (let inVain = 0; ; ) {
    const child = start(trackingUri, experimentName, 1)
    child.stdout?.resume()
    expect((await once(child, 'exit'))[0]).toBe(0)
    const study = await openStored(folder)
    const found = await differences(client, experimentName, study)
    await study.close()
    inVain = found.problems.length < fewest ? 0 : inVain + 1
    fewest = Math.min(fewest, found.problems.length)
    if (fewest === 0 || inVain === 5) return found
  }
}

/** Numbers that spread, the same in each run. */
function spread(i: number, most: number): number {
  return Math.floor(((i * 0.618_033_988_75) % 1) * most)
}

describe.skipIf(shared === undefined)('a process that logs to MLflow (needs Python)', () => {
  it('P13: kill -9 at any moment, 22 times, and the MLflow logger has lost nothing and doubled nothing', { timeout: 600_000 }, async () => {
    const trackingUri = shared ?? ''
    const experimentName = `killed ${randomUUID()}`
    await using client = mlflowClient({ trackingUri })
    for (let i = 0; i < 22; i++) await killAfter(start(trackingUri, experimentName), 1 + spread(i, 40), spread(i * 7 + 3, 400))
    const { problems, points, runs } = await finish(trackingUri, experimentName, client)
    expect(problems).toEqual([])
    expect(runs).toBeGreaterThan(20)
    expect(points).toBeGreaterThan(200)
  })

  it('P13: processes that share a study are killed one after the other while the next is at work, and MLflow has one run of it with everything once', { timeout: 600_000 }, async () => {
    const trackingUri = shared ?? ''
    const experimentName = `relay ${randomUUID()}`
    await using client = mlflowClient({ trackingUri })
    let runner = start(trackingUri, experimentName)
    for (let i = 0; i < 6; i++) {
      const next = start(trackingUri, experimentName)
      await killAfter(runner, 30 + spread(i, 60), spread(i * 3 + 2, 300))
      runner = next
    }
    await killAfter(runner, 1, 0)
    const { problems, points, runs } = await finish(trackingUri, experimentName, client)
    expect(problems.filter((problem) => !/^study (lacks|has) best_value/.test(problem))).toEqual([])
    expect(runs).toBeGreaterThan(20)
    expect(points).toBeGreaterThan(200)
  })

  it('P13: kill -9 of processes and of the server, and answers lost on the way, and MLflow has everything once', { timeout: 600_000 }, async () => {
    const data = await mkdtemp(join(tmpdir(), 'attune-mlflow-data-'))
    let server = await startMlflow({ folder: data })
    const proxy = await startProxy(server.url)
    try {
      let requests = 0
      proxy.decide = () => (++requests % 9 === 4 ? 'lose the answer' : 'pass')
      const experimentName = `killed ${randomUUID()}`
      for (let i = 0; i < 8; i++) {
        const child = start(proxy.url, experimentName)
        const killed = killAfter(child, 20 + spread(i, 60), spread(i * 5 + 1, 700))
        if (i % 3 === 1) {
          await delay(spread(i, 1500))
          await server.kill()
          await killed
          server = await startMlflow({ folder: data, port: server.port })
        } else await killed
      }
      await using client = mlflowClient({ trackingUri: server.url })
      const { problems, points } = await finish(proxy.url, experimentName, client)
      expect(problems).toEqual([])
      expect(points).toBeGreaterThan(100)
      expect(requests).toBeGreaterThan(200)
    } finally {
      await proxy.close()
      await server.stop()
      await rm(data, { recursive: true, force: true, maxRetries: 5 })
    }
  })
})
