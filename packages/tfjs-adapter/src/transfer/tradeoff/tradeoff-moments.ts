/** A trial whose freeze ratio and score are known. */
export interface FreezeObservation {
  /** In [0, 1]. */
  readonly freezeRatio: number
  readonly score: number
  /** Samples of the target task that this trial had, if not those of all. */
  readonly n?: number
  /** Trials of one group (one seed, one split of the data) share what makes all of them better or worse; default: all are of one. */
  readonly group?: string | number
}

/** Observations reduced to what a fit asks of them. */
export interface Moments {
  /** Distinct values of u = 1 − f. */
  readonly u: Float64Array
  /** Sums of products of columns that are functions of u alone: gᵀ S g, row by row. */
  readonly square: Float64Array
  /** Sums by u of the centred column u·n/nᵢ, and of the centred scores. */
  readonly linear: Float64Array
  readonly score: Float64Array
  /** Products of the centred columns u·n/nᵢ and the scores with themselves and each other. */
  readonly linearLinear: number
  readonly linearScore: number
  readonly scoreScore: number
  readonly observations: number
  readonly intercepts: number
  /** Distinct freeze ratios of trials that are not alone in their group. */
  readonly distinct: number
}

/**
 * Each (n, group) has a level of its own, since Δ says what is gained over f = 1 and not how good f = 1 is: all columns are
 * centred within it, which is the same as fitting the levels (Frisch, Waugh & Lovell).
 */
export function momentsOf(observations: readonly (FreezeObservation & { readonly n: number })[], n: number, sign: 1 | -1): Moments {
  const us = [...new Set(observations.map(({ freezeRatio }) => 1 - freezeRatio))].sort((a, b) => a - b)
  const count = us.length
  const groups = Map.groupBy(observations, ({ n: own, group }) => JSON.stringify([own, group ?? null]))
  const square = new Float64Array(count * count)
  const linear = new Float64Array(count)
  const score = new Float64Array(count)
  const told = new Set<number>()
  let [linearLinear, linearScore, scoreScore] = [0, 0, 0]
  for (const members of groups.values()) {
    const at = members.map(({ freezeRatio }) => us.indexOf(1 - freezeRatio))
    if (members.length > 1) for (const index of at) told.add(index)
    const lines = centred(members.map(({ freezeRatio, n: own }) => ((1 - freezeRatio) * n) / own))
    const scores = centred(members.map((member) => sign * member.score))
    for (const [i, index] of at.entries()) {
      linear[index]! += lines[i]!
      score[index]! += scores[i]!
      linearLinear += lines[i]! ** 2
      linearScore += lines[i]! * scores[i]!
      scoreScore += scores[i]! ** 2
      square[index * count + index]! += 1
      for (const other of at) square[index * count + other]! -= 1 / members.length
    }
  }
  return { u: Float64Array.from(us), square, linear, score, linearLinear, linearScore, scoreScore, observations: observations.length, intercepts: groups.size, distinct: told.size }
}

function centred(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return values.map((value) => value - mean)
}

/** gᵀ S h for columns that are functions of u. */
export function product({ u, square }: Moments, g: Float64Array, h: Float64Array): number {
  let sum = 0
  for (let i = 0; i < u.length; i++) {
    let row = 0
    for (let j = 0; j < u.length; j++) row += square[i * u.length + j]! * h[j]!
    sum += g[i]! * row
  }
  return sum
}

export function dot(g: Float64Array, h: Float64Array): number {
  let sum = 0
  for (let i = 0; i < g.length; i++) sum += g[i]! * h[i]!
  return sum
}
