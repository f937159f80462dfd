import { readdir, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Logger, StudyEvent, TrialRecord } from '@attune/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensurePython } from '../../../tools/python/ensure.mjs'
import { eventFiles, temporaryFolder } from './files.test-support.ts'
import { context, HistoryScript } from './study-events.test-support.ts'
import { everyScalar, everyScalarAccumulated, startTensorBoard, type Points, type TensorBoardServer } from './tensorboard-server.test-support.ts'
import { tensorboard } from './tensorboard.ts'

const { python = '', missing } = ensurePython()
if (missing !== undefined) console.log(`SKIPPED: the tests with TensorBoard's loaders. ${missing}`)

/** Complete, pruned, failed, a retry that repeats steps and drops a metric, one that begins later than what it replaces, one that runs. */
function history(): HistoryScript {
  const script = new HistoryScript().start(0).start(1).start(2).start(3).start(4).start(5)
  for (let step = 1; step <= 8; step++) {
    for (let number = 0; number < 6; number++) script.report(number, step, { loss: number + step / 8, ...(step < 4 ? {} : { late: step }) })
  }
  script.requeue(3).start(3).requeue(4).start(4)
  for (let step = 2; step <= 12; step += 2) script.report(3, step, { loss: -step }).report(4, step * 100, { loss: step, late: 0 })
  script.end(0, { state: 'complete', metrics: { loss: 1, accuracy: 0.5 }, values: [0.5] }).end(1, { state: 'pruned', metrics: { loss: 2 }, values: [2] }).end(2, { state: 'failed', message: 'broken' })
  script.end(4, { state: 'complete', metrics: { loss: 12, accuracy: 0.25 }, values: [0.25] }).end(3, { state: 'complete', metrics: { loss: -12, accuracy: 0.75 }, values: [0.75] })
  return script.amend(0, { metrics: { loss: 1, accuracy: 0.625 }, values: [0.625] })
}

const script = history()

/** What the curves of a trial are, whoever looks at them. */
function curves({ reports }: TrialRecord): Points {
  const points: { [tag: string]: [number, number][] } = {}
  for (const { step, metrics } of reports) for (const [tag, value] of Object.entries(metrics)) (points[tag] ??= []).push([step, Math.fround(value)])
  return points
}

type Story = (open: () => Promise<Logger>, studyFolder: () => Promise<string>) => Promise<void>

async function send(logger: Logger, events: readonly StudyEvent[]): Promise<void> {
  for (const event of events) if (event.revision > Number(logger.cursor)) await logger.log(event)
}

const stories: { readonly [name: string]: Story } = {
  async 'is not disturbed'(open) {
    const logger = await open()
    await send(logger, script.events)
    await logger.close()
  },
  async 'is resumed again and again'(open) {
    for (let end = 7; end < script.events.length + 7; end += 7) {
      const logger = await open()
      await send(logger, script.events.slice(0, end))
      await logger.close()
    }
  },
  async 'is killed again and again'(open) {
    for (let end = 5; end < script.events.length + 5; end += 5) await send(await open(), script.events.slice(0, end))
    await (await open()).close()
  },
  async 'loses the ends of its files in a crash'(open, studyFolder) {
    await send(await open(), script.events.slice(0, 50))
    const folder = await studyFolder()
    await rm(join(folder, 'attune-cursor.json'))
    for (const run of await readdir(folder)) for (const path of await eventFiles(join(folder, run))) await truncate(path, 150)
    const logger = await open()
    await send(logger, script.events)
    await logger.close()
  },
  async 'is written by two processes at once'(open) {
    const [one, other] = [await open(), await open()]
    for (const event of script.events) for (const logger of [one, other]) await logger.log(event)
    await other.close()
    await one.close()
  },
  async 'is written by one that was frozen while another finished the work'(open) {
    const frozen = await open()
    await send(frozen, script.events.slice(0, 30))
    const other = await open()
    await send(other, script.events)
    await other.close()
    await send(frozen, script.events.slice(30, 60))
    await frozen.close()
  },
  async 'is written by one that was frozen, goes on and dies'(open) {
    const frozen = await open()
    await send(frozen, script.events.slice(0, 30))
    const other = await open()
    await send(other, script.events)
    await other.close()
    await send(frozen, script.events.slice(30, 60))
  },
}

describe.skipIf(missing !== undefined)(`TensorBoard's two loaders, and its EventAccumulator, read the same of a study that${missing === undefined ? '' : ` (${missing})`}`, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  const servers: TensorBoardServer[] = []
  /** Also those that are never closed: the garbage collector would close their files. */
  const loggers: Logger[] = []
  const names = Object.keys(stories)
  const read: { readonly [run: string]: Points }[] = []

  beforeAll(async () => {
    folder = await temporaryFolder()
    // The servers look on from the beginning: what they read while it happens is what they read afterwards.
    for (const loader of ['fast', 'python'] as const) servers.push(await startTensorBoard(python, folder.path, loader))
    for (const [i, story] of Object.values(stories).entries()) {
      const of = context({ id: `study ${i}`, name: `story ${i}`, trials: script.trials })
      await story(
        async () => {
          const logger = await tensorboard({ logDir: folder.path }).create(of)
          loggers.push(logger)
          return logger
        },
        async () => join(folder.path, (await readdir(folder.path)).find((name) => name.startsWith(`story-${i}-`))!),
      )
    }
    read.push(await everyScalarAccumulated(python, folder.path))
    // Afterwards: with nothing read before.
    for (const loader of ['fast', 'python'] as const) servers.push(await startTensorBoard(python, folder.path, loader))
  }, 180_000)
  afterAll(async () => {
    for (const logger of loggers) await logger.close()
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
    await folder[Symbol.asyncDispose]()
  })

  test.each(names)('%s', async (name) => {
    const prefix = `story-${names.indexOf(name)}-`
    const of = (runs: { readonly [run: string]: Points }): { readonly [run: string]: Points } =>
      Object.fromEntries(Object.entries(runs).filter(([run]) => run.startsWith(prefix)).map(([run, points]) => [run.slice(run.indexOf('/') + 1), points]))
    const accumulated = of(read[0]!)
    for (const { number, ...trial } of script.trials) expect(accumulated[`trial-000${number}`]).toMatchObject(curves({ number, ...trial }))
    expect(accumulated['trial-0003']).not.toHaveProperty('late')
    expect([0, 1, 2, 3, 4, 5].map((number) => accumulated[`trial-000${number}`]!['objective'])).toEqual([[[8, 0.625]], [[8, 2]], undefined, [[12, 0.75]], [[1200, 0.25]], undefined])
    expect(accumulated['study']).toMatchObject({ 'study/best': [[0, 0.625], [1, 0.625], [2, 0.625], [4, 0.75]], 'study/complete': [[0, 1], [1, 1], [2, 1], [4, 3]] })
    const [fastLive, pythonLive, fast, inPython] = servers as [TensorBoardServer, TensorBoardServer, TensorBoardServer, TensorBoardServer]
    const shown = async (server: TensorBoardServer, expected: object, view = (runs: typeof accumulated) => runs): Promise<void> => {
      let answer: object = {}
      const same = (): boolean => isDeepStrictEqual(answer, expected)
      // The servers look for new data once a second, or later where the machine is busy: the limit only catches what never comes.
      for (let look = 0; look < 80 && !same(); look++) {
        if (look > 0) await delay(500)
        answer = view(of(await everyScalar(server, prefix)))
      }
      expect(answer).toEqual(expected)
    }
    await shown(fast, accumulated)
    await shown(inPython, accumulated)
    await shown(pythonLive, accumulated)
    // The fast loader, while it runs, takes a point back only when a later one of its tag has that step or an earlier one: two retries here begin later.
    const lasting = (runs: typeof accumulated): typeof accumulated => ({ ...runs, 'trial-0003': {}, 'trial-0004': {} })
    await shown(fastLive, lasting(accumulated), lasting)
  })
})
