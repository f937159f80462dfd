import { expect, it } from 'vitest'
import { worstWithoutOutliers } from './outliers.ts'

it('leaves out losses that are out of all proportion, and no others', () => {
  expect(worstWithoutOutliers([3, 1, 2, 5, 1e30])).toBe(5)
  expect(worstWithoutOutliers([3, 1, 2, 5, 200])).toBe(200)
  expect(worstWithoutOutliers([-1e308, 1e308, 0])).toBe(1e308)
  // More than half at a bound of the objective.
  expect(worstWithoutOutliers([0, 0, 0, 0.2, 1])).toBe(1)
  expect(worstWithoutOutliers([0, 0, 0, 0, 1e9])).toBe(1e9)
  expect(worstWithoutOutliers([])).toBe(-Infinity)
})
