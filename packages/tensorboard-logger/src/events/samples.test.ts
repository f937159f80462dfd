// Files that other writers have made: benchmarks/peers/tensorboard_samples.py, with TensorFlow 2.21.0 and tensorboardX 2.6.5,
// and tensorboard_samples_pytorch.py, with PyTorch 2.15.0.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decode } from 'fast-png'
import { expect, test } from 'vitest'
import { loadRun } from './run-data.ts'
import { listRuns, readRun } from './run-reader.ts'

const samples = fileURLToPath(new URL('../../fixtures', import.meta.url))
const pixels = Array.from({ length: 18 }, (_, index) => index * 10)
const buckets = [{ from: -1, to: -0.25, count: 1 }, { from: -0.25, to: 0.5, count: 2 }, { from: 0.5, to: 1.25, count: 4 }, { from: 1.25, to: 2, count: 1 }]
const loss = { steps: [0, 1, 2], values: [0.1, 0.2, 0.1 * 3].map(Math.fround) }

test('the runs of a log directory are found', async () => {
  expect((await listRuns(samples)).map(({ name }) => name)).toEqual(['pytorch', 'pytorch-session', 'tensorboardx', 'tensorboardx-session', 'tensorflow', 'tensorflow-1'])
})

test('files of TensorFlow 2 are read', async () => {
  const { scalars, points, sessionStart, experiment } = await loadRun(join(samples, 'tensorflow'))
  expect(scalars.get('loss')).toMatchObject(loss)
  expect(scalars.get('large-step')).toMatchObject({ steps: [2 ** 53 - 1], values: [1.5] })
  expect(scalars.get('double')).toMatchObject({ values: [0.1] })
  expect(points.get('note')).toMatchObject([{ step: 1, value: { kind: 'text', markdown: 'Grüße' } }])
  expect(points.get('table')).toMatchObject([{ value: { kind: 'tensor', plugin: 'text', shape: [2, 2] } }])
  expect(points.get('weights')).toMatchObject([{ value: { kind: 'histogram', buckets } }])
  expect(points.get('sound')).toMatchObject([{ value: { kind: 'tensor', plugin: 'audio', shape: [1, 2] } }])
  expect(picture(points.get('picture')![0]!.value)).toEqual({ width: 3, height: 2, pixels: [pixels] })
  expect(sessionStart).toMatchObject({ hparams: { rate: 0.01, kind: 'adam', flag: true }, group: 'trial-1' })
  expect(experiment).toMatchObject({
    hparams: [
      { name: 'rate', type: 'number', domain: { min: 0.001, max: 0.1 } },
      { name: 'kind', type: 'string', domain: { values: ['adam', 'sgd'] } },
      { name: 'flag', type: 'boolean', domain: { values: [false, true] } },
    ],
    metrics: [{ tag: 'loss', displayName: 'Loss' }],
  })
})

test('files of TensorFlow 1 are read, which name the plugin of a tag only once', async () => {
  const events = []
  for await (const event of readRun(join(samples, 'tensorflow-1'))) events.push(event)
  expect(events).toMatchObject([
    { kind: 'version' },
    { kind: 'summary', step: 0, values: [{ kind: 'scalar', tag: 'loss', value: 0 }] },
    { kind: 'summary', step: 1, values: [{ kind: 'scalar', tag: 'loss', value: 1 }] },
    { kind: 'start', step: 1 },
  ])
})

test('files of tensorboardX are read, and its HParams', async () => {
  const { scalars, points } = await loadRun(join(samples, 'tensorboardx'))
  expect(scalars.get('loss')).toMatchObject(loss)
  expect(scalars.get('nan')).toMatchObject({ values: [Number.NaN] })
  expect(points.get('note/text_summary')).toMatchObject([{ value: { kind: 'text', markdown: 'Grüße' } }])
  expect(points.get('weights')).toMatchObject([{ value: { kind: 'histogram', buckets } }])
  expect(points.get('curve')).toMatchObject([{ value: { kind: 'tensor', plugin: 'pr_curves', shape: [6, 3] } }])
  expect(picture(points.get('picture')![0]!.value)).toEqual({ width: 3, height: 2, pixels: [pixels] })
  const session = await loadRun(join(samples, 'tensorboardx-session'))
  expect(session.sessionStart).toMatchObject({ hparams: { rate: 0.01, kind: 'adam', flag: true } })
  expect(session.sessionEnd).toMatchObject({ status: 'success' })
  expect(session.experiment).toMatchObject({ hparams: [{ name: 'rate' }, { name: 'kind' }, { name: 'flag' }], metrics: [{ tag: 'hparam/accuracy' }] })
  expect(session.scalars.get('hparam/accuracy')).toMatchObject({ values: [0.5] })
})

test('files of PyTorch are read, its HParams, and what it takes up again', async () => {
  const { scalars, points } = await loadRun(join(samples, 'pytorch'))
  // purge_step=2 in a second file
  expect(scalars.get('loss')).toMatchObject({ steps: [0, 1, 2], values: [...loss.values.slice(0, 2), 7] })
  expect(scalars.get('new')).toMatchObject({ steps: [0, 1], values: loss.values.slice(0, 2) })
  expect(scalars.get('double')).toMatchObject({ values: [0.1, 0.2] })
  expect(points.get('note/text_summary')).toMatchObject([{ value: { kind: 'text', markdown: 'Grüße' } }])
  expect(points.get('weights')).toMatchObject([{ value: { kind: 'histogram', buckets } }])
  expect(picture(points.get('picture')![0]!.value)).toEqual({ width: 3, height: 2, pixels: [pixels] })
  const session = await loadRun(join(samples, 'pytorch-session'))
  // PyTorch itself makes a number of a flag.
  expect(session.sessionStart).toMatchObject({ hparams: { rate: 0.01, kind: 'adam', flag: 1 } })
  expect(session.experiment).toMatchObject({ hparams: [{ name: 'rate' }, { name: 'kind', domain: { values: ['adam', 'sgd'] } }, { name: 'flag', type: 'number' }] })
})

function picture(value: { readonly kind: string; readonly images?: readonly Uint8Array[]; readonly width?: number; readonly height?: number }): unknown {
  return { width: value.width, height: value.height, pixels: value.images?.map((image) => [...decode(image).data]) }
}
