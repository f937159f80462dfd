import { log, type RandomStream } from '@attune/core'
import type { Observations } from './observations.ts'
import { worstWithoutOutliers } from './outliers.ts'

/** Weight of the sum beside the largest part. */
const augmentation = 0.05

/**
 * Many objectives as one loss with weights that are drawn anew for each trial, over those that differ: the augmented Chebyshev function of losses between the best and the worst of each, outliers being as bad as that
 * (J. Knowles, ParEGO, IEEE Transactions on Evolutionary Computation 10, 2006).
 */
export function scalarised(observations: Observations, random: RandomStream): (row: number) => number {
  const { feasibleCount, order, length } = observations
  const rows = feasibleCount > 0 ? Array.from(order.subarray(0, feasibleCount)) : Array.from({ length }, (_, row) => row)
  const parts = Array.from(observations.losses(rows[0] as number), (_, objective) => {
    const finite = rows.map((row) => observations.losses(row)[objective] as number).filter((loss) => Number.isFinite(loss))
    const least = finite.reduce((low, loss) => Math.min(low, loss), Infinity)
    const most = worstWithoutOutliers(finite)
    // Halves: the range of finite losses need not be finite.
    return { objective, weight: -log(1 - random.uniform()), least, most, range: most / 2 - least / 2 }
  }).filter(({ range }) => range > 0)
  const sum = parts.reduce((total, { weight }) => total + weight, 0)
  return (row) => {
    const losses = observations.losses(row)
    const weighed = parts.map(({ objective, weight, least, most, range }) => (weight / sum) * ((Math.min(most, Math.max(least, losses[objective] as number)) / 2 - least / 2) / range))
    return Math.max(0, ...weighed) + augmentation * weighed.reduce((total, one) => total + one, 0)
  }
}
