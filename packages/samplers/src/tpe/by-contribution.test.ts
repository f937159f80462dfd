import { ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { hypervolume } from '../hypervolume/hypervolume.ts'
import { byContribution } from './by-contribution.ts'

const random = new ThreefryRandom(3).stream(0, 'losses')
const lossesOf = (count: number, objectives: number): Float64Array[] => Array.from({ length: count }, (_, i) => Float64Array.from({ length: objectives }, (_, j) => (j === 0 ? 1000 : 1) * (i % 7 === 0 ? 0.5 : random.uniform())))

describe('byContribution', () => {
  it.each([2, 3, 4])('is the greedy choice by hypervolume, for %i objectives', (objectives) => {
    const losses = lossesOf(30, objectives)
    const front = [...losses.keys()].filter((i) => i % 3 > 0)
    const range = Array.from({ length: objectives }, (_, j) => front.map((i) => losses[i]?.[j] as number).sort((a, b) => a - b)).map((sorted) => [sorted[0] as number, sorted.at(-1) as number] as const)
    const scaled = losses.map((one) => range.map(([low, high], j) => ((one[j] as number) - low) / (high - low)))
    const volume = (of: readonly number[]): number => hypervolume(of.map((i) => scaled[i] as number[]), range.map(() => 1.1))
    const chosen = byContribution(losses, front, 9)
    expect(new Set(chosen).size).toBe(9)
    for (let count = 1; count <= 9; count++) {
      const before = chosen.slice(0, count - 1)
      const best = Math.max(...front.filter((i) => !before.includes(i)).map((i) => volume([...before, i])))
      expect(volume(chosen.slice(0, count))).toBeCloseTo(best, 9)
    }
  })

  it('takes what is far from the others where there are too many objectives for volumes', () => {
    const losses = [...lossesOf(12, 8).map((one) => one.map((loss) => 0.01 * loss)), new Float64Array(8).fill(50)]
    expect(byContribution(losses, [...losses.keys()], 3)).toContain(12)
  })

  it('can tell infinite losses, and losses that are all the same', () => {
    const losses = [[0, Infinity], [-Infinity, 3], [2, 2], [3, -Infinity]].map((one) => Float64Array.from(one))
    expect(byContribution(losses, [0, 1, 2, 3], 4).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3])
    expect(byContribution([Float64Array.of(1, 1), Float64Array.of(1, 1)], [0, 1], 2)).toEqual([0, 1])
  })
})
