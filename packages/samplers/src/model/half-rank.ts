import { log, normalQuantile } from '@attune/core'

/** Losses on the scale on which they are modelled. */
export interface TransformedLosses {
  /** Of mean 0 and variance 1, in the order of the losses; lower is better. All 0 if all losses are the same. */
  readonly targets: Float64Array
  /** The loss that a target stands for: interpolated between the losses that were seen, beyond the best of them on a straight line. Infinite if none was finite. */
  lossOf(target: number): number
}

/** Of losses beyond the median differences up to some times this many deviations of the better half count nearly as they are. */
const nearly = 6

/** Beyond this, sums and differences of losses may be infinite: there they are made smaller first. */
const huge = 2 ** 1000
const smaller = 2 ** -40

/**
 * The half-rank transform (of Vizier: Song et al. 2024): losses up to the median stay, in their spread; of the worse ones only the ranks count,
 * so that it does not matter how bad the bad ones are: median + s Φ⁻¹((rank + ½) / n), where s is the root mean square distance
 * of the better half from the median. Then mean 0 and variance 1. Infinite losses are allowed: the worst of all, or as good as the best finite one.
 */
export function halfRank(losses: Float64Array): TransformedLosses {
  if (!losses.some((loss) => Number.isFinite(loss) && Math.abs(loss) > huge)) return transformed(losses, byRank)
  const { targets, lossOf } = transformed(losses.map((loss) => loss * smaller), byRank)
  return { targets, lossOf: (target) => Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, lossOf(target) / smaller)) }
}

/**
 * The same with logarithms in place of ranks: median + 6 s ln(1 + (loss − median) / (6 s)). What is smooth stays smooth, but one loss that is absurdly high
 * takes room from all others: for finite losses of a size only.
 */
export function halfLogarithm(losses: Float64Array): TransformedLosses {
  return transformed(losses, byLogarithm)
}

/** Deviations above the median: by the middle of the ranks of equal losses as a part of all, or by the distance from the median in deviations. */
type Worse = (quantile: number, distance: number) => number

const byRank: Worse = (quantile) => normalQuantile(quantile)
const byLogarithm: Worse = (_quantile, distance) => nearly * log(1 + distance / nearly)

function transformed(losses: Float64Array, worse: Worse): TransformedLosses {
  const count = losses.length
  const finite = losses.filter((loss) => Number.isFinite(loss)).sort()
  const least = finite[0] ?? 0
  const most = finite.at(-1) ?? 0
  const clipped = losses.map((loss) => (loss === -Infinity ? least : loss))
  const order = Int32Array.from(clipped, (_, i) => i).sort((a, b) => compare(clipped[a] as number, clipped[b] as number) || a - b)
  const at = (rank: number): number => clipped[order[rank] as number] as number
  const median = Math.min(most, (at((count - 1) >> 1) + at(count >> 1)) / 2)
  // In parts of the largest distance, whose square may be too large or too small a number.
  const unit = median - at(0)
  let squares = 0
  let better = 0
  for (const loss of clipped) {
    if (!(loss <= median)) continue
    squares += ((loss - median) / unit) ** 2
    better++
  }
  const spread = unit > 0 ? unit * Math.sqrt(squares / better) : 1
  const values = new Float64Array(count)
  for (let rank = 0; rank < count; ) {
    const loss = at(rank)
    let end = rank + 1
    while (end < count && at(end) === loss) end++
    const value = loss <= median ? loss : median + spread * worse((rank + end) / 2 / count, (loss - median) / spread)
    for (; rank < end; rank++) values[order[rank] as number] = value
  }
  let mean = 0
  for (const value of values) mean += value / count
  let variance = 0
  for (const value of values) variance += ((value - mean) / spread) ** 2 / count
  const scale = variance > 0 ? spread * Math.sqrt(variance) : 1
  return {
    targets: values.map((value) => (value - mean) / scale),
    lossOf(target) {
      if (finite.length === 0) return Infinity
      const value = mean + scale * target
      if (value <= median) return value
      let below = median
      let belowLoss = median
      for (let rank = 0; rank < count; rank++) {
        const above = values[order[rank] as number] as number
        const loss = at(rank)
        if (loss === Infinity) break
        if (above >= value) return above > below ? belowLoss + ((value - below) / (above - below)) * (loss - belowLoss) : loss
        if (above > below) {
          below = above
          belowLoss = loss
        }
      }
      return most
    },
  }
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
