import { expect, test } from 'vitest'
import { quantile } from './quantile.ts'

test('quantiles are those of numpy.quantile 2.4.6', () => {
  expect(quantile([1, 2, 4, 8, 16, 32, 64], 0.95)).toBeCloseTo(54.39999999999998, 12)
  expect(quantile([1, 2, 4, 8, 16, 32, 64], 0.5)).toBe(8)
  expect(quantile([1, 2], 0.5)).toBe(1.5)
  expect(quantile([3], 0.95)).toBe(3)
})
