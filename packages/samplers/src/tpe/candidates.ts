import type { RandomStream } from '@attune/core'
import type { Mixture } from './mixture.ts'

/** How many draws may be refused for each candidate that is wanted, before fewer must do. */
const mostRefusals = 10

/** Draws points that are allowed into `units`, row by row, and answers how many. With nothing allowed in reach there are none. */
export function drawCandidates(mixture: Mixture, count: number, width: number, isAllowed: (offset: number) => boolean, random: RandomStream, units: Float64Array): number {
  let length = 0
  for (let refusals = 0; length < count && refusals < mostRefusals * count; ) {
    mixture.sample(random, units, length * width)
    if (isAllowed(length * width)) length++
    else refusals++
  }
  return length
}

/** The row with the highest ratio of good to bad density; −1 if there are none. */
export function mostPromising(good: Mixture, bad: Mixture, units: Float64Array, length: number, width: number, bounds: Float64Array): number {
  for (let row = 0; row < length; row++) bounds[row] = good.logDensity(units, row * width) - bad.leastLogDensity(units, row * width)
  let best = -1
  let highest = -Infinity
  // The density of the bad ones is what costs time, and its least value is known: from the highest bound on, until none can win.
  for (let left = length; left > 0; left--) {
    let row = 0
    for (let other = 1; other < length; other++) if ((bounds[other] as number) > (bounds[row] as number)) row = other
    const bound = bounds[row] as number
    if (best >= 0 && !(bound > highest)) break
    bounds[row] = -Infinity
    const promise = bound + bad.leastLogDensity(units, row * width)
    const score = promise - bad.logDensity(units, row * width, promise - highest)
    if (best >= 0 && !(score > highest)) continue
    best = row
    highest = score
  }
  return best
}
