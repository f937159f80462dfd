import { describe, expect, it } from 'vitest'
import { bootstrapInterval, holm, percentile, ranks, wilcoxonSignedRank } from './statistics.ts'

describe('wilcoxonSignedRank', () => {
  // Reference: SciPy 1.17.1, scipy.stats.wilcoxon(x, method='exact').
  it('is exact', () => {
    expect(wilcoxonSignedRank([1, 2, 3, 4, 5])).toBeCloseTo(0.0625, 12)
    expect(wilcoxonSignedRank([1.1, -2.2, 3.3, 4.4, -5.5, 6.6, 7.7, 8.8])).toBeCloseTo(0.1484375, 12)
  })

  it('leaves zeros out and shares the ranks of ties', () => {
    expect(wilcoxonSignedRank([0, 0])).toBe(1)
    expect(wilcoxonSignedRank([1, 1, -1])).toBeCloseTo(1, 12)
    expect(wilcoxonSignedRank([0, 1, 2, 3, 4, 5])).toBeCloseTo(0.0625, 12)
  })
})

it('bootstrapInterval holds the mean', () => {
  let state = 1
  const [low, high] = bootstrapInterval([1, 2, 3, 4, 5, 6, 7], () => (state = (state * 48271) % 2147483647) / 2147483647)
  expect(low).toBeLessThan(4)
  expect(high).toBeGreaterThan(4)
  expect(high - low).toBeLessThan(4)
})

it('percentile sorts', () => {
  expect([0, 0.5, 0.95].map((part) => percentile([3, 1, 2, 5, 4], part))).toEqual([1, 3, 5])
})

it('holm corrects step by step', () => {
  // Reference: statsmodels 0.14, multipletests([0.01, 0.04, 0.03, 0.005], method='holm').
  expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02])
})

it('ranks share ties', () => {
  expect(ranks([0.3, 0.1, 0.3, 0.2])).toEqual([3.5, 1, 3.5, 2])
})
