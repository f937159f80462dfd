import { log, normalCdf, normalQuantile } from '@attune/core'

/*
 * The normal distribution truncated to [0, 1], for means inside [0, 1]. With the mean inside, a bound is never
 * far on the wrong side of it, so differences of the CDF keep their precision.
 */

/** Masses below this count as this, so that a logarithm stays finite. */
const leastMass = 1e-300

/** log of what truncation leaves: log(Φ((1 − mean) / deviation) − Φ(−mean / deviation)). */
export function logTruncatedMass(mean: number, deviation: number): number {
  return log(1 - normalCdf(-mean / deviation) - normalCdf((mean - 1) / deviation))
}

/** The quantile of the truncated distribution at `probability` in [0, 1]; always within [0, 1]. */
export function truncatedQuantile(mean: number, deviation: number, probability: number): number {
  const below = normalCdf(-mean / deviation)
  const above = normalCdf((mean - 1) / deviation)
  const mass = 1 - below - above
  // Count from the nearer tail, where probabilities are precise.
  const fromBelow = below + probability * mass
  const z = fromBelow <= 0.5 ? normalQuantile(fromBelow) : -normalQuantile(above + (1 - probability) * mass)
  return Math.min(1, Math.max(0, mean + deviation * z))
}

/** log(Φ(to) − Φ(from)) for from ≤ to, from the side on which the difference is precise. */
export function logNormalInterval(from: number, to: number): number {
  const mass = from > 0 ? normalCdf(-from) - normalCdf(-to) : normalCdf(to) - normalCdf(from)
  return log(Math.max(leastMass, mass))
}
