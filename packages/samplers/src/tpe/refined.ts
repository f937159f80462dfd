import type { RandomStream } from '@attune/core'
import { type Axis, isActive, logPriorOf } from '../model/axis.ts'
import type { Mixture } from './mixture.ts'

/** Candidates, and which of them is the most promising. */
export interface Pool {
  readonly axes: readonly Axis[]
  readonly good: Mixture
  readonly bad: Mixture
  /** Row by row. */
  readonly units: Float64Array
  readonly length: number
}

/**
 * Improves the candidate at row `best` in place, and answers its score: log good density − log bad density. Its coordinates in turn are exchanged for those
 * of random other candidates, and what raises the score stays. So the best of very many points is found that are made of what a few candidates have,
 * and in many dimensions that matters: there no candidate is good in all.
 * @param passes over the coordinates
 * @param isAllowed whether the row at an offset may become the trial
 */
export function refine({ axes, good, bad, units, length }: Pool, best: number, passes: number, isAllowed: (offset: number) => boolean, random: RandomStream): number {
  const width = axes.length
  const offset = best * width
  const parents = new Set(axes.flatMap(({ dimension }) => dimension.conditions.map(({ parent }) => parent)))
  let score = good.hold(units, offset) - bad.hold(units, offset)
  let least = bad.leastLogDensity(units, offset)
  for (let pass = 0; pass < passes; pass++) {
    for (let index = 0; index < width; index++) {
      const from = units[offset + index] as number
      const to = units[Math.floor(random.uniform() * length) * width + index] as number
      if (Number.isNaN(from) || Number.isNaN(to) || from === to) continue
      const axis = axes[index] as Axis
      const leastThen = least + logPriorOf(axis, to) - logPriorOf(axis, from)
      const gain = good.tryMove(index, from, to)
      if (!(gain - leastThen > score)) continue // whatever the density of the bad ones is
      const then = gain - bad.tryMove(index, from, to, gain - score)
      if (!(then > score)) continue
      units[offset + index] = to
      if ((parents.has(index) && !isWhole(axes, units, offset)) || !isAllowed(offset)) {
        units[offset + index] = from
        continue
      }
      good.move()
      bad.move()
      score = then
      least = leastThen
    }
  }
  return score
}

/** Whether the same parameters are active as there are coordinates. */
function isWhole(axes: readonly Axis[], units: Float64Array, offset: number): boolean {
  return axes.every((_, index) => Number.isNaN(units[offset + index]) !== isActive(axes, index, units, offset))
}
