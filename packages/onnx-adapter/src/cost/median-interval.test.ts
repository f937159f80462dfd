import { expect, it } from 'vitest'
import { medianInterval } from './median-interval.ts'

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => count - index)

it.each([
  [1, 1, 1, 1],
  [2, 1.5, 1, 2],
  [5, 3, 1, 5],
  [7, 4, 1, 7],
  [8, 4.5, 2, 7],
  [10, 5.5, 2, 9],
  [15, 8, 4, 12],
])('of %i numbers is between order statistics', (count, median, low, high) => {
  expect(medianInterval(upTo(count))).toEqual({ median, low, high })
})

it('covers the median with at least 0.9, and would not one number further in, counted over all ways to lie', () => {
  for (let count = 5; count <= 15; count++) {
    const { low, high } = medianInterval(upTo(count))
    // Each of 2^count ways: which of the numbers are below what they estimate. It is covered from `low` to `high` if at least `low` and less than `high` are.
    const coverage = (from: number, to: number): number => {
      let covered = 0
      for (let way = 0; way < 2 ** count; way++) {
        let below = 0
        for (let bit = way; bit > 0; bit >>>= 1) below += bit & 1
        if (below >= from && below < to) covered++
      }
      return covered / 2 ** count
    }
    expect(coverage(low, high)).toBeGreaterThanOrEqual(0.9)
    expect(coverage(low + 1, high - 1)).toBeLessThan(0.9)
  }
})
