import { compareDomination } from '../model/domination.ts'

/**
 * The rows that fewer than `most` others dominate. However they are told they are the same, and the first `most` by rank of non-domination are always
 * among them: whatever dominates a row has a lower rank.
 */
export class NearFront {
  readonly #most: number
  #rows: number[] = []
  #losses: Float64Array[] = []
  #dominators: number[] = []

  constructor(most: number) {
    this.#most = most
  }

  get rows(): readonly number[] {
    return this.#rows
  }

  /** Those that nothing dominates. */
  get front(): readonly number[] {
    return this.#rows.filter((_, i) => this.#dominators[i] === 0)
  }

  add(row: number, losses: Float64Array): void {
    let dominators = 0
    let full = false
    for (let i = 0; i < this.#rows.length; i++) {
      const order = compareDomination(this.#losses[i] as Float64Array, losses)
      if (order < 0) dominators++
      else if (order > 0) full = (this.#dominators[i] = (this.#dominators[i] as number) + 1) >= this.#most || full
    }
    if (dominators < this.#most) {
      this.#rows.push(row)
      this.#losses.push(losses)
      this.#dominators.push(dominators)
    }
    if (full) this.#drop()
  }

  #drop(): void {
    const kept = this.#dominators.map((count) => count < this.#most)
    this.#rows = this.#rows.filter((_, i) => kept[i])
    this.#losses = this.#losses.filter((_, i) => kept[i])
    this.#dominators = this.#dominators.filter((_, i) => kept[i])
  }
}
