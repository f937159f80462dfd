import type { RandomStream } from '@attune/core'
import type { Observations } from '../model/observations.ts'

/** The points that evolve, as rows of observations: a fold over finished trials in the order of the history. */
export class Population {
  readonly #observations: Observations
  readonly #size: number
  readonly #rows: number[] = []
  /** Trials told for each member. */
  readonly #attempts: number[] = []
  /** Rows that were replaced lately: differences to them keep the variety. */
  readonly #archive: number[] = []
  #replaced = 0

  constructor(observations: Observations, size: number) {
    this.#observations = observations
    this.#size = size
  }

  get isComplete(): boolean {
    return this.#rows.length >= this.#size
  }

  /** Row of a member. */
  row(member: number): number {
    return this.#rows[member] as number
  }

  /** A trial that was not made to replace a member: it joins, or takes the place of the worst if it is better. */
  tellOther(row: number): void {
    if (!this.isComplete) {
      this.#rows.push(row)
      this.#attempts.push(0)
      return
    }
    let worst = 0
    for (let member = 1; member < this.#size; member++) if (this.#observations.compare(this.#rows[member] as number, this.#rows[worst] as number) > 0) worst = member
    if (this.#observations.compare(row, this.#rows[worst] as number) < 0) this.#rows[worst] = row
  }

  /** A trial that was made to replace a member: it does if it is not worse. Answers whether it is better. */
  tell(row: number, member: number): boolean {
    const present = this.#rows[member] as number
    this.#attempts[member] = (this.#attempts[member] as number) + 1
    const better = this.#observations.compare(row, present) < 0
    if (better) this.#archive[this.#replaced++ % this.#size] = present
    if (better || this.#observations.isTied(row, present)) this.#rows[member] = row
    return better
  }

  /** The member that was tried to be replaced least often, counting those that run or are paused; the first of equals. */
  target(open: readonly number[]): number {
    const attempts = this.#attempts.slice()
    for (const member of open) if (member < attempts.length) attempts[member] = (attempts[member] as number) + 1
    let least = 0
    for (let member = 1; member < attempts.length; member++) if ((attempts[member] as number) < (attempts[least] as number)) least = member
    return least
  }

  /** Row of one of the best members, `part` of them but at least two. */
  drawBest(part: number, random: RandomStream): number {
    const sorted = this.#rows.slice().sort((a, b) => this.#observations.compare(a, b))
    return sorted[random.integer(Math.max(2, Math.round(part * this.#size)))] as number
  }

  /** Row of a member other than one. */
  drawMember(other: number, random: RandomStream): number {
    const member = random.integer(this.#size - 1)
    return this.#rows[member < other ? member : member + 1] as number
  }

  /** Row of a member or of one that was replaced, other than two. */
  drawAny(other: number, another: number, random: RandomStream): number {
    for (;;) {
      const index = random.integer(this.#size + this.#archive.length)
      const row = (index < this.#size ? this.#rows[index] : this.#archive[index - this.#size]) as number
      if (row !== other && row !== another) return row
    }
  }
}
