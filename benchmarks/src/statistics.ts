/** Mean of some numbers; NaN of none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/**
 * Two-sided Wilcoxon signed-rank test of paired differences, exact by counting the sums of ranks (zeros are left
 * out, ties get mean ranks). Answers the probability of a rank sum at least as far from its mean.
 */
export function wilcoxonSignedRank(differences: readonly number[]): number {
  const kept = differences.filter((difference) => difference !== 0).sort((a, b) => Math.abs(a) - Math.abs(b))
  if (kept.length === 0) return 1
  // Ranks are doubled, so that mean ranks of ties stay whole.
  const ranks = kept.map((difference) => {
    const first = kept.findIndex((other) => Math.abs(other) === Math.abs(difference))
    const last = kept.findLastIndex((other) => Math.abs(other) === Math.abs(difference))
    return first + last + 2
  })
  const total = ranks.reduce((sum, rank) => sum + rank, 0)
  let probabilities = new Float64Array(total + 1)
  probabilities[0] = 1
  for (const rank of ranks) {
    const next = new Float64Array(total + 1)
    for (let sum = 0; sum <= total; sum++) next[sum] = 0.5 * (probabilities[sum] as number) + (sum >= rank ? 0.5 * (probabilities[sum - rank] as number) : 0)
    probabilities = next
  }
  const observed = ranks.reduce((sum, rank, index) => sum + ((kept[index] as number) > 0 ? rank : 0), 0)
  const distance = Math.abs(observed - total / 2)
  let probability = 0
  for (let sum = 0; sum <= total; sum++) if (Math.abs(sum - total / 2) >= distance - 1e-9) probability += probabilities[sum] as number
  return Math.min(1, probability)
}

/** 95 % percentile-bootstrap interval of the mean; `uniform` answers numbers in [0, 1). */
export function bootstrapInterval(values: readonly number[], uniform: () => number, draws = 10_000): readonly [low: number, high: number] {
  const means = Float64Array.from({ length: draws }, () => {
    let sum = 0
    for (let i = 0; i < values.length; i++) sum += values[Math.floor(uniform() * values.length)] as number
    return sum / values.length
  }).sort()
  return [means[Math.floor(0.025 * draws)] as number, means[Math.ceil(0.975 * draws) - 1] as number]
}

/** Middle value of the sorted numbers at a part of their length (0.5 is the median). */
export function percentile(values: ArrayLike<number>, part: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
}

/** Holm's step-down correction of several probabilities. */
export function holm(probabilities: readonly number[]): readonly number[] {
  const order = probabilities.map((_, index) => index).sort((a, b) => (probabilities[a] as number) - (probabilities[b] as number))
  const corrected = probabilities.map(() => 1)
  let highest = 0
  for (const [rank, index] of order.entries()) {
    highest = Math.max(highest, Math.min(1, (probabilities[index] as number) * (probabilities.length - rank)))
    corrected[index] = highest
  }
  return corrected
}

/** Ranks from 1, the least first; equal numbers share the mean of theirs. */
export function ranks(values: readonly number[]): readonly number[] {
  return values.map((value) => 0.5 + values.filter((other) => other < value).length + 0.5 * values.filter((other) => other === value).length)
}
