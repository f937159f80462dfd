// Whatever bytes lie in a file: what is read is a prefix of what was written, and then the end or an error that says where.
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isAttuneError } from '@attune/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readPrefix, temporaryFolder } from '../files.test-support.ts'
import { decodeEvent, encodeEvent } from './event-codec.ts'
import { openEventWriter } from './event-writer.ts'
import type { SummaryEvent, SummaryValue } from './event.ts'
import { histogramBuckets } from './histogram.ts'
import { encodePng, pngImage } from './image.ts'
import { encodeRecord } from './records.test-support.ts'

/** Damage with this code, or none. */
function expectDamageOrEnd(error: Error | undefined): void {
  if (error !== undefined) expect(isAttuneError(error, 'TENSORBOARD_DAMAGED')).toBe(true)
}

const everyKind: readonly SummaryValue[] = [
  { kind: 'scalar', tag: 'loss', value: 0.1 },
  { kind: 'scalar', tag: 'exact', value: 0.1, exact: true },
  { kind: 'text', tag: 'note', markdown: 'Grüße' },
  { kind: 'histogram', tag: 'weights', buckets: histogramBuckets([1, 2, 2, 3], 3) },
  pngImage('picture', encodePng(Uint8Array.of(1, 2, 3, 4), [2, 2])),
  { kind: 'tensor', tag: 'matrix', plugin: 'mine', shape: [2, 1], tensor: { type: 'float32', data: Float32Array.of(1, 2) } },
  { kind: 'tensor', tag: 'names', plugin: 'mine', shape: [2], tensor: { type: 'string', data: [Uint8Array.of(97), new Uint8Array()] } },
  { kind: 'session-start', hparams: { rate: 0.1, kind: 'adam', flag: true }, startedAt: 0 },
  { kind: 'session-end', status: 'running', endedAt: 0 },
  {
    kind: 'experiment',
    name: 'all',
    description: 'd',
    user: 'u',
    createdAt: 1000,
    hparams: [
      { name: 'rate', type: 'number', differs: true, domain: { min: 0, max: 1 } },
      { name: 'kind', type: 'string', differs: false, displayName: 'Kind', description: 'what', domain: { values: ['a', 'b'] } },
      { name: 'flag', type: 'boolean', differs: true },
    ],
    metrics: [{ tag: 'loss', group: 'validation', displayName: 'Loss', description: 'm', dataset: 'validation' }, { tag: 'other' }],
  },
]
const events: readonly SummaryEvent[] = [...everyKind.map((value, step): SummaryEvent => ({ kind: 'summary', step, time: 0, values: [value] })), { kind: 'summary', step: 99, time: 1, values: everyKind, mark: 5 }]

/** A file with every kind of value, and what it reads as. */
async function sample(folder: string): Promise<{ readonly path: string; readonly bytes: Buffer; readonly read: readonly unknown[] }> {
  const writer = await openEventWriter({ folder, now: () => 1_000 })
  for (const event of events) writer.add(event)
  await writer.close()
  return { path: writer.path, bytes: await readFile(writer.path), read: (await readPrefix(writer.path)).events }
}

test('every kind of value reads back as it was written', () => {
  for (const value of everyKind) {
    const written: SummaryEvent = { kind: 'summary', step: 1, time: 0, values: [value] }
    const expected = value.kind === 'scalar' && !value.exact ? { ...value, value: Math.fround(value.value) } : value
    expect(decodeEvent(encodeEvent(written))).toMatchObject({ ...written, values: [expected] })
  }
})

test('P8: any flipped bit anywhere in a file is noticed, and what precedes it is read', async () => {
  await using folder = await temporaryFolder()
  const { bytes, read } = await sample(folder.path)
  const path = join(folder.path, 'tfevents-damaged')
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
      const damaged = Buffer.from(bytes)
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      await writeFile(path, damaged)
      const { events: prefix, error } = await readPrefix(path)
      expect(isAttuneError(error, 'TENSORBOARD_DAMAGED')).toBe(true)
      expect(prefix).toEqual(read.slice(0, prefix.length))
    }),
    { numRuns: 300 },
  )
})

test('P8: a file with every kind of value that is cut anywhere reads as its whole records, and the cut is told', async () => {
  await using folder = await temporaryFolder()
  const { bytes, read } = await sample(folder.path)
  const path = join(folder.path, 'tfevents-damaged')
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), async (length) => {
      await writeFile(path, bytes.subarray(0, length))
      const { events: prefix, error } = await readPrefix(path)
      if (error !== undefined) expect(error).toMatchObject({ code: 'TENSORBOARD_DAMAGED', details: { torn: true } })
      expect(prefix).toEqual(read.slice(0, prefix.length))
      expect(prefix.length).toBeLessThan(read.length)
    }),
    { numRuns: 300 },
  )
})

test('P8: several bytes that were overwritten, inserted or removed are noticed, and what precedes them is read', async () => {
  await using folder = await temporaryFolder()
  const { bytes, read } = await sample(folder.path)
  const path = join(folder.path, 'tfevents-damaged')
  const change = fc.record({ at: fc.nat(bytes.length - 1), removed: fc.nat(40), inserted: fc.uint8Array({ maxLength: 40 }) })
  await fc.assert(
    fc.asyncProperty(change, async ({ at, removed, inserted }) => {
      const damaged = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)])
      fc.pre(!damaged.equals(bytes))
      await writeFile(path, damaged)
      const { events: prefix, error } = await readPrefix(path)
      expectDamageOrEnd(error)
      // Cutting out whole records leaves valid ones behind: what is read was written, in that order.
      let position = 0
      for (const event of prefix) {
        while (position < read.length && !same(read[position], event)) position++
        expect(position++).toBeLessThan(read.length)
      }
    }),
    { numRuns: 300 },
  )
})

test('any bytes are an end or damage, never a crash', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'tfevents')
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      await writeFile(path, bytes)
      const { events: read, error } = await readPrefix(path)
      expectDamageOrEnd(error)
      expect(bytes.length === 0 || error !== undefined).toBe(true)
      expect(read).toEqual([])
    }),
    { numRuns: 200 },
  )
})

test('any payload with right checksums is an event or damage, never a crash', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'tfevents')
  const payloads = events.map((event) => encodeEvent(event))
  /** Valid events with some bytes replaced, so that their inner messages are wrong in every way. */
  const mutated = fc.tuple(fc.constantFrom(...payloads), fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 })).map(([payload, changes]) => {
    const bytes = Uint8Array.from(payload)
    for (const [position, byte] of changes) bytes[position % bytes.length] = byte
    return bytes
  })
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), async (payload) => {
      await writeFile(path, encodeRecord(payload))
      await appendFile(path, encodeRecord(encodeEvent(events[0]!)))
      const { events: read, error } = await readPrefix(path)
      expectDamageOrEnd(error)
      if (error === undefined) expect(read).toHaveLength(2)
    }),
    { numRuns: 1_000 },
  )
})

function same(a: unknown, b: unknown): boolean {
  try {
    expect(a).toEqual(b)
    return true
  } catch {
    return false
  }
}
