import type { RandomStream, SearchSpace } from '@attune/core'
import type { Mixture } from './mixture.ts'
import { canRepeat, keyOfCells } from '../model/observations.ts'

/** How many draws may be refused for each candidate that is wanted, before fewer must do. */
const mostRefusals = 10

/**
 * Draws points that keep the constraints of the space into `units`, row by row, and answers how many. Points made of cells only are
 * refused when they were seen before, so that a finite space is not measured twice; with nothing new in reach there are no candidates.
 */
export function drawCandidates(mixture: Mixture, count: number, space: SearchSpace, seen: (key: string) => boolean, random: RandomStream, units: Float64Array): number {
  const width = space.dimensions.length
  const keyed = canRepeat(space)
  let length = 0
  for (let refusals = 0; length < count && refusals < mostRefusals * count; ) {
    mixture.sample(random, units, length * width)
    const key = keyed ? keyOfCells(space, units, length * width) : undefined
    const refused = (key !== undefined && seen(key)) || (space.constraints.length > 0 && !(space.violation(space.decode(units.subarray(length * width))) <= 0))
    if (refused) refusals++
    else length++
  }
  return length
}
