import { normalCdf } from '@attune/core'

const logSqrtTwoPi = 0.9189385332046727
const sqrtTwoPi = 2.5066282746310002

/** Φ(−x) / φ(x) for x ≥ 0, the Mills ratio: √(π/2) erfcx(x / √2). */
export function millsRatio(x: number): number {
  if (x < 5) return normalCdf(-x) * sqrtTwoPi * Math.exp(0.5 * x * x)
  // Laplace's continued fraction 1/(x + 1/(x + 2/(x + …))), from so deep that beyond 5 nothing is missing.
  let fraction = x
  for (let k = 40; k >= 1; k--) fraction = x + k / fraction
  return 1 / fraction
}

/** log of h(z) = φ(z) + z Φ(z), the expected improvement of a standard normal (Ament et al. 2023, section 4.1), without underflow. */
export function logImprovement(z: number): number {
  if (z > -1) return Math.log(density(z) + z * normalCdf(z))
  return -0.5 * z * z - logSqrtTwoPi + Math.log(excess(-z))
}

/** Φ(z) / h(z): the derivative of `logImprovement`. */
export function logImprovementSlope(z: number): number {
  if (z > -1) {
    const cdf = normalCdf(z)
    return cdf / (density(z) + z * cdf)
  }
  return millsRatio(-z) / excess(-z)
}

/** log Φ(z), without underflow. */
export function logNormalCdf(z: number): number {
  return z > -5 ? Math.log(normalCdf(z)) : Math.log(millsRatio(-z)) - 0.5 * z * z - logSqrtTwoPi
}

/** φ(z) / Φ(z): the derivative of `logNormalCdf`. */
export function logNormalCdfSlope(z: number): number {
  return z > -5 ? density(z) / normalCdf(z) : 1 / millsRatio(-z)
}

function density(z: number): number {
  return Math.exp(-0.5 * z * z) / sqrtTwoPi
}

/** 1 − x · Mills ratio, for x ≥ 1. */
function excess(x: number): number {
  if (x < 20) return 1 - x * millsRatio(x)
  // The asymptotic series, where the difference has lost its digits.
  const q = 1 / (x * x)
  return q * (1 - q * (3 - q * (15 - q * (105 - q * (945 - q * 10395)))))
}
