/** Runs pieces of work one after the other, in the order they were handed in. */
export class WorkQueue {
  #tail: Promise<unknown> = Promise.resolve()

  run<T>(work: () => T | PromiseLike<T>): Promise<T> {
    const result = this.#tail.then(work)
    // Whoever handed the work in gets its error; the next piece runs all the same.
    this.#tail = result.then(
      () => undefined,
      () => undefined,
    )
    return result
  }
}
