import { exp, log } from '@attune/core'

/** How much wider than its observations a mixture is. Bandwidths are in units of the coordinate, which runs from 0 to 1. */
export interface Smoothing {
  /** No bandwidth is below this. */
  readonly minimum: number
  /** Nor below so many cells of an axis that has cells. */
  readonly minimumCells: number
  /** Nor below `floor · (n + 2) ^ −floorPower`, with n kernels: few observations say little. */
  readonly floor: number
  readonly floorPower: number
  /** Nor below `spread` times Scott's rule, deviation · n ^ (−1 / (dimensions + 4)). */
  readonly spread: number
  /** Pseudo-observations of each category, shared among the kernels. */
  readonly categories: number
}

/** Settings chosen on benchmarks; docs/decisions/tpe-experiments.md tells how. */
export const goodSmoothing: Smoothing = { minimum: 0.03, minimumCells: 0.5, floor: 0.85, floorPower: 0.85, spread: 0.7, categories: 2.5 }
export const badSmoothing: Smoothing = { minimum: 0.06, minimumCells: 0, floor: 0, floorPower: 1, spread: 0.85, categories: 1 }

/**
 * Bandwidth along an axis.
 * @param active number of observations that have it
 * @param squares sum of the squared distances of these to their mean
 * @param cells of the axis, Infinity if there are none
 * @param dimensions of the whole space
 */
export function bandwidth(active: number, squares: number, cells: number, dimensions: number, { minimum, minimumCells, floor, floorPower, spread }: Smoothing): number {
  const scott = active > 1 ? Math.sqrt(Math.max(0, squares) / (active - 1)) * power(active, -1 / (dimensions + 4)) : 0
  return Math.min(1, Math.max(minimum, minimumCells / cells, floor === 0 ? 0 : floor * power(active + 2, -floorPower), spread * scott))
}

/** The same in every JavaScript engine, which `**` is not. */
function power(base: number, exponent: number): number {
  return exp(exponent * log(base))
}
