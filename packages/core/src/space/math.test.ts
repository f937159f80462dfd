import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exp, log, normalCdf, normalQuantile } from './math.ts'
import { exponentials, logarithms, normalProbabilities, normalQuantiles } from './math/reference.test-support.ts'

/** Distance in units of the last place of `expected`. */
function ulps(actual: number, expected: number): number {
  if (actual === expected) return 0
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, Math.abs(expected))
  view.setBigUint64(0, view.getBigUint64(0) + 1n)
  return Math.abs(actual - expected) / (view.getFloat64(0) - Math.abs(expected))
}

const relative = (actual: number, expected: number): number => (actual === expected ? 0 : Math.abs((actual - expected) / expected))

describe('exp', () => {
  test.each(exponentials)('of %d', (x, expected) => expect(ulps(exp(x), expected)).toBeLessThanOrEqual(1))

  test('is within 2 units of the engine everywhere', () => {
    fc.assert(fc.property(fc.double({ min: -740, max: 709.7, noNaN: true }), (x) => ulps(exp(x), Math.exp(x)) <= 2), { numRuns: 2000 })
  })

  test('at its ends', () => {
    expect([exp(0), exp(710), exp(-746), exp(Infinity), exp(-Infinity), exp(NaN)]).toEqual([1, Infinity, 0, Infinity, 0, NaN])
  })

  test('never falls', () => {
    fc.assert(fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => exp(x) <= exp(x + Math.abs(x) * 2 ** -51)), { numRuns: 2000 })
  })
})

describe('log', () => {
  test.each(logarithms)('of %d', (x, expected) => expect(ulps(log(x), expected)).toBeLessThanOrEqual(1))

  test('is within 2 units of the engine everywhere', () => {
    fc.assert(fc.property(fc.double({ min: 5e-324, max: 1e308, noNaN: true }), (x) => ulps(log(x), Math.log(x)) <= 2), { numRuns: 2000 })
    fc.assert(fc.property(fc.double({ min: 0.4, max: 2.5, noNaN: true }), (x) => ulps(log(x), Math.log(x)) <= 2), { numRuns: 2000 })
  })

  test('at its ends', () => {
    expect([log(1), log(0), log(-1), log(Infinity), log(NaN)]).toEqual([0, -Infinity, NaN, Infinity, NaN])
  })

  test('undoes exp', () => {
    // One unit in the last place of each: 2 ** -52 of 1 from exp, which log turns into a difference, and 2 ** -52 of x from log.
    fc.assert(fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => Math.abs(log(exp(x)) - x) <= 2 ** -52 * (1 + Math.abs(x))), { numRuns: 2000 })
  })
})

describe('normalCdf', () => {
  test.each(normalProbabilities)('at %d', (x, expected) => expect(relative(normalCdf(x), expected)).toBeLessThan(2e-15))

  test('at its ends', () => expect([normalCdf(-Infinity), normalCdf(Infinity), normalCdf(NaN)]).toEqual([0, 1, NaN]))
})

describe('normalQuantile', () => {
  test.each(normalQuantiles)('at %d', (p, expected) => expect(relative(normalQuantile(p), expected)).toBeLessThan(2e-15))

  test('at its ends', () => expect([0, 1, -0.1, 1.1, NaN].map(normalQuantile)).toEqual([-Infinity, Infinity, NaN, NaN, NaN]))

  test('undoes normalCdf', () => {
    fc.assert(fc.property(fc.double({ min: -37, max: 1, noNaN: true }), (x) => Math.abs(normalQuantile(normalCdf(x)) - x) < 1e-14 * Math.max(1, Math.abs(x))), { numRuns: 2000 })
  })
})

test('the same bits in every engine: fixed by a checksum', () => {
  // Sum of the low words of 10,000 answers; only + - * / and a square root go into them.
  const view = new DataView(new ArrayBuffer(8))
  let checksum = 0
  for (let i = 0; i < 10_000; i++) {
    const u = (i + 0.5) / 10_000
    for (const value of [exp(u * 60 - 30), log(u), normalCdf(u * 16 - 8), normalQuantile(u)]) {
      view.setFloat64(0, value)
      checksum = (Math.imul(checksum, 31) + view.getUint32(4)) | 0
    }
  }
  expect(checksum).toMatchInlineSnapshot(`914598997`)
})
