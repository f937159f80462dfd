import { compareDomination, frontsOf } from '../model/domination.ts'
import type { RankedLosses } from './survivors.ts'

export interface Ranked extends RankedLosses {
  readonly rows: readonly number[]
}

/**
 * The points that may be among the best `count` by rank of non-domination: those that fewer than `count` others dominate. What leaves
 * them could never come back, so they are the same whatever order they were told in, and their number grows slowly.
 * Of points with equal losses, those told with a higher number count as dominated by the others.
 */
export class Contenders {
  readonly #count: number
  readonly #kept: { readonly row: number; readonly number: number; readonly losses: Float64Array; dominators: number }[] = []

  constructor(count: number) {
    this.#count = count
  }

  /**
   * Rows that contend for `count` places, by the number of their trial, and their places in this list by rank of non-domination, as `frontsOf` has it. What
   * nothing dominates is known already: where these are enough, nothing is compared, though there be thousands.
   */
  ranked(count: number): Ranked {
    const front = this.#kept.filter(({ dominators }) => dominators === 0)
    const enough = front.length >= count
    const kept = (enough ? front : [...this.#kept]).sort((a, b) => a.number - b.number)
    const losses = kept.map((one) => one.losses)
    return { rows: kept.map(({ row }) => row), losses, fronts: enough ? [kept.map((_, i) => i)] : frontsOf(losses, count) }
  }

  add(row: number, number: number, losses: Float64Array): void {
    let dominators = 0
    let left = 0
    for (const other of this.#kept) {
      const order = orderOf(other, number, losses)
      if (order < 0) dominators++
      else if (order > 0) other.dominators++
      if (other.dominators < this.#count) this.#kept[left++] = other
    }
    this.#kept.length = left
    if (dominators < this.#count) this.#kept.push({ row, number, losses, dominators })
  }
}

/** Below 0 if the other one dominates, above 0 if this one does; NaN if neither. */
function orderOf(other: { readonly number: number; readonly losses: Float64Array }, number: number, losses: Float64Array): number {
  const order = compareDomination(other.losses, losses)
  return order === 0 ? other.number - number : order
}
