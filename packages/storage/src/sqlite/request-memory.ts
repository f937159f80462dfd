import type { Statements } from './statements.ts'

/** A request is kept for so many changes after it, and for so many milliseconds, at least. */
const kept = { changes: 1000, milliseconds: 300_000 }
/** Changes of a study between two looks at what can be forgotten, at least. */
const between = 1024
/** Rows that one transaction deletes, at most: every transaction is short. */
const most = 20_000

/**
 * Forgets requests that nobody repeats any more. A look reads all rows of a study, so after one that leaves many there are as many
 * changes until the next: a write pays the same share whatever the number of rows. There is no index by age, as every write would pay for it.
 */
export class RequestMemory {
  readonly #statements: Statements
  /** Revision of the next look, by study. */
  readonly #next = new Map<number, number>()

  constructor(statements: Statements) {
    this.#statements = statements
  }

  /** Deletions of studies that are repeated no more. */
  forgetDeletions(now: number): void {
    this.#statements.forgetDeletions.run(now - kept.milliseconds)
  }

  /** To be called in the transaction that brings a study from one revision to another. */
  forgetRequests(study: number, before: number, revision: number, now: number): void {
    const next = this.#next.get(study) ?? Math.ceil((before + 1) / between) * between
    if (revision < next) {
      this.#next.set(study, next)
      return
    }
    const { changes } = this.#statements.forgetRequests.run(study, this.#lastBefore(study, revision - kept.changes, now - kept.milliseconds), most)
    const left = changes === most ? 0 : (this.#statements.countRequests.get(study)?.['requests'] as number)
    this.#next.set(study, revision + Math.max(between, left))
  }

  /** The last revision up to `highest` that is older than `time`: times grow with revisions. */
  #lastBefore(study: number, highest: number, time: number): number {
    let low = 0
    let high = Math.max(0, highest)
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#statements.timeOf.get(study, middle)?.['time'] as number) < time) low = middle
      else high = middle - 1
    }
    return low
  }
}
