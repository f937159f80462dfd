import type { Binning } from './metric.ts'

/** Rows of like confidence. Of equal width: from < confidence ≤ to (0 is in the first); of equal mass: from ≤ confidence < to (1 is in the last). */
export interface ReliabilityBin {
  readonly from: number
  readonly to: number
  readonly rows: number
  /** Mean confidence of its rows; null if it has none. */
  readonly confidence: number | null
  /** Share of its rows that are right; null if it has none. */
  readonly accuracy: number | null
}

/** Takes in, row by row, how sure the model was and whether it was right. */
export interface ConfidenceBins {
  add(confidence: number, isRight: boolean): void
  result(): readonly ReliabilityBin[]
}

/** `rows` is how many will come: bins of equal mass keep them all (nine bytes a row), bins of equal width none. */
export function confidenceBins(bins: number, binning: Binning, rows: number): ConfidenceBins {
  return binning === 'width' ? equalWidth(bins) : equalMass(bins, rows)
}

class Sums {
  readonly #rows: Float64Array
  readonly #confidence: Float64Array
  readonly #right: Float64Array

  constructor(bins: number) {
    this.#rows = new Float64Array(bins)
    this.#confidence = new Float64Array(bins)
    this.#right = new Float64Array(bins)
  }

  add(bin: number, confidence: number, isRight: boolean): void {
    this.#rows[bin]!++
    this.#confidence[bin]! += confidence
    if (isRight) this.#right[bin]!++
  }

  /** `edges` has the lower end of each bin but the first. */
  result(edges: ArrayLike<number>): readonly ReliabilityBin[] {
    return Array.from(this.#rows, (rows, bin) => ({
      from: bin === 0 ? 0 : edges[bin - 1]!,
      to: bin < edges.length ? edges[bin]! : 1,
      rows,
      confidence: rows === 0 ? null : this.#confidence[bin]! / rows,
      accuracy: rows === 0 ? null : this.#right[bin]! / rows,
    }))
  }
}

function equalWidth(bins: number): ConfidenceBins {
  const sums = new Sums(bins)
  return {
    add(confidence, isRight) {
      let bin = Math.min(Math.max(Math.ceil(confidence * bins) - 1, 0), bins - 1)
      // The product is rounded: the edges decide.
      if (bin > 0 && confidence <= bin / bins) bin--
      else if (bin < bins - 1 && confidence > (bin + 1) / bins) bin++
      sums.add(bin, confidence, isRight)
    },
    result: () => sums.result(Array.from({ length: bins - 1 }, (_, index) => (index + 1) / bins)),
  }
}

/** Confidences that are nearer to each other are one to bins of equal mass: what differs is the order in which a softmax was summed up. */
const nearest = 2 ** -40

/** Edges at every (rows / bins)th of the sorted confidences. Equal confidences share a bin, so that the order of rows does not matter. */
function equalMass(bins: number, rows: number): ConfidenceBins {
  const confidences = new Float64Array(rows)
  const right = new Uint8Array(rows)
  let count = 0
  return {
    add(confidence, isRight) {
      confidences[count] = confidence
      right[count++] = isRight ? 1 : 0
    },
    result() {
      const places = confidences.subarray(0, count).map((confidence) => Math.round(confidence / nearest) * nearest)
      const sorted = places.toSorted()
      const edges = Float64Array.from({ length: bins - 1 }, (_, index) => sorted[Math.floor(((index + 1) * count) / bins)]!)
      const sums = new Sums(bins)
      for (const [row, place] of places.entries()) sums.add(edgesUpTo(edges, place), confidences[row]!, right[row] === 1)
      return sums.result(edges)
    },
  }
}

/** How many of the ascending edges are at or below a value. */
function edgesUpTo(edges: Float64Array, value: number): number {
  let low = 0
  let high = edges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (edges[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low
}

/** Share of all rows, and |accuracy − confidence|, of each bin that has rows. */
function gaps(bins: readonly ReliabilityBin[]): readonly { readonly share: number; readonly gap: number }[] {
  const all = bins.reduce((sum, { rows }) => sum + rows, 0)
  return bins.flatMap(({ rows, accuracy, confidence }) => (rows === 0 ? [] : [{ share: rows / all, gap: Math.abs(accuracy! - confidence!) }]))
}

/** ECE = Σ share · |accuracy − confidence| over bins (Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017). */
export function expectedCalibrationError(bins: readonly ReliabilityBin[]): number {
  return gaps(bins).reduce((sum, { share, gap }) => sum + share * gap, 0)
}

/** MCE = max |accuracy − confidence| over bins with rows. */
export function maximumCalibrationError(bins: readonly ReliabilityBin[]): number {
  return gaps(bins).reduce((most, { gap }) => Math.max(most, gap), 0)
}

/** MSCE = Σ share · (accuracy − confidence)² over bins, the square of the ℓ₂ calibration error (Kumar, Liang and Ma 2019). */
export function meanSquaredCalibrationError(bins: readonly ReliabilityBin[]): number {
  return gaps(bins).reduce((sum, { share, gap }) => sum + share * gap * gap, 0)
}
