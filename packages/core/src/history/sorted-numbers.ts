const none: readonly number[] = Object.freeze([])

/** A set of trial numbers that is read in ascending order. */
export class SortedNumbers {
  readonly #members: number[] = []
  #sorted: readonly number[] | undefined = none

  add(number: number): void {
    const place = this.#placeOf(number)
    if (this.#members[place] === number) return
    if (place === this.#members.length) this.#members.push(number)
    else this.#members.splice(place, 0, number)
    this.#sorted = undefined
  }

  delete(number: number): void {
    const place = this.#placeOf(number)
    if (this.#members[place] !== number) return
    if (place === this.#members.length - 1) this.#members.pop()
    else this.#members.splice(place, 1)
    this.#sorted = undefined
  }

  /** The same array until something changes. */
  sorted(): readonly number[] {
    this.#sorted ??= this.#members.length === 0 ? none : Object.freeze(this.#members.slice())
    return this.#sorted
  }

  /** How many are lower. */
  #placeOf(number: number): number {
    let low = 0
    let high = this.#members.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#members[middle] as number) < number) low = middle + 1
      else high = middle
    }
    return low
  }
}
