/**
 * Losses of trials by rank, lower first. Trials are taken in once each; a trial without a loss (NaN) is left out.
 */
export interface SortedLosses {
  readonly values: readonly number[]
  /** Takes in the trials behind those taken in before. */
  update(trials: readonly number[]): void
}

export function sortedLosses(lossOf: (trial: number) => number): SortedLosses {
  const values: number[] = []
  let taken = 0
  return {
    values,
    update(trials) {
      for (; taken < trials.length; taken++) {
        const loss = lossOf(trials[taken] as number)
        if (!Number.isNaN(loss)) values.splice(countBelow(values, loss), 0, loss)
      }
    },
  }
}

/** How many of the ascending values are lower than `bound`. */
export function countBelow(values: readonly number[], bound: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((values[middle] as number) < bound) low = middle + 1
    else high = middle
  }
  return low
}
