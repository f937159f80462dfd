import { logImprovement, logImprovementSlope, logNormalCdf, logNormalCdfSlope } from '../numeric/log-improvement.ts'
import type { GaussianProcess } from './gaussian-process.ts'

/** How much a point is worth trying: higher is better. */
export interface Acquisition {
  /** Values of `count` rows of coordinates into `out`. */
  values(units: Float64Array, count: number, out: Float64Array): void
  /** Value of the row at `offset`; derivatives by its coordinates into `slopes`, 0 where inactive or not a number. */
  valueWithSlopes(units: Float64Array, offset: number, slopes: Float64Array): number
}

/** A function of what a model predicts at a point. */
export interface Utility {
  value(mean: number, variance: number): number
  /** Derivatives by mean and by variance, into `out[0]` and `out[1]`. */
  slopes(mean: number, variance: number, out: Float64Array): void
}

/** The logarithm of the expected improvement below `best` (Ament et al. 2023). */
export function logExpectedImprovement(best: number): Utility {
  return {
    value(mean, variance) {
      const deviation = Math.sqrt(variance)
      return Math.log(deviation) + logImprovement((best - mean) / deviation)
    },
    slopes(mean, variance, out) {
      const deviation = Math.sqrt(variance)
      const z = (best - mean) / deviation
      const slope = logImprovementSlope(z)
      out[0] = -slope / deviation
      out[1] = (0.5 * (1 - z * slope)) / variance
    },
  }
}

/** The logarithm of the probability to fall below `best`. */
export function logProbabilityBelow(best: number): Utility {
  return {
    value: (mean, variance) => logNormalCdf((best - mean) / Math.sqrt(variance)),
    slopes(mean, variance, out) {
      const deviation = Math.sqrt(variance)
      const z = (best - mean) / deviation
      const slope = logNormalCdfSlope(z)
      out[0] = -slope / deviation
      out[1] = (-0.5 * z * slope) / variance
    },
  }
}

/** The lower confidence bound of a loss, negated: what may be there at best (Srinivas et al. 2010). */
export function confidenceBound(deviations: number): Utility {
  return {
    value: (mean, variance) => deviations * Math.sqrt(variance) - mean,
    slopes(_mean, variance, out) {
      out[0] = -1
      out[1] = (0.5 * deviations) / Math.sqrt(variance)
    },
  }
}

/** The same where what is measured varies by this much around what the model predicts. */
export function varied(utility: Utility, noise: number): Utility {
  return {
    value: (mean, variance) => utility.value(mean, variance + noise),
    slopes: (mean, variance, out) => utility.slopes(mean, variance + noise, out),
  }
}

/** What one model contributes. */
export interface Term {
  readonly model: GaussianProcess
  readonly utility: Utility
}

/** The sum of what models contribute: with logarithms the product of expectations and probabilities that do not depend on each other. */
export class SumOfTerms implements Acquisition {
  readonly #terms: readonly Term[]
  readonly #prediction = new Float64Array(2)
  readonly #byPrediction = new Float64Array(2)
  #byMean = new Float64Array(0)
  #byVariance = new Float64Array(0)
  #mean = new Float64Array(0)
  #variance = new Float64Array(0)

  constructor(terms: readonly Term[]) {
    this.#terms = terms
  }

  values(units: Float64Array, count: number, out: Float64Array): void {
    if (this.#mean.length < count) {
      this.#mean = new Float64Array(count)
      this.#variance = new Float64Array(count)
    }
    out.fill(0, 0, count)
    for (const { model, utility } of this.#terms) {
      model.predict(units, count, this.#mean, this.#variance)
      for (let i = 0; i < count; i++) out[i] = (out[i] as number) + utility.value(this.#mean[i] as number, this.#variance[i] as number)
    }
  }

  valueWithSlopes(units: Float64Array, offset: number, slopes: Float64Array): number {
    if (this.#byMean.length !== slopes.length) {
      this.#byMean = new Float64Array(slopes.length)
      this.#byVariance = new Float64Array(slopes.length)
    }
    slopes.fill(0)
    let value = 0
    for (const { model, utility } of this.#terms) {
      model.predictWithSlopes(units, offset, this.#prediction, this.#byMean, this.#byVariance)
      const mean = this.#prediction[0] as number
      const variance = this.#prediction[1] as number
      value += utility.value(mean, variance)
      utility.slopes(mean, variance, this.#byPrediction)
      for (let i = 0; i < slopes.length; i++) {
        slopes[i] = (slopes[i] as number) + (this.#byPrediction[0] as number) * (this.#byMean[i] as number) + (this.#byPrediction[1] as number) * (this.#byVariance[i] as number)
      }
    }
    return value
  }
}
