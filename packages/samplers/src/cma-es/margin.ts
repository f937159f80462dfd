import { normalCdf, normalQuantile } from '@attune/core'
import { type Axis, cellAt } from '../model/axis.ts'
import type { NormalSearch } from './normal-search.ts'

/** A coordinate of the normal distribution that stands for cells. */
export interface OrderedCoordinate {
  /** Position in the normal distribution. */
  readonly at: number
  readonly axis: Axis
}

/**
 * Keeps the neighbours of the present cell in reach when the distribution gets narrow: mean and scale of a discrete coordinate are moved
 * so that each side has a probability of at least α / 2 (CMA-ES with margin: Hamano, Saito, Nomura & Shirakawa 2022, arXiv:2205.13482; α = 1 / (n λ)).
 */
export function keepMargin(search: NormalSearch, coordinates: readonly OrderedCoordinate[]): void {
  const { n, mean, scale, deviation, covariance, strategy } = search
  const margin = 1 / (n * strategy.population)
  for (const { at, axis } of coordinates) {
    const middle = mean[at] as number
    const [below, above] = limitsAround(axis, middle)
    const spread = deviation * Math.sqrt(covariance[at * n + at] as number)
    const size = spread * (scale[at] as number)
    const low = normalCdf((below - middle) / size)
    const high = normalCdf((middle - above) / size)
    if (below === above) {
      // The first cell or the last: one side only.
      if (Math.min(low, high) < margin) mean[at] = above + Math.sign(middle - above) * size * -normalQuantile(margin)
    } else if (low < margin / 2 || high < margin / 2) {
      const inside = 1 - low - high
      const kept = Math.max(low, margin / 2)
      const keptHigh = Math.max(high, margin / 2)
      const excess = (1 - kept - keptHigh - inside) / (kept + keptHigh + inside - 1.5 * margin)
      const left = -normalQuantile(clip(kept + excess * (kept - margin / 2)))
      const right = -normalQuantile(clip(keptHigh + excess * (keptHigh - margin / 2)))
      scale[at] = (above - below) / ((left + right) * spread)
      mean[at] = (below * right + above * left) / (left + right)
    }
  }
}

function clip(probability: number): number {
  return Math.min(0.5 - 1e-10, Math.max(1e-10, probability))
}

/** The bounds of the cell at a coordinate; of the first and last cell the inner bound, twice. */
function limitsAround(axis: Axis, unit: number): readonly [below: number, above: number] {
  const { dimension, edges } = axis
  const { cells } = dimension
  const within = Math.min(1, Math.max(0, unit))
  const cell = edges.length > 0 || !dimension.log ? cellAt(axis, within) : dimension.cellOf(dimension.decode(within))
  const edge = (index: number): number => {
    if (edges.length > 0) return edges[index] as number
    // Many cells on a log scale: halfway between neighbours is near enough.
    return dimension.log ? (dimension.encode(dimension.valueAt(index - 1)) + dimension.encode(dimension.valueAt(index))) / 2 : index / cells
  }
  return [edge(Math.min(cells - 1, Math.max(1, cell))), edge(Math.min(cells - 1, cell + 1))]
}
