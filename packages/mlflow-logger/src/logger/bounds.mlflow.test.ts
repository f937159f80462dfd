import { createStudy, float, MemoryStorage, minimize, systemClock, type LoggerFactory, type Study, type StudyEvent } from '@attune/core'
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { missingMlflow } from '../../../../tools/python/mlflow.mjs'
import { startProxy, type Proxy } from '../client/client-proxy.test-support.ts'
import { mlflow } from './mlflow.ts'
import type { MlflowOptions } from './options.ts'

const server = inject('mlflow')

/** What the logger answered to each event, in order. */
type Answers = { readonly event: StudyEvent; readonly later: boolean }[]

describe.skipIf(server === undefined)(`what the MLflow logger gathers${missingMlflow === undefined ? '' : ` (skipped: ${missingMlflow})`}`, () => {
  let proxy: Proxy
  beforeEach(async () => {
    proxy = await startProxy(server ?? '')
  })
  afterEach(async () => {
    proxy.decide = () => 'pass'
    await proxy.close()
  })

  async function open(options: MlflowOptions): Promise<{ readonly study: Study<{ readonly rate: number }>; readonly answers: Answers }> {
    const real = mlflow({ trackingUri: proxy.url, experimentName: `bounds ${randomUUID()}`, links: false, ...options })
    const answers: Answers = []
    const factory: LoggerFactory = {
      ...real,
      create: async (context) => {
        const inner = await real.create(context)
        return {
          get cursor() {
            return inner.cursor
          },
          log: async (event) => {
            const answer = await inner.log(event)
            answers.push({ event, later: answer === 'later' })
            return answer
          },
          flush: () => inner.flush(),
          close: () => inner.close(),
        }
      },
    }
    const study = await createStudy({ name: 'bounds', space: { rate: float(0, 1) }, objective: minimize('loss'), seed: 1, storage: new MemoryStorage(systemClock), loggers: [factory] })
    return { study, answers }
  }

  const away = (): { readonly status: number; readonly body: string } => ({ status: 503, body: 'later' })
  /** Looks again and again: how long it takes is the machine's business. */
  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  it('P13: no more waits in memory than the queue of the MLflow logger has pieces for', async () => {
    proxy.decide = away
    const { study, answers } = await open({ queue: { events: 20 } })
    const trial = await study.ask()
    for (let step = 1; step <= 60; step++) await trial.report({ step, loss: step })
    await until(() => answers.some(({ later }) => later))
    const taken = answers.filter(({ later }) => !later)
    expect(taken.length).toBeGreaterThan(5)
    expect(taken.length).toBeLessThanOrEqual(20)
    proxy.decide = () => 'pass'
    const reports = (): number => answers.filter(({ event, later }) => !later && event.type === 'trial.reported').length
    await until(() => reports() >= 60)
    expect(reports()).toBe(60)
    await study.tell(trial, { loss: 1 })
    await study.close()
  })

  it('P13: no more waits in memory than the queue of the MLflow logger has bytes for', async () => {
    proxy.decide = away
    const { study, answers } = await open({ queue: { bytes: 100_000 } })
    for (let i = 0; i < 30; i++) await study.setAttribute(`note ${i}`, 'x'.repeat(5_000))
    await until(() => answers.some(({ later }) => later))
    const taken = answers.filter(({ event, later }) => !later && event.type === 'attribute.set').length
    expect(taken).toBeGreaterThan(5)
    expect(taken).toBeLessThan(25)
    proxy.decide = () => 'pass'
    const attributes = (): number => answers.filter(({ event, later }) => !later && event.type === 'attribute.set').length
    await until(() => attributes() >= 30)
    expect(attributes()).toBe(30)
    await study.close()
  })

  it('sends as soon as a run has so many metrics, however long they may be gathered', async () => {
    const { study } = await open({ flush: { milliseconds: 60_000, items: 20 } })
    const sent = (): readonly number[] => proxy.requests.filter(({ path }) => path.endsWith('/log-batch')).map(({ body }) => (JSON.parse(body) as { readonly metrics?: readonly unknown[] }).metrics?.length ?? 0).filter((count) => count > 0)
    const trial = await study.ask()
    for (let step = 1; step <= 30 && sent().length === 0; step++) await trial.report({ step, loss: step })
    await until(() => sent().length > 0)
    expect(sent()[0]).toBeGreaterThanOrEqual(20)
    await study.tell(trial, { loss: 1 })
    await study.close()
  })
})
