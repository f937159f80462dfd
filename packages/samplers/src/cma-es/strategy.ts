import { log } from '@attune/core'

/** The constants of one run of CMA-ES: functions of dimension n and population λ alone (Hansen 2016, arXiv:1604.00772, equations 48 to 58). */
export interface Strategy {
  /** λ, trials in a generation. */
  readonly population: number
  /** μ, how many of them the mean follows. */
  readonly parents: number
  /** μ_eff, so many equal weights would vary as much. */
  readonly effective: number
  /** λ weights by rank: μ above 0 with sum 1, then those that say where not to go. */
  readonly weights: Float64Array
  /** c_σ and d_σ, pace and damping of the step size. */
  readonly stepPace: number
  readonly stepDamping: number
  /** c_c, pace of the path of the covariance. */
  readonly pathPace: number
  /** c_1 and c_μ, shares of the path and of the samples in each new covariance. */
  readonly rankOne: number
  readonly rankMu: number
  /** E‖N(0, I)‖. */
  readonly expectedLength: number
}

/** λ = 4 + ⌊3 ln n⌋, of all searched parameters (equation 48). */
export function defaultPopulation(parameters: number): number {
  return 4 + Math.floor(3 * log(Math.max(1, parameters)))
}

export function strategyOf(n: number, population: number): Strategy {
  const parents = Math.floor(population / 2)
  const raw = Float64Array.from({ length: population }, (_, i) => log((population + 1) / 2) - log(i + 1)) // 49
  const effective = effectiveSize(raw.subarray(0, parents))
  const against = effectiveSize(raw.subarray(parents))
  const rankOne = 2 / ((n + 1.3) * (n + 1.3) + effective) // 57
  const rankMu = Math.min(1 - rankOne - 1e-8, (2 * (effective - 2 + 1 / effective)) / ((n + 2) * (n + 2) + effective)) // 58
  const mostAgainst = Math.min(1 + rankOne / rankMu, 1 + (2 * against) / (effective + 2), (1 - rankOne - rankMu) / (n * rankMu)) // 50, 51, 52
  let positive = 0
  let negative = 0
  for (const weight of raw) {
    if (weight > 0) positive += weight
    else negative -= weight
  }
  const stepPace = (effective + 2) / (n + effective + 5) // 55
  return {
    population,
    parents,
    effective,
    weights: raw.map((weight) => (weight >= 0 ? weight / positive : (weight * mostAgainst) / negative)), // 53
    stepPace,
    stepDamping: 1 + 2 * Math.max(0, Math.sqrt((effective - 1) / (n + 1)) - 1) + stepPace,
    pathPace: (4 + effective / n) / (n + 4 + (2 * effective) / n), // 56
    rankOne,
    rankMu,
    expectedLength: Math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n)),
  }
}

function effectiveSize(weights: Float64Array): number {
  let sum = 0
  let squares = 0
  for (const weight of weights) {
    sum += weight
    squares += weight * weight
  }
  return (sum * sum) / squares
}
