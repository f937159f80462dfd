import { logImprovement, logImprovementSlope } from '../numeric/log-improvement.ts'
import type { Boxes } from './boxes.ts'

/**
 * The logarithm of the expected hypervolume improvement, for objectives that are predicted independently.
 *
 * The improvement of an outcome is the sum over boxes of the products of what it gains along each objective, so its expectation is
 * the sum of products of E[(upper − Y)₊] − E[(lower − Y)₊], each known exactly (M. Emmerich, K. Yang, A. Deutz, Infill
 * criteria for multiobjective Bayesian optimization, 2020): no samples are needed, and it is smooth. Everything is relative
 * to the largest term or in logarithms, so it stays finite and has a slope where the expectation itself would underflow, as in
 * S. Ament et al., Unexpected improvements to expected improvement (NeurIPS 2023).
 */
export class LogEhvi {
  readonly #boxes: Boxes
  /** By objective and level: log of the improvement in units of the deviation, and the slopes of that by mean and deviation. */
  readonly #logs: Float64Array
  readonly #byMean: Float64Array
  readonly #byDeviation: Float64Array
  readonly #scaled: Float64Array
  readonly #gains: Float64Array
  readonly #width: number
  #largest = 0

  constructor(boxes: Boxes) {
    this.#boxes = boxes
    this.#width = (boxes.levels[0] as Float64Array).length
    const cells = boxes.objectives * this.#width
    // Place 0 of each objective, the level −Infinity, has no improvement.
    this.#logs = new Float64Array(cells).fill(-Infinity)
    this.#byMean = new Float64Array(cells)
    this.#byDeviation = new Float64Array(cells)
    this.#scaled = new Float64Array(cells)
    this.#gains = new Float64Array(boxes.objectives)
  }

  /**
   * @param mean predicted loss of each objective
   * @param variance of each, above 0
   * @param byMean gets the derivative by each mean, if given
   * @param byVariance gets the derivative by each variance, if given with `byMean`
   * @returns the logarithm of the expected improvement
   */
  value(mean: ArrayLike<number>, variance: ArrayLike<number>, byMean?: Float64Array, byVariance?: Float64Array): number {
    const { objectives } = this.#boxes
    let offset = 0
    for (let i = 0; i < objectives; i++) {
      const deviation = Math.sqrt(variance[i] as number)
      this.#tabulate(i, mean[i] as number, deviation)
      offset += Math.log(deviation) + (this.#logs[(i + 1) * this.#width - 1] as number)
    }
    byMean?.fill(0)
    byVariance?.fill(0)
    let sum = this.#sumOfProducts(byMean, byVariance)
    if (!(sum > 1e-250)) {
      byMean?.fill(0)
      byVariance?.fill(0)
      sum = this.#sumOfLogs(byMean, byVariance)
      offset += this.#largest
    }
    if (sum > 0 && byMean !== undefined && byVariance !== undefined) {
      for (let i = 0; i < objectives; i++) {
        const deviation = Math.sqrt(variance[i] as number)
        byMean[i] = -(byMean[i] as number) / (sum * deviation)
        byVariance[i] = (byVariance[i] as number) / (2 * sum * deviation * deviation)
      }
    }
    return sum > 0 ? offset + Math.log(sum) : -Infinity
  }

  /** Improvements over each level: E[(level − Y)₊] is deviation · h(z), which falls with the mean by Φ(z) and rises with the deviation by φ(z) = h(z) − z Φ(z). */
  #tabulate(objective: number, mean: number, deviation: number): void {
    const levels = this.#boxes.levels[objective] as Float64Array
    const start = objective * this.#width
    const end = start + this.#width - 1
    for (let place = 1; place < this.#width; place++) {
      const z = ((levels[place] as number) - mean) / deviation
      const slope = logImprovementSlope(z)
      this.#logs[start + place] = logImprovement(z)
      this.#byMean[start + place] = slope
      this.#byDeviation[start + place] = 1 - z * slope
    }
    const highest = this.#logs[end] as number
    for (let at = start + 1; at <= end; at++) this.#scaled[at] = Math.exp((this.#logs[at] as number) - highest)
  }

  /** Sum over boxes of the products of gains relative to those over the reference, and its slopes by mean and deviation (times the deviation). */
  #sumOfProducts(byMean: Float64Array | undefined, byDeviation: Float64Array | undefined): number {
    const { count, objectives, lower, upper } = this.#boxes
    const width = this.#width
    const scaled = this.#scaled
    let sum = 0
    for (let box = 0; box < count; box++) {
      let product = 1
      for (let i = 0; i < objectives; i++) {
        const start = i * width
        const gain = (scaled[start + (upper[box * objectives + i] as number)] as number) - (scaled[start + (lower[box * objectives + i] as number)] as number)
        this.#gains[i] = gain
        product *= gain
      }
      sum += product
      if (byMean === undefined || byDeviation === undefined) continue
      for (let i = 0; i < objectives; i++) {
        let others = 1
        for (let j = 0; j < objectives; j++) if (j !== i) others *= this.#gains[j] as number
        if (others === 0) continue
        const high = i * width + (upper[box * objectives + i] as number)
        const low = i * width + (lower[box * objectives + i] as number)
        byMean[i] = (byMean[i] as number) + others * ((scaled[high] as number) * (this.#byMean[high] as number) - (scaled[low] as number) * (this.#byMean[low] as number))
        byDeviation[i] = (byDeviation[i] as number) + others * ((scaled[high] as number) * (this.#byDeviation[high] as number) - (scaled[low] as number) * (this.#byDeviation[low] as number))
      }
    }
    return sum
  }

  /** The same where products underflow: each box in logarithms, relative to the largest, whose logarithm is kept in `largest`. */
  #sumOfLogs(byMean: Float64Array | undefined, byDeviation: Float64Array | undefined): number {
    const { count, objectives, lower, upper } = this.#boxes
    this.#largest = -Infinity
    for (let box = 0; box < count; box++) this.#largest = Math.max(this.#largest, this.#logOfBox(box))
    if (this.#largest === -Infinity) return 0
    let sum = 0
    for (let box = 0; box < count; box++) {
      const weight = Math.exp(this.#logOfBox(box) - this.#largest)
      sum += weight
      if (byMean === undefined || byDeviation === undefined || weight === 0) continue
      for (let i = 0; i < objectives; i++) {
        const high = i * this.#width + (upper[box * objectives + i] as number)
        const low = i * this.#width + (lower[box * objectives + i] as number)
        const ratio = Math.exp((this.#logs[low] as number) - (this.#logs[high] as number))
        byMean[i] = (byMean[i] as number) + (weight * ((this.#byMean[high] as number) - ratio * (this.#byMean[low] as number))) / (1 - ratio)
        byDeviation[i] = (byDeviation[i] as number) + (weight * ((this.#byDeviation[high] as number) - ratio * (this.#byDeviation[low] as number))) / (1 - ratio)
      }
    }
    return sum
  }

  #logOfBox(box: number): number {
    const { objectives, lower, upper } = this.#boxes
    let sum = 0
    for (let i = 0; i < objectives; i++) {
      const start = i * this.#width
      const high = this.#logs[start + (upper[box * objectives + i] as number)] as number
      sum += high - (this.#logs[start + this.#width - 1] as number) + Math.log(1 - Math.exp((this.#logs[start + (lower[box * objectives + i] as number)] as number) - high))
    }
    return sum
  }
}
