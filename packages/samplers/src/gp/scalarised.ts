import { log, type RandomStream } from '@attune/core'
import type { Observations } from '../model/observations.ts'

/** Weight of the sum beside the largest part. */
const augmentation = 0.05

/**
 * Many objectives as one loss with weights that are drawn anew for each trial: the augmented Chebyshev function of losses between the best and the worst of each
 * (J. Knowles, ParEGO, IEEE Transactions on Evolutionary Computation 10, 2006).
 */
export function scalarised(observations: Observations, random: RandomStream): (row: number) => number {
  const { feasibleCount, order, length } = observations
  const rows = feasibleCount > 0 ? Array.from(order.subarray(0, feasibleCount)) : Array.from({ length }, (_, row) => row)
  const parts = Array.from(observations.losses(rows[0] as number), (_, objective) => {
    const finite = rows.map((row) => observations.losses(row)[objective] as number).filter((loss) => Number.isFinite(loss))
    const least = Math.min(...finite)
    return { objective, weight: -log(1 - random.uniform()), least, range: Math.max(...finite) - least || 1 }
  })
  const sum = parts.reduce((total, { weight }) => total + weight, 0)
  return (row) => {
    const losses = observations.losses(row)
    const weighed = parts.map(({ objective, weight, least, range }) => ((weight / sum) * ((losses[objective] as number) - least)) / range)
    return Math.max(...weighed) + augmentation * weighed.reduce((total, one) => total + one, 0)
  }
}
