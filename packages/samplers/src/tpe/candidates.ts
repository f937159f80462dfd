import type { RandomStream, SearchSpace } from '@attune/core'
import type { Mixture } from './mixture.ts'
import { keyOfCells } from '../model/observations.ts'

/** How many draws may be refused for each candidate that is wanted, before fewer must do. */
const mostRefusals = 10

/** Points drawn from a mixture, `length` of them, row by row in `units`. */
export interface Candidates {
  readonly length: number
  readonly units: Float64Array
}

/**
 * Draws points that keep the constraints of the space. Points made of cells only are refused when they were seen
 * before, so that a finite space is not measured twice; with nothing new in reach there are no candidates.
 */
export function drawCandidates(mixture: Mixture, count: number, space: SearchSpace, seen: (key: string) => boolean, random: RandomStream): Candidates {
  const width = space.dimensions.length
  const units = new Float64Array(count * width)
  let length = 0
  for (let refusals = 0; length < count && refusals < mostRefusals * count; ) {
    mixture.sample(random, units, length * width)
    const key = keyOfCells(space, units, length * width)
    const refused = (key !== undefined && seen(key)) || (space.constraints.length > 0 && !(space.violation(space.decode(units.subarray(length * width))) <= 0))
    if (refused) refusals++
    else length++
  }
  return { length, units }
}
