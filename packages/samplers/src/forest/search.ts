import type { RandomStream } from '@attune/core'
import type { Points } from '../model/points.ts'
import type { Acquisition } from './acquisition.ts'
import { neighbours } from './neighbours.ts'

export interface Search {
  readonly points: Points
  readonly acquisition: Acquisition
  /** Observed points, from the best on, from which local searches start. */
  readonly observed: readonly Float64Array[]
  /** Points drawn from the prior; a local search starts at each of the best few. */
  readonly draws: number
  /** True for a point that may be the answer. */
  isGood(units: Float64Array, offset: number): boolean
  readonly random: RandomStream
}

/** Local searches that start at drawn points. */
const drawnStarts = 4
const mostRounds = 12
/** A smaller gain in the logarithm of what is expected is none. */
const leastGain = 1e-9
/** Room for the neighbours of a point: so many for each of its parameters, and some more. */
const roomForEach = 12
const moreRoom = 8

/** The best new point found, of the draws and along the local searches: from each start to the best neighbour, until none is better. */
export function* search({ points, acquisition, observed, draws, isGood, random }: Search): Generator<void, Float64Array | undefined, undefined> {
  const { width } = points
  const room = Math.max(draws, roomForEach * width + moreRoom)
  const units = new Float64Array(room * width).fill(NaN)
  const scores = new Float64Array(room)
  for (let i = 0; i < draws; i++) points.settle(units, i * width, random)
  acquisition.score(units, draws, scores)
  const starts: { point: Float64Array; score: number }[] = []
  for (const i of Int32Array.from({ length: draws }, (_, row) => row).sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)) {
    if (starts.length === drawnStarts) break
    if (isGood(units, i * width)) starts.push({ point: units.slice(i * width, (i + 1) * width), score: scores[i] as number })
  }
  // What was observed is no answer itself: any good neighbour is better.
  for (const point of observed) starts.push({ point, score: -Infinity })
  let best: Float64Array | undefined
  let highest = -Infinity
  for (const start of starts) {
    yield
    let { point, score } = start
    for (let round = 0, moved = true; moved && round < mostRounds; round++) {
      const count = neighbours(points, point, random, units)
      acquisition.score(units, count, scores)
      moved = false
      for (let i = 0; i < count; i++) {
        if (!((scores[i] as number) > score + leastGain) || !isGood(units, i * width)) continue
        score = scores[i] as number
        point = units.slice(i * width, (i + 1) * width)
        moved = true
      }
    }
    if (!(score > highest)) continue
    highest = score
    best = point
  }
  return best
}
