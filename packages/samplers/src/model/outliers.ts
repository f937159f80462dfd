/** So many times as far above the better six tenths of the losses as these reach above the best. Fronts of sizes and times do span a tenth of that. */
const outlying = 100
/** Not the median: of an objective with a bound half the losses may lie there, and what is worse is no outlier. */
const usual = 0.6

/**
 * The worst of some finite losses but for outliers. Those say that something went wrong (a training that diverged), not by how much; they are
 * on a front where another objective is good, and measured in their unit all others would be equal.
 */
export function worstWithoutOutliers(losses: readonly number[]): number {
  const sorted = Float64Array.from(losses).sort()
  const least = sorted[0] ?? -Infinity
  const reached = sorted[Math.floor(usual * sorted.length)] ?? -Infinity
  const limit = reached > least ? reached + outlying * (reached - least) : Infinity
  return sorted.findLast((loss) => loss <= limit) ?? -Infinity
}
