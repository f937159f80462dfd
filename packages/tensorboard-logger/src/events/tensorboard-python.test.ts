import { appendFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { missingPython } from '../../../../tools/python/run.mjs'
import { eventFiles, temporaryFolder } from '../files.test-support.ts'
import { openEventWriter } from './event-writer.ts'
import type { SummaryEvent, SummaryValue } from './event.ts'
import { histogramBuckets } from './histogram.ts'
import { encodePng, pngImage } from './image.ts'
import { loadRun } from './run-data.ts'
import { readRun } from './run-reader.ts'
import { base64, decodeWithPillow, float32Bits, float64Bits, hparamsWithPython, readWithPython, writeWithPython } from './tensorboard-python.test-support.ts'

if (missingPython !== undefined) console.log(`SKIPPED: event files beside TensorBoard's own reader and writer in Python. ${missingPython}`)

const floats = [0, -0, 1, -1, 0.1, 2.4, Math.PI, 2 ** 24 + 1, 1e-45, 1.1754943508222875e-38, -1e-46, 3.4028234663852886e38, 3.5e38, -1e308, Number.MIN_VALUE, Number.NaN, Infinity, -Infinity]
const steps = [-Number.MAX_SAFE_INTEGER, -(2 ** 40), -129, -1, 0, 1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER]
const names = ['loss', 'a/b/c', 'with space', 'Grüße', '損失', '🎛', '../..', '"quoted"', 'line\nbreak', 'x'.repeat(300), '__proto__', 'constructor', '\u0000', '\ufeffmark', '%2F', '\ud800 alone']
const texts = ['', 'plain', '**Grüße** 🎛', '\ufeffmark', 'a\u0000b', '| a |\n|---|\n| b |', 'x'.repeat(100_000), '\udc00 alone']

async function write(folder: string, events: readonly SummaryEvent[], startStep?: number): Promise<void> {
  await using writer = await openEventWriter({ folder, ...(startStep === undefined ? {} : { startStep }) })
  for (const event of events) writer.add(event)
}

const at = (step: number, ...values: readonly SummaryValue[]): SummaryEvent => ({ kind: 'summary', step, time: 1_700_000_000_123 + Math.abs(step % 1000), values })

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

describe.skipIf(missingPython !== undefined)("TensorBoard's readers in Python", () => {
  test('give scalars to the last bit of a 32-bit float, at each step and under each name', async () => {
    await using folder = await temporaryFolder()
    const drawn = fc.sample(fc.double(), { numRuns: 1000, seed: 5 })
    const series: readonly (readonly [string, readonly (readonly [number, number])[]])[] = [
      ['floats', [...floats, ...drawn].map((value, step) => [step, value])],
      ['steps', steps.map((step) => [step, 0.5])],
      ...names.map((name) => [name, [[3, 0.25]]] as const),
    ]
    await write(folder.path, series.flatMap(([tag, points]) => points.map(([step, value]) => at(step, { kind: 'scalar', tag, value }))))
    const { scalars } = readWithPython(folder.path)
    expect(scalars).toEqual(Object.fromEntries(series.map(([tag, points]) => [base64(tag), points.map(([step, value]) => ({ step: String(step), time: at(step).time / 1000, bits: float32Bits(value) }))])))
  })

  test('give an exact scalar as a 32-bit float, and all 64 bits as a tensor beside it', async () => {
    await using folder = await temporaryFolder()
    await write(folder.path, floats.map((value, step) => at(step, { kind: 'scalar', tag: 'loss', value, exact: true })))
    const { scalars, tensors, plugins } = readWithPython(folder.path)
    expect(scalars[base64('loss')]!.map(({ bits }) => bits)).toEqual(floats.map(float32Bits))
    expect(tensors[base64('attune_exact/loss')]!.map(({ type, shape, elements }) => [type, shape, elements])).toEqual(floats.map((value) => ['float64', [], [float64Bits(value)]]))
    expect(plugins).toEqual({ [base64('attune_exact/loss')]: 'attune_exact' })
    expect((await loadRun(folder.path)).scalars.get('loss')!.values).toEqual(floats)
  })

  test('give texts, tensors and histograms as they were', async () => {
    await using folder = await temporaryFolder()
    const buckets = histogramBuckets([-1, 0, 0.1, 0.1, 5, 1e-300, Number.NaN], 7)
    const doubles = Float64Array.from(floats)
    await write(folder.path, [
      ...texts.map((markdown, step) => at(step, { kind: 'text', tag: 'note/text_summary', markdown })),
      ...names.map((tag) => at(0, { kind: 'text', tag: `text/${tag}`, markdown: tag })),
      at(1, { kind: 'histogram', tag: 'weights', buckets }),
      at(2, { kind: 'histogram', tag: 'weights', buckets: [] }),
      at(1, { kind: 'tensor', tag: 'matrix', plugin: 'mine', shape: [3, 6], tensor: { type: 'float64', data: doubles } }),
      at(1, { kind: 'tensor', tag: 'integers', plugin: 'mine', shape: [2], tensor: { type: 'int64', data: BigInt64Array.of(2n ** 62n, -1n) } }),
    ])
    const { tensors, plugins, raw } = readWithPython(folder.path)
    expect(tensors[base64('note/text_summary')]!.map(({ elements }) => elements)).toEqual(texts.map((text) => [base64(text)]))
    for (const name of names) expect(tensors[base64(`text/${name}`)]![0]!.elements).toEqual([base64(name)])
    expect(tensors[base64('weights')]!.map(({ shape, elements }) => [shape, elements])).toEqual([
      [[buckets.length, 3], buckets.flatMap(({ from, to, count }) => [from, to, count].map(float64Bits))],
      [[0, 3], []],
    ])
    expect(tensors[base64('matrix')]![0]).toMatchObject({ type: 'float64', shape: [3, 6], elements: floats.map(float64Bits) })
    expect(tensors[base64('integers')]![0]).toMatchObject({ type: 'int64', elements: [2 ** 62, -1].map(float64Bits) })
    expect(plugins[base64('weights')]).toBe('histograms')
    // The version, then what was added.
    expect(raw.map((file) => file.length)).toEqual([1 + texts.length + names.length + 4])
  })

  test('give images whose pixels are those that were encoded', async () => {
    await using folder = await temporaryFolder()
    const bytes = Uint8Array.from({ length: 24 }, (_, index) => index * 10)
    const images = [
      encodePng(bytes, [4, 6]),
      encodePng(bytes, [4, 6, 1]),
      encodePng(bytes, [2, 6, 2]),
      encodePng(bytes, [2, 4, 3]),
      encodePng(bytes, [3, 2, 4]),
      encodePng(Float32Array.of(0, 0.5, 1, -3, 7, Number.NaN), [1, 2, 3]),
    ]
    await write(folder.path, [...images.map((png, step) => at(step, pngImage('picture', png))), at(9, pngImage('pair', images[0]!, images[1]!))])
    const { tensors, plugins } = readWithPython(folder.path)
    const files = tensors[base64('picture')]!.map(({ elements }) => elements.map((element) => Buffer.from(element, 'base64')))
    expect(files.map(([width, height]) => `${String(width)} × ${String(height)}`)).toEqual(['6 × 4', '6 × 4', '6 × 2', '4 × 2', '2 × 3', '2 × 1'])
    expect(plugins[base64('picture')]).toBe('images')
    expect(tensors[base64('pair')]![0]!.elements).toHaveLength(4)
    expect(decodeWithPillow(files.map(([, , png]) => png!))).toEqual([
      { mode: 'L', size: [6, 4], pixels: [...bytes] },
      { mode: 'L', size: [6, 4], pixels: [...bytes] },
      { mode: 'LA', size: [6, 2], pixels: [...bytes] },
      { mode: 'RGB', size: [4, 2], pixels: [...bytes] },
      { mode: 'RGBA', size: [2, 3], pixels: [...bytes] },
      { mode: 'RGB', size: [2, 1], pixels: [0, 128, 255, 0, 255, 0] },
    ])
  })

  test('give sessions and experiments of HParams with all that they hold', async () => {
    await using folder = await temporaryFolder()
    await write(folder.path, [
      at(0, {
        kind: 'experiment',
        name: 'search',
        description: 'all of it',
        user: 'me',
        createdAt: 1_700_000_000_500,
        hparams: [
          { name: 'rate', type: 'number', displayName: 'Rate', description: 'of learning', domain: { min: 0.001, max: 0.1 } },
          { name: 'units', type: 'number', domain: { values: [16, 32] } },
          { name: 'kind', type: 'string', domain: { values: ['adam', 'sgd'] } },
          { name: 'flag', type: 'boolean', differs: false },
        ],
        metrics: [{ tag: 'loss', group: 'validation', displayName: 'Loss', description: 'mean', dataset: 'validation' }, { tag: 'accuracy' }],
      }),
      at(0, { kind: 'session-start', hparams: { rate: 0.1, kind: 'adam', flag: true }, group: 'g', monitorUrl: 'http://x', startedAt: 1_700_000_000_000 }),
      at(0, { kind: 'session-end', status: 'failure', endedAt: 1_700_000_001_000 }),
    ])
    expect(hparamsWithPython(folder.path)).toEqual({
      '_hparams_/experiment': {
        experiment: {
          name: 'search',
          description: 'all of it',
          user: 'me',
          time_created_secs: 1_700_000_000.5,
          hparam_infos: [
            { name: 'rate', display_name: 'Rate', description: 'of learning', type: 'DATA_TYPE_FLOAT64', domain_interval: { min_value: 0.001, max_value: 0.1 }, differs: true },
            { name: 'units', type: 'DATA_TYPE_FLOAT64', domain_discrete: [16, 32], differs: true },
            { name: 'kind', type: 'DATA_TYPE_STRING', domain_discrete: ['adam', 'sgd'], differs: true },
            { name: 'flag', type: 'DATA_TYPE_BOOL' },
          ],
          metric_infos: [
            { name: { group: 'validation', tag: 'loss' }, display_name: 'Loss', description: 'mean', dataset_type: 'DATASET_VALIDATION' },
            { name: { tag: 'accuracy' } },
          ],
        },
      },
      '_hparams_/session_start_info': {
        session_start_info: { hparams: { rate: 0.1, kind: 'adam', flag: true }, group_name: 'g', monitor_url: 'http://x', start_time_secs: 1_700_000_000 },
      },
      '_hparams_/session_end_info': { session_end_info: { status: 'STATUS_FAILURE', end_time_secs: 1_700_000_001 } },
    })
  })

  test('forget what a restart repeats, both of them, also after files of writers that tell no start', async () => {
    await using folder = await temporaryFolder()
    const curve = (from: number, to: number, value: number): readonly SummaryEvent[] => Array.from({ length: to - from }, (_, index) => at(from + index, { kind: 'scalar', tag: 'loss', value }))
    writeWithPython(folder.path, 'for step in range(6): add(step, tag="loss", simple_value=1)')
    await write(folder.path, curve(4, 8, 2), 4)
    await write(folder.path, curve(6, 9, 3), 6)
    // No step is repeated: nothing is forgotten.
    await write(folder.path, curve(9, 11, 4))
    const expected = [1, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4]
    const { scalars, web } = readWithPython(folder.path)
    expect(scalars[base64('loss')]!.map(({ bits }) => bits)).toEqual(expected.map(float32Bits))
    expect(web[base64('loss')]!.map(({ elements }) => elements[0])).toEqual(expected.map(float64Bits))
    expect((await loadRun(folder.path)).scalars.get('loss')).toMatchObject({ steps: expected.map((_, step) => step), values: expected })
  })

  test('read a run of many files as one, and so do we', async () => {
    await using folder = await temporaryFolder()
    await using writer = await openEventWriter({ folder: folder.path, maxBytes: 2_000 })
    for (let step = 0; step < 500; step++) writer.add(at(step, { kind: 'scalar', tag: 'loss', value: step }))
    await writer.close()
    expect((await eventFiles(folder.path)).length).toBeGreaterThan(5)
    await appendFile((await eventFiles(folder.path))[1]!, Uint8Array.of(20, 0, 0))
    const expected = Array.from({ length: 500 }, (_, step) => step)
    expect(readWithPython(folder.path).scalars[base64('loss')]!.map(({ step }) => Number(step))).toEqual(expected)
    expect((await loadRun(folder.path)).scalars.get('loss')).toMatchObject({ steps: expected, values: expected })
  })
})

describe.skipIf(missingPython !== undefined)("TensorBoard's writer in Python, which PyTorch uses", () => {
  test('writes scalars of every form, which read the same to the last bit', async () => {
    await using folder = await temporaryFolder()
    const literal = (value: number): string => `float("${Object.is(value, -0) ? '-0' : value}")`
    writeWithPython(folder.path, `
for step, value in enumerate([${floats.map(literal).join(', ')}]):
    add(step, tag='simple', simple_value=np.float32(value))
    add(step, tag='float', plugin='scalars', tensor=tensor_util.make_tensor_proto(np.float32(value)))
    add(step, tag='double', plugin='scalars' if step == 0 else '', tensor=tensor_util.make_tensor_proto(value, dtype=np.float64))
    add(step, tag='listed', plugin='scalars', tensor=tensor_pb2.TensorProto(dtype=types_pb2.DT_DOUBLE, double_val=[value]))
for step in [${steps.join(', ')}]:
    add(step, tag='steps', simple_value=1)
add(7, tag='integer', plugin='scalars', tensor=tensor_util.make_tensor_proto(2**53 - 1, dtype=np.int64))
add(7, tag='large', plugin='scalars', tensor=tensor_util.make_tensor_proto(2**53 + 1, dtype=np.int64))
add(7, tag='bytes', plugin='scalars', tensor=tensor_util.make_tensor_proto(np.array([2**53 + 1, 1])))
add(2**60, tag='late', simple_value=1)
`)
    const { scalars, points } = await loadRun(folder.path)
    for (const tag of ['simple', 'float']) expect(scalars.get(tag)!.values.map(float64Bits)).toEqual(floats.map((value) => float64Bits(Math.fround(value))))
    for (const tag of ['double', 'listed']) expect(scalars.get(tag)!.values.map(float64Bits)).toEqual(floats.map(float64Bits))
    expect(scalars.get('steps')!.steps).toEqual(steps)
    expect(scalars.get('integer')!.values).toEqual([2 ** 53 - 1])
    // What a number cannot hold is handed on as it is.
    expect(points.get('large')).toMatchObject([{ value: { kind: 'other', plugin: 'scalars' } }])
    expect(points.get('bytes')).toMatchObject([{ value: { kind: 'tensor', tensor: { type: 'int64', data: BigInt64Array.of(2n ** 53n + 1n, 1n) } } }])
    expect(scalars.has('late')).toBe(false)
    const events = await collect(readRun(folder.path))
    expect(events.at(-1)).toMatchObject({ kind: 'other', step: 2 ** 60 })
  })

  test('writes texts, histograms and images, old and new, and what we do not know', async () => {
    await using folder = await temporaryFolder()
    writeWithPython(folder.path, `
add(1, tag='note', plugin='text', tensor=tensor_util.make_tensor_proto('Grüße'.encode()))
add(1, tag='list', plugin='text', tensor=tensor_util.make_tensor_proto(np.array([b'a', b'b'], dtype=object)))
add(1, tag='new', plugin='histograms', tensor=tensor_util.make_tensor_proto(np.array([[0, 1, 2], [1, 3, 4]], dtype=np.float32)))
add(1, tag='old', histo=summary_pb2.HistogramProto(min=-0.5, max=2.5, num=3, bucket_limit=[-1.0, 0.0, 1.0, 1.7976931348623157e308], bucket=[0, 1, 0, 2]))
add(1, tag='empty', histo=summary_pb2.HistogramProto(bucket_limit=[1.0], bucket=[0]))
add(1, tag='odd', histo=summary_pb2.HistogramProto(bucket_limit=[1.0], bucket=[1, 2]))
add(1, tag='picture', image=summary_pb2.Summary.Image(height=2, width=3, colorspace=3, encoded_image_string=b'bytes'))
add(1, tag='sound', audio=summary_pb2.Summary.Audio(sample_rate=8000))
add(1, tag='half', plugin='mine', tensor=tensor_util.make_tensor_proto(np.array([1], dtype=np.float16)))
add(1, tag='repeated', plugin='mine', tensor=tensor_pb2.TensorProto(dtype=types_pb2.DT_INT32, int_val=[1, 2], tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=4)])))
add(1, tag='huge', plugin='mine', tensor=tensor_pb2.TensorProto(dtype=types_pb2.DT_INT32, int_val=[1], tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=2**40)])))
add(1, tag='flags', plugin='mine', tensor=tensor_util.make_tensor_proto(np.array([True, False])))
writer.add_event(event_pb2.Event(wall_time=1, step=2, graph_def=b'graph'))
`)
    const { points } = await loadRun(folder.path)
    const value = (tag: string): unknown => points.get(tag)![0]!.value
    expect(value('note')).toEqual({ kind: 'text', tag: 'note', markdown: 'Grüße' })
    expect(value('list')).toMatchObject({ kind: 'tensor', plugin: 'text', shape: [2], tensor: { type: 'string', data: [Uint8Array.of(97), Uint8Array.of(98)] } })
    expect(value('new')).toEqual({ kind: 'histogram', tag: 'new', buckets: [{ from: 0, to: 1, count: 2 }, { from: 1, to: 3, count: 4 }] })
    expect(value('old')).toEqual({ kind: 'histogram', tag: 'old', buckets: [{ from: -0.5, to: 0, count: 1 }, { from: 0, to: 1, count: 0 }, { from: 1, to: 2.5, count: 2 }] })
    expect(value('empty')).toEqual({ kind: 'histogram', tag: 'empty', buckets: [] })
    expect(value('picture')).toEqual({ kind: 'image', tag: 'picture', width: 3, height: 2, images: [new Uint8Array(Buffer.from('bytes'))] })
    expect(value('repeated')).toMatchObject({ kind: 'tensor', shape: [4], tensor: { type: 'int32', data: Int32Array.of(1, 2, 2, 2) } })
    expect(value('flags')).toMatchObject({ kind: 'tensor', tensor: { type: 'boolean', data: Uint8Array.of(1, 0) } })
    for (const tag of ['odd', 'sound', 'half', 'huge']) expect(value(tag)).toMatchObject({ kind: 'other', tag, bytes: expect.any(Uint8Array) })
    expect(value('half')).toMatchObject({ plugin: 'mine' })
    const events = await collect(readRun(folder.path))
    expect(events.at(-1)).toMatchObject({ kind: 'other', step: 2, time: 1000 })
  })
})
