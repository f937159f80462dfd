import { logImprovement, logNormalCdf } from '../numeric/log-improvement.ts'
import type { RandomForest } from './random-forest.ts'

/** A forest of one outcome, and what its prediction adds to the score of a point. */
export interface Term {
  readonly forest: RandomForest
  value(mean: number, variance: number): number
}

/** log of the expected improvement on `incumbent`. */
export function expectedImprovement(forest: RandomForest, incumbent: number): Term {
  return {
    forest,
    value(mean, variance) {
      const deviation = Math.sqrt(variance)
      return Math.log(deviation) + logImprovement((incumbent - mean) / deviation)
    },
  }
}

/** How sure a share of failed trials is at most, on either side. */
const doubt = 0.02

/** log of the probability of no failure, of a forest of zeros and of ones for failures. */
export function survival(forest: RandomForest): Term {
  return { forest, value: (mean) => Math.log(1 - doubt - (1 - 2 * doubt) * Math.min(1, Math.max(0, mean))) }
}

/** log of the probability that an outcome does not exceed `limit`. */
export function staysBelow(forest: RandomForest, limit: number): Term {
  return { forest, value: (mean, variance) => Math.max(-50, logNormalCdf((limit - mean) / Math.sqrt(variance))) }
}

/** Scores points by the sum of some terms. */
export class Acquisition {
  readonly #terms: readonly Term[]
  #mean = new Float64Array(0)
  #variance = new Float64Array(0)

  constructor(terms: readonly Term[]) {
    this.#terms = terms
  }

  /** Writes the scores of the points in `units`, row by row, into `scores`; the higher the better. */
  score(units: Float64Array, count: number, scores: Float64Array): void {
    if (this.#mean.length < count) {
      this.#mean = new Float64Array(count)
      this.#variance = new Float64Array(count)
    }
    scores.fill(0, 0, count)
    for (const { forest, value } of this.#terms) {
      forest.predict(units, count, this.#mean, this.#variance)
      for (let i = 0; i < count; i++) scores[i] = (scores[i] as number) + value(this.#mean[i] as number, this.#variance[i] as number)
    }
  }
}
