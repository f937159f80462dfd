/** The middle of some numbers, and an interval for what it estimates. */
export interface MedianInterval {
  readonly median: number
  readonly low: number
  readonly high: number
}

/**
 * The median with an interval between two order statistics, which needs no assumption about how the numbers are distributed
 * (Conover, Practical Nonparametric Statistics, 3rd ed., 3.2): from the k-th smallest to the k-th largest, with the largest k whose coverage
 * 1 − 2·P(Binomial(n, ½) < k) is at least 0.9. Five numbers give the smallest and the largest, with 0.9375; fewer give them with less.
 */
export function medianInterval(values: readonly number[]): MedianInterval {
  const sorted = values.toSorted((a, b) => a - b)
  const count = sorted.length
  const half = Math.floor(count / 2)
  const median = count % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
  let inner = 0
  let below = 0.5 ** count
  let term = below
  // `below` is P(Binomial < inner + 2).
  while (inner + 1 < count / 2) {
    term *= (count - inner) / (inner + 1)
    below += term
    if (1 - 2 * below < 0.9) break
    inner++
  }
  return { median, low: sorted[inner]!, high: sorted[count - 1 - inner]! }
}
