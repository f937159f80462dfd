import { crowding, leastCrowded } from '../model/domination.ts'

/** Of several points the best, and which of two of them makes the better parent. */
export interface Survivors {
  /** Places in the losses that were given. */
  readonly places: readonly number[]
  /** Below 0 if the first (an index into `places`) is preferred as a parent, above 0 if the second is, 0 if neither. */
  prefer(first: number, second: number): number
}

/** Points by rank of non-domination. */
export interface RankedLosses {
  readonly losses: readonly Float64Array[]
  /** Places in `losses`, rank by rank; no more ranks than are needed for what is to be chosen. */
  readonly fronts: readonly (readonly number[])[]
}

/** A way to choose the best `count` points, lower losses being better. */
export type Selection = (ranked: RankedLosses, count: number) => Survivors

/**
 * NSGA-II (Deb et al. 2002): whole ranks of non-domination, of the last one those that are least crowded; as parents the lower rank, then the less crowded.
 */
export const byCrowding: Selection = ({ losses, fronts }, count) => {
  const places: number[] = []
  const ranks: number[] = []
  const distances: number[] = []
  for (const [rank, front] of fronts.entries()) {
    const kept = leastCrowded(losses, front, Math.min(front.length, count - places.length))
    places.push(...kept)
    distances.push(...crowding(losses, kept))
    for (let i = 0; i < kept.length; i++) ranks.push(rank)
  }
  return {
    places,
    prefer: (first, second) => (ranks[first] as number) - (ranks[second] as number) || Math.sign((distances[second] as number) - (distances[first] as number)) || 0,
  }
}
