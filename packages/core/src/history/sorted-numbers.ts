const none: readonly number[] = Object.freeze([])

/** A set of trial numbers that is read in ascending order more often than it changes. */
export class SortedNumbers {
  readonly #members = new Set<number>()
  #sorted: readonly number[] | undefined = none

  add(number: number): void {
    if (this.#members.has(number)) return
    this.#members.add(number)
    this.#sorted = undefined
  }

  delete(number: number): void {
    if (this.#members.delete(number)) this.#sorted = undefined
  }

  /** The same array until something changes. */
  sorted(): readonly number[] {
    this.#sorted ??= this.#members.size === 0 ? none : Object.freeze([...this.#members].sort((a, b) => a - b))
    return this.#sorted
  }
}
