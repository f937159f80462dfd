import { halfLogarithm, halfRank, type TransformedLosses } from '../model/half-rank.ts'

/** The first trials tell the size of a loss: they were spread over the space, later ones were chosen. */
const firstTrials = 10
/** Losses are of a size if none is so many times as far above the median of the first trials as their best is below it. */
const absurd = 20

/**
 * Losses as the model has them. Where there are cells only, or some loss is absurd or infinite (a training that diverged), those worse than the median count by
 * rank, else by a logarithm that keeps what is smooth.
 * @param losses by trial number
 */
export function targetsOf(losses: Float64Array, discrete: boolean): TransformedLosses {
  return discrete || !areOfASize(losses) ? halfRank(losses) : halfLogarithm(losses)
}

function areOfASize(losses: Float64Array): boolean {
  const first = losses.slice(0, firstTrials).sort()
  const median = first[first.length >> 1] as number
  const worst = losses.reduce((most, loss) => Math.max(most, loss), -Infinity)
  return worst - median <= absurd * (median - (first[0] as number)) && losses.every(Number.isFinite)
}
