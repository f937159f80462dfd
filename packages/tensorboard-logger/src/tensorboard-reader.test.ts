import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StudyEvent } from '@attune/core'
import { describe, expect, test } from 'vitest'
import { ensurePython } from '../../../tools/python/ensure.mjs'
import { openEventWriter } from './events/event-writer.ts'
import { eventFiles, temporaryFolder } from './files.test-support.ts'
import { context, HistoryScript } from './study-events.test-support.ts'
import { readWithTensorBoard, startTensorBoard } from './tensorboard-server.test-support.ts'
import { tensorboard } from './tensorboard.ts'

const { python = '', missing } = ensurePython()
if (missing !== undefined) console.log(`SKIPPED: the tests with TensorBoard's own reader. ${missing}`)

/** Complete, pruned, failed, retried, running; infinite objective; conditional parameters. */
const script = new HistoryScript()
  .start(0, { learningRate: 0.25, 'optimizer.type': 'adam', batchNorm: true })
  .report(0, 1, { loss: 2.4, accuracy: 0.25 }).report(0, 2, { loss: Number.NaN, accuracy: 0.5 })
  .end(0, { state: 'complete', metrics: { loss: Number.NaN, accuracy: 0.5 }, values: [0.5] })
  .start(1, { learningRate: 0.5, 'optimizer.type': 'sgd', 'optimizer.sgd.momentum': 0.75, 'optimizer.sgd.nesterov': true, batchNorm: false })
  .report(1, 1, { loss: 3, accuracy: 0.125 })
  .end(1, { state: 'pruned', metrics: { loss: 3, accuracy: 0.125 }, values: [0.125] })
  .start(2).end(2, { state: 'failed', message: 'out of memory | <b>' })
  .start(3).report(3, 1, { loss: 9, accuracy: 0 }).report(3, 2, { loss: 8, accuracy: 0 }).report(3, 3, { loss: 7, accuracy: 0 })
  .requeue(3)
  .start(3).report(3, 2, { loss: 6, accuracy: 0.875 }).report(3, 3, { loss: 5, accuracy: 0.875 }).report(3, 4, { loss: 4, accuracy: 0.875 })
  .end(3, { state: 'complete', metrics: { loss: 4, accuracy: 0.875 }, values: [0.875] })
  .start(4, { learningRate: 0.125 }).report(4, 0, { loss: 1 }).end(4, { state: 'complete', metrics: { accuracy: Infinity }, values: [Infinity] })
  .start(5).report(5, 1, { loss: 0.5 })

/** Trial 5 goes on. */
const next: StudyEvent = (() => {
  const { reports, ...trial } = script.trials[5]!
  const report = { step: 2, metrics: { loss: 0.25 }, time: 0 }
  return { type: 'trial.reported', revision: script.events.length + 1, time: 1_700_000_100_000, trial: { ...trial, reports: [...reports, report] }, report }
})()

/** The study as two processes leave it: the first dies with its cursor unwritten in the middle of the retried trial. */
async function writeStudy(logDir: string): Promise<string> {
  const first = await tensorboard({ logDir }).create(context({ trials: script.trials }))
  for (const event of script.events.slice(0, 15)) await first.log(event)
  const second = await tensorboard({ logDir }).create(context({ trials: script.trials }))
  for (const event of script.events) await second.log(event)
  await Promise.all([first.close(), second.close()])
  return (await readdir(logDir))[0]!
}

const sessionGroups = {
  experimentName: '',
  allowedStatuses: ['STATUS_UNKNOWN', 'STATUS_SUCCESS', 'STATUS_FAILURE', 'STATUS_RUNNING'],
  colParams: [{ metric: { group: '', tag: 'objective' }, order: 'ORDER_ASC' }],
  startIndex: 0,
  sliceSize: 100,
  aggregationType: 'AGGREGATION_AVG',
}

interface SessionGroup {
  readonly name: string
  readonly hparams: { readonly [name: string]: unknown }
  readonly metricValues: readonly { readonly name: { readonly tag: string }; readonly value: number | string }[]
  readonly sessions: readonly { readonly status: string }[]
}

describe.skipIf(missing !== undefined)('TensorBoard', () => {
  test('accumulates the points of every trial, those of a repeated step once', async () => {
    await using folder = await temporaryFolder()
    const study = join(folder.path, await writeStudy(folder.path))
    const [first, pruned, failed, retried] = await Promise.all([0, 1, 2, 3].map((number) => readWithTensorBoard(python, join(study, `trial-000${number}`))))
    expect(first!.scalars).toEqual({ loss: [[1, Math.fround(2.4)], [2, 'nan']], accuracy: [[1, 0.25], [2, 0.5]], objective: [[2, 0.5]], pruned: [[2, 0]] })
    expect(first!.texts['trial/text_summary']).toEqual([expect.stringContaining('| metric accuracy | 0.5 |')])
    expect(first!.tensors).toContain('_hparams_/session_start_info')
    expect(pruned!.scalars).toMatchObject({ objective: [[1, 0.125]], pruned: [[1, 1]] })
    expect(Object.keys(failed!.scalars)).toEqual(['pruned'])
    expect(retried!.scalars['loss']).toEqual([[2, 6], [3, 5], [4, 4]])
  })

  test('checks our checksums: a flipped byte ends what it reads', async () => {
    await using folder = await temporaryFolder()
    const run = join(folder.path, 'run')
    await using writer = await openEventWriter({ folder: run })
    for (let step = 0; step < 4; step++) writer.add({ kind: 'summary', step, time: 0, values: [{ kind: 'scalar', tag: 'loss', value: step }] })
    await writer.flush()
    expect((await readWithTensorBoard(python, run)).scalars['loss']).toHaveLength(4)
    const bytes = await readFile(writer.path)
    bytes[bytes.length - 10]! ^= 1
    await writeFile(writer.path, bytes)
    expect((await readWithTensorBoard(python, run)).scalars['loss']).toHaveLength(3)
  })

  test('P8: a run with a torn record is whole again once its trial goes on', async () => {
    await using folder = await temporaryFolder()
    const study = join(folder.path, await writeStudy(folder.path))
    const run = join(study, 'trial-0005')
    const [file] = await eventFiles(run)
    await appendFile(file!, Uint8Array.from([20, 0, 0]))
    const logger = await tensorboard({ logDir: folder.path }).create(context())
    await logger.log(next)
    await logger.close()
    expect((await readWithTensorBoard(python, run)).scalars['loss']).toEqual([[1, 0.5], [2, 0.25]])
  })

  test.each(['fast', 'python'] as const)('serves curves and HParams of all trials with its %s loader', async (loader) => {
    await using folder = await temporaryFolder()
    const study = await writeStudy(folder.path)
    await using server = await startTensorBoard(python, folder.path, loader)

    const { sessionGroups: groups } = await server.until(
      () => server.json('/data/plugin/hparams/session_groups', sessionGroups) as Promise<{ readonly sessionGroups: readonly SessionGroup[] }>,
      (answer) => answer.sessionGroups.length === 6 && answer.sessionGroups[3]!.metricValues.length > 0,
    )
    // Sorted by objective: those without one come last.
    expect(groups.map((group) => group.name.slice(-1)).slice(0, 3)).toEqual(['1', '0', '3'])
    const byTrial = new Map(groups.map((group) => [group.name, group]))
    const group = (number: number): SessionGroup => byTrial.get(`${study}/trial-000${number}`)!
    const metric = (number: number, tag: string): unknown => group(number).metricValues.find((value) => value.name.tag === tag)?.value
    expect([0, 1, 2, 3, 4, 5].map((number) => group(number).sessions.map((session) => session.status))).toEqual(
      [['STATUS_SUCCESS'], ['STATUS_FAILURE'], ['STATUS_FAILURE'], ['STATUS_SUCCESS'], ['STATUS_SUCCESS'], ['STATUS_UNKNOWN']],
    )
    expect([0, 1, 2, 3, 4, 5].map((number) => metric(number, 'objective'))).toEqual([0.5, 0.125, undefined, 0.875, undefined, undefined])
    expect([0, 1, 2, 3, 4, 5].map((number) => metric(number, 'pruned'))).toEqual([0, 1, 0, 0, 0, undefined])
    expect(group(0).hparams).toEqual({ learningRate: 0.25, 'optimizer.type': 'adam', 'optimizer.sgd.momentum': 0, 'optimizer.sgd.nesterov': 'n/a', batchNorm: true })
    expect(group(1).hparams).toEqual({ learningRate: 0.5, 'optimizer.type': 'sgd', 'optimizer.sgd.momentum': 0.75, 'optimizer.sgd.nesterov': 'true', batchNorm: false })

    const curve = (number: number, tag: string): Promise<unknown> =>
      server.json(`/data/plugin/scalars/scalars?run=${encodeURIComponent(`${study}/trial-000${number}`)}&tag=${tag}`)
    const points = (await curve(3, 'loss')) as readonly (readonly [number, number, number])[]
    expect(points.map(([, step, value]) => [step, value])).toEqual([[2, 6], [3, 5], [4, 4]])
    expect(await curve(0, 'loss')).toEqual([[expect.any(Number), 1, Math.fround(2.4)], [expect.any(Number), 2, 'NaN']])
    expect(await curve(4, 'loss')).toEqual([[expect.any(Number), 0, 1]])
    expect(group(4).hparams).toMatchObject({ learningRate: 0.125 })
    const texts = (await server.json(`/data/plugin/text/text?run=${encodeURIComponent(`${study}/trial-0002`)}&tag=trial/text_summary`)) as readonly { readonly text: string }[]
    expect(texts[0]!.text).toContain('out of memory | &lt;b&gt;')
    expect(texts[0]!.text).toContain('<table>')

    const logger = await tensorboard({ logDir: folder.path }).create(context())
    await logger.log(next)
    const live = await server.until(() => curve(5, 'loss') as Promise<readonly (readonly [number, number, number])[]>, (answer) => answer.length === 2)
    expect(live.map(([, step, value]) => [step, value])).toEqual([[1, 0.5], [2, 0.25]])
    await logger.close()
  })
})
