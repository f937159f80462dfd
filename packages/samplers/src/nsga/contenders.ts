import { dominates } from '../model/domination.ts'

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

  /** Rows that contend, by the number of their trial. */
  rows(): readonly number[] {
    return this.#kept.toSorted((a, b) => a.number - b.number).map(({ row }) => row)
  }

  add(row: number, number: number, losses: Float64Array): void {
    let dominators = 0
    let left = 0
    for (const other of this.#kept) {
      const order = this.#order(number, losses, other)
      if (order < 0) dominators++
      if (order > 0) other.dominators++
      if (other.dominators < this.#count) this.#kept[left++] = other
    }
    this.#kept.length = left
    if (dominators < this.#count) this.#kept.push({ row, number, losses, dominators })
  }

  /** Below 0 if the other one dominates, above 0 if this one does. */
  #order(number: number, losses: Float64Array, other: { readonly number: number; readonly losses: Float64Array }): number {
    if (dominates(other.losses, losses)) return -1
    if (dominates(losses, other.losses)) return 1
    return losses.every((loss, i) => loss === other.losses[i]) ? other.number - number : 0
  }
}
