import { ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { CategorySearch } from './category-search.ts'
import { strategyOf } from './strategy.ts'

const uniform = (...cells: readonly number[]): readonly Float64Array[] => cells.map((count) => new Float64Array(count).fill(1 / count))
const parentWeights = strategyOf(2, 6).weights.subarray(0, 3)

describe('CategorySearch', () => {
  it('updates as the Python package cmaes does', () => {
    // cmaes 0.13.1: CatCMA(mean=zeros(2), sigma=1, cat_num=[3, 2], population_size=6); parent k of generation g has the categories (2g + k²) mod 3 and (g + k) mod 2.
    // There the first two steps have the same length; here each step has the length that was learned before it.
    const search = new CategorySearch(uniform(3, 2))
    search.update(Int32Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? (i / 2) ** 2 % 3 : ((i - 1) / 2) % 2)), parentWeights)
    const expected = [0.5976749031875952, 0.32952528407828136, 0.07279981273412345]
    expected.forEach((one, category) => expect(search.probability(0, category)).toBeCloseTo(one, 10))
    expect(search.probability(1, 0)).toBeCloseTo(0.7411104860278199, 10)
  })

  it('finds the best categories, and never gives up another', () => {
    const search = new CategorySearch(uniform(5, 5, 5, 2))
    const random = new ThreefryRandom(1).stream(0, 'categories')
    const population = 10
    const { weights, parents } = strategyOf(4, population)
    for (let g = 0; g < 60; g++) {
      const points = Array.from({ length: population }, () => [0, 1, 2, 3].map((i) => search.draw(i, random.uniform())))
      // Best: 4, 1, 0, 1.
      const loss = (point: readonly number[]): number => point.reduce((sum, category, i) => sum + Number(category !== [4, 1, 0, 1][i]), 0)
      points.sort((a, b) => loss(a) - loss(b))
      search.update(Int32Array.from(points.slice(0, parents).flat()), weights.subarray(0, parents))
    }
    const least = (1 - 0.73 ** (1 / 4)) / 4
    for (const [i, best] of [4, 1, 0, 1].entries()) {
      const cells = i === 3 ? 2 : 5
      const probabilities = Array.from({ length: cells }, (_, category) => search.probability(i, category))
      expect(probabilities[best]).toBeGreaterThan(0.7)
      expect(Math.min(...probabilities)).toBeGreaterThan(i === 3 ? 4 * least - 1e-9 : least - 1e-9)
      expect(probabilities.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 10)
    }
  })

  it('learns nothing of a parameter that was inactive', () => {
    const search = new CategorySearch(uniform(3, 3))
    for (let g = 0; g < 10; g++) search.update(Int32Array.of(0, -1, 0, -1, 1, -1), parentWeights)
    expect([0, 1, 2].map((category) => search.probability(1, category).toFixed(12))).toEqual(['0.333333333333', '0.333333333333', '0.333333333333'])
    expect(search.probability(0, 0)).toBeGreaterThan(0.5)
    search.update(Int32Array.of(-1, -1, -1, -1, -1, -1), parentWeights)
    expect(search.probability(0, 0)).toBeGreaterThan(0.5)
  })
})
