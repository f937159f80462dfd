import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeEvent } from './event-codec.ts'
import type { SummaryEvent } from './event.ts'
import { RecordBuffer } from './record-buffer.ts'
import { encodeRecord } from './records.test-support.ts'

const integer = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -200, max: 200 }), fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), 2 ** 53 - 1, -(2 ** 53 - 1)))
const scalar = fc.record({ kind: fc.constant('scalar' as const), tag: fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }), value: fc.double() })
const event: fc.Arbitrary<SummaryEvent> = fc.record(
  { kind: fc.constant('summary' as const), step: integer, time: fc.double({ noNaN: true, noDefaultInfinity: true }), values: fc.array(scalar, { maxLength: 40 }), mark: integer },
  { requiredKeys: ['kind', 'step', 'time', 'values'] },
)

test('scalars encoded by hand are what the generated code makes of them, byte for byte', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      const buffer = new RecordBuffer()
      for (const each of events) buffer.add(each)
      expect(Buffer.from(buffer.take())).toEqual(Buffer.concat(events.map((each) => encodeRecord(encodeEvent(each)))))
      expect(buffer.length).toBe(0)
    }),
  )
})

test('a refused event leaves nothing behind, and what comes after the buffer was taken is whole', () => {
  const buffer = new RecordBuffer()
  const good: SummaryEvent = { kind: 'summary', step: 1, time: 0, values: [{ kind: 'scalar', tag: 'loss', value: 1 }] }
  const whole = Buffer.from(encodeRecord(encodeEvent(good)))
  buffer.add(good)
  expect(() => buffer.add({ ...good, values: [...good.values, { kind: 'scalar', tag: '', value: 1 }] })).toThrow(/tag must not be empty/)
  expect(() => buffer.add({ ...good, time: Number.NaN })).toThrow(/finite number of milliseconds/)
  expect(() => buffer.add({ ...good, mark: 0.5 })).toThrow(/mark of an event is an integer/)
  expect(Buffer.from(buffer.take())).toEqual(whole)
  buffer.add(good)
  expect(Buffer.from(buffer.take())).toEqual(whole)
})

test('more names than are remembered are written all the same', () => {
  const buffer = new RecordBuffer()
  const events = Array.from({ length: 10_050 }, (_, step): SummaryEvent => ({ kind: 'summary', step, time: 0, values: [{ kind: 'scalar', tag: `tag-${step}`, value: step }] }))
  for (const each of [...events, ...events.slice(0, 10)]) buffer.add(each)
  expect(Buffer.from(buffer.take()).equals(Buffer.concat([...events, ...events.slice(0, 10)].map((each) => encodeRecord(encodeEvent(each)))))).toBe(true)
})
