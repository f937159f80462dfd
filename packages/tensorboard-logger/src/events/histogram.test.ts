import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeEvent } from './event-codec.ts'
import { histogramBuckets } from './histogram.ts'

test('buckets of samples are those of numpy.histogram', () => {
  expect(histogramBuckets([-1, 0, 0, 0.5, 1, 1, 1, 2], 4)).toEqual([
    { from: -1, to: -0.25, count: 1 },
    { from: -0.25, to: 0.5, count: 2 },
    { from: 0.5, to: 1.25, count: 4 },
    { from: 1.25, to: 2, count: 1 },
  ])
  expect(histogramBuckets(Float32Array.of(3, 3))).toEqual([{ from: 2.5, to: 3.5, count: 2 }])
  expect(histogramBuckets([Number.NaN, Infinity])).toEqual([])
})

test('each finite sample is in one bucket, between its edges, and the buckets are fit to be written', () => {
  const sample = fc.oneof(fc.double(), fc.double({ min: -10, max: 10 }), fc.constantFrom(Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, 0, -0))
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (samples, count) => {
      const buckets = histogramBuckets(samples, count)
      const finite = samples.filter(Number.isFinite)
      expect(buckets.reduce((sum, bucket) => sum + bucket.count, 0)).toBe(finite.length)
      for (const [index, { from, to, count: inside }] of buckets.entries()) {
        const isLast = index === buckets.length - 1
        expect(inside).toBe(finite.filter((value) => value >= from && (value < to || (isLast && value <= to))).length)
      }
      encodeEvent({ kind: 'summary', step: 0, time: 0, values: [{ kind: 'histogram', tag: 'x', buckets }] })
    }),
  )
})

test.each([0, -1, 1.5, Number.NaN, 10_001])('%s buckets are refused', (count) => {
  expect(() => histogramBuckets([1], count)).toThrow(expect.objectContaining({ code: 'TENSORBOARD_INVALID' }))
})
