import { type Dimension, exp, log, normalCdf, normalQuantile } from '@attune/core'
import { type Axis, cellAt, snap } from '../model/axis.ts'
import type { NormalSearch } from './normal-search.ts'

/** A coordinate of the normal distribution that stands for cells. */
export interface OrderedCoordinate {
  /** Position in the normal distribution. */
  readonly at: number
  readonly axis: Axis
}

const almostHalf = 0.5 - 1e-8

/**
 * Keeps the neighbours of the present cell in reach when the distribution gets narrow, by moving the mean and the scale of coordinates with cells
 * (CMA-ES with margin: Hamano, Saito, Nomura & Shirakawa 2022, arXiv:2205.13482), with the integer centering and the mutation rates that grow only after
 * success of CatCMA with margin (Hamano et al. 2025, arXiv:2504.07884).
 */
export class Margin {
  readonly #coordinates: readonly OrderedCoordinate[]
  /** α, least probability of another cell than the present one. */
  readonly #least: number
  /** By coordinate, the probability of another cell that the last generation left. */
  readonly #rates: Float64Array
  /** By coordinate, whether one of the last parents was in another cell than the mean. */
  readonly #succeeded: Uint8Array

  /** @param discrete number of parameters with cells, categories among them */
  constructor(coordinates: readonly OrderedCoordinate[], discrete: number) {
    this.#coordinates = coordinates
    this.#least = discrete === 0 ? 0 : 1 - exp(log(0.73) / discrete) // In 27 % of the draws some parameter is in another cell.
    this.#rates = new Float64Array(coordinates.length).fill(almostHalf)
    this.#succeeded = new Uint8Array(coordinates.length)
  }

  /**
   * Moves the parents that left the cell of the mean to the middle of theirs, and the others such that their mean stays where it was: so the mean does not
   * creep back after it has found a better cell.
   * @param samples parents first, n coordinates each, NaN where inactive
   */
  centre({ n, mean, strategy: { parents } }: NormalSearch, samples: Float64Array): void {
    for (const [i, { at, axis }] of this.#coordinates.entries()) {
      const present = middleOfCell(axis, mean[at] as number)
      let bias = 0
      let up = 0
      let down = 0
      this.#succeeded[i] = 0
      for (let k = 0; k < parents; k++) {
        const unit = samples[k * n + at] as number
        if (Number.isNaN(unit)) continue
        const middle = middleOfCell(axis, unit)
        const move = middle - unit
        if (middle !== present) {
          this.#succeeded[i] = 1
          bias += move
        } else if (move > 0) up += move
        else down += move
      }
      const share = bias < 0 ? (up > 0 ? Math.min(1, -bias / up) : 0) : bias > 0 && down < 0 ? Math.min(1, -bias / down) : 0
      for (let k = 0; k < parents; k++) {
        const unit = samples[k * n + at] as number
        if (Number.isNaN(unit)) continue
        const middle = middleOfCell(axis, unit)
        if (middle !== present) samples[k * n + at] = middle
        else if (bias * (middle - unit) < 0) samples[k * n + at] = unit + share * (middle - unit)
      }
    }
  }

  /** Corrects mean and scale after an update. */
  keep(search: NormalSearch): void {
    const { n, mean, scale, deviation, covariance } = search
    const least = this.#least
    for (const [i, { at, axis }] of this.#coordinates.entries()) {
      const middle = mean[at] as number
      const [below, above] = limitsAround(axis, middle)
      const spread = deviation * Math.sqrt(covariance[at * n + at] as number)
      const size = spread * (scale[at] as number)
      const low = normalCdf((below - middle) / size)
      const high = normalCdf((middle - above) / size)
      const before = this.#rates[i] as number
      const succeeded = this.#succeeded[i] === 1
      if (below === above) {
        // The first cell or the last: one side only.
        const other = Math.min(low, high)
        const wanted = succeeded ? Math.max(other, least) : Math.min(Math.max(other, least), before)
        const rate = Math.min(almostHalf, Math.max(1e-8, wanted))
        // Wide enough that the mean may stay in the middle of its cell.
        const wide = Math.max(scale[at] as number, Math.abs(middleOfCell(axis, middle) - above) / (spread * -normalQuantile(least)))
        if (rate !== other || wide !== scale[at]) mean[at] = above + Math.sign(middle - above) * spread * wide * -normalQuantile(rate)
        scale[at] = wide
        this.#rates[i] = rate
        continue
      }
      let left = Math.max(low, least / 2)
      let right = Math.max(high, least / 2)
      const inside = 1 - low - high
      const kept = succeeded ? least / 2 : 1 - before
      const present = succeeded ? inside : Math.max(inside, kept)
      const room = left + right + present - least - kept
      const excess = room > 0 ? (1 - left - right - present) / room : 0
      left = Math.min(almostHalf, Math.max(1e-8, left + excess * (left - least / 2)))
      right = Math.min(almostHalf, Math.max(1e-8, right + excess * (right - least / 2)))
      this.#rates[i] = left + right
      if (left === low && right === high) continue
      const leftward = -normalQuantile(left)
      const rightward = -normalQuantile(right)
      scale[at] = (above - below) / ((leftward + rightward) * spread)
      mean[at] = (below * rightward + above * leftward) / (leftward + rightward)
    }
  }
}

/** Coordinate of the value that a coordinate stands for; beyond the bounds, of the first or the last. */
export function middleOfCell(axis: Axis, unit: number): number {
  return snap(axis, Math.min(1, Math.max(0, unit)))
}

/** The bounds of the cell at a coordinate; of the first and last cell the inner bound, twice. */
function limitsAround(axis: Axis, unit: number): readonly [below: number, above: number] {
  const { dimension, edges } = axis
  const { cells } = dimension
  const within = Math.min(1, Math.max(0, unit))
  const cell = edges.length > 0 || !dimension.log ? cellAt(axis, within) : dimension.cellOf(dimension.decode(within))
  const edge = (index: number): number => {
    if (edges.length > 0) return edges[index] as number
    return dimension.log ? edgeBefore(dimension, index) : index / cells
  }
  return [edge(Math.min(cells - 1, Math.max(1, cell))), edge(Math.min(cells - 1, cell + 1))]
}

/** Where a cell begins, of many on a log scale: searched for. */
function edgeBefore(dimension: Dimension, cell: number): number {
  const value = dimension.valueAt(cell)
  let below = dimension.encode(dimension.valueAt(cell - 1))
  let above = dimension.encode(value)
  while (above - below > 1e-12) {
    const middle = (below + above) / 2
    if (dimension.decode(middle) === value) above = middle
    else below = middle
  }
  return above
}
