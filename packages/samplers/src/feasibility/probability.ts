import type { Utility } from '../gaussian-process/acquisition.ts'
import { logNormalCdf, logNormalCdfSlope } from '../numeric/log-improvement.ts'

/** How a prediction becomes a probability: Φ((constant + byMean · mean + byVariance · variance) / √(variance + noise)), raised to a power. */
export interface Probit {
  readonly constant: number
  readonly byMean: number
  readonly byVariance: number
  readonly noise: number
  readonly power: number
}

/** The logarithm of a power of a probability that follows from mean and variance of a prediction. */
export function logProbit({ constant, byMean, byVariance, noise, power }: Probit): Utility {
  return {
    value: (mean, variance) => power * logNormalCdf((constant + byMean * mean + byVariance * variance) / Math.sqrt(variance + noise)),
    slopes(mean, variance, out) {
      const deviation = Math.sqrt(variance + noise)
      const z = (constant + byMean * mean + byVariance * variance) / deviation
      const slope = power * logNormalCdfSlope(z)
      out[0] = (slope * byMean) / deviation
      out[1] = slope * (byVariance / deviation - (0.5 * z) / (variance + noise))
    },
  }
}
