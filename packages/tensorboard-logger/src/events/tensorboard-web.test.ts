import { describe, expect, test } from 'vitest'
import { ensurePython } from '../../../../tools/python/ensure.mjs'
import { temporaryFolder } from '../files.test-support.ts'
import { startTensorBoard } from '../tensorboard-server.test-support.ts'
import { openEventWriter } from './event-writer.ts'
import { histogramBuckets } from './histogram.ts'
import { encodePng, pngImage } from './image.ts'

const { python = '', missing } = ensurePython()
if (missing !== undefined) console.log(`SKIPPED: event files in TensorBoard's web server. ${missing}`)

describe.skipIf(missing !== undefined)("TensorBoard's web server", () => {
  test.each(['fast', 'python'] as const)('shows each kind of value, and a run that was taken up again, with its %s loader', async (loader) => {
    await using folder = await temporaryFolder()
    const buckets = histogramBuckets([0, 0.5, 1, 1, 4], 4)
    {
      await using writer = await openEventWriter({ folder: `${folder.path}/run` })
      const png = encodePng(Uint8Array.from({ length: 12 }, (_, index) => index * 20), [2, 2, 3])
      for (const step of [1, 2 ** 40, 2 ** 53 - 1]) {
        writer.add({
          kind: 'summary',
          step,
          time: 1_700_000_000_000,
          values: [
            { kind: 'scalar', tag: 'loss', value: 2.4 },
            { kind: 'scalar', tag: 'exact', value: 2.4, exact: true },
            { kind: 'text', tag: 'note', markdown: '**Grüße**' },
            { kind: 'histogram', tag: 'weights', buckets },
            pngImage('picture', png),
          ],
        })
      }
    }
    for (const [startStep, end] of [[0, 6], [4, 8], [6, 9]] as const) {
      await using writer = await openEventWriter({ folder: `${folder.path}/resumed`, startStep })
      for (let step = startStep; step < end; step++) writer.add({ step, values: [{ kind: 'scalar', tag: 'loss', value: startStep }] })
    }
    await using server = await startTensorBoard(python, folder.path, loader)
    const points = (plugin: string, tag: string): Promise<readonly unknown[]> => server.json(`/data/plugin/${plugin}/${plugin}?run=run&tag=${tag}&sample=0`) as Promise<readonly unknown[]>
    await server.until(() => points('scalars', 'exact'), (answer) => answer.length === 3)

    const resumed = await server.until(() => server.json('/data/plugin/scalars/scalars?run=resumed&tag=loss') as Promise<readonly (readonly number[])[]>, (answer) => answer.length >= 9)
    expect(resumed.map(([, step, value]) => [step, value])).toEqual([[0, 0], [1, 0], [2, 0], [3, 0], [4, 4], [5, 4], [6, 6], [7, 6], [8, 6]])

    const curve = [1, 2 ** 40, 2 ** 53 - 1].map((step) => [1_700_000_000, step, Math.fround(2.4)])
    expect(await points('scalars', 'loss')).toEqual(curve)
    expect(await points('scalars', 'exact')).toEqual(curve)
    const scalarTags = (await server.json('/data/plugin/scalars/tags')) as { readonly run: object }
    // All 64 bits are there, but in no page.
    expect(Object.keys(scalarTags.run).sort()).toEqual(['exact', 'loss'])
    expect(await points('text', 'note')).toMatchObject([1, 2 ** 40, 2 ** 53 - 1].map((step) => ({ step, text: expect.stringContaining('<strong>Grüße</strong>') })))
    expect((await points('histograms', 'weights'))[0]).toEqual([1_700_000_000, 1, buckets.map(({ from, to, count }) => [from, to, count])])
    expect(await points('images', 'picture')).toMatchObject([1, 2 ** 40, 2 ** 53 - 1].map((step) => ({ step, query: expect.stringContaining('blob_key=') })))
  })
})
