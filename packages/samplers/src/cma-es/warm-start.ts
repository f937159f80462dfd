import { exp, log } from '@attune/core'
import { eigenSymmetric } from '../numeric/eigen.ts'
import type { Observations } from '../model/observations.ts'
import type { Layout } from './layout.ts'
import type { NormalStart } from './normal-search.ts'

/** Where a search begins. */
export interface Start {
  readonly normal: NormalStart
  readonly categories: readonly Float64Array[]
}

/** From so many results on the shape is learned from the best of them, below that only where to begin. */
const leastSources = 10
/** γ: the part of the results that counts as good. */
const goodPart = 0.1
/** α: each good result stands for a ball of this deviation. */
const blur = 0.1

/**
 * Begins at results of another sampler: the normal distribution nearest to a mixture of balls around the best of them
 * (WS-CMA-ES: Nomura, Watanabe, Akimoto, Ozaki & Onishi 2021, arXiv:2012.06932), and categories as often as there. In steps of a few milliseconds.
 * @param sources rows, best first; at least one
 */
export function* warmStart(layout: Layout, observations: Observations, sources: readonly number[], deviation: number): Generator<void, Start, undefined> {
  const prior = layout.start(deviation)
  if (sources.length < leastSources) {
    const best = sources[0] as number
    const mean = Float64Array.from(layout.normal, (index, at) => {
      const unit = observations.column(index)[best] as number
      return Number.isNaN(unit) ? (prior.mean[at] as number) : unit
    })
    return { normal: { ...prior, mean }, categories: layout.priors() }
  }
  const good = sources.slice(0, Math.floor(sources.length * goodPart))
  return { normal: yield* normalOf(layout, observations, good, prior), categories: categoriesOf(layout, observations, good) }
}

function* normalOf({ normal }: Layout, observations: Observations, good: readonly number[], prior: NormalStart): Generator<void, NormalStart, undefined> {
  const n = normal.length
  if (n === 0) return prior
  const mean = new Float64Array(n)
  const covariance = new Float64Array(n * n)
  const distances = normal.map((index, at) => {
    const column = observations.column(index)
    const units = good.map((row) => column[row] as number)
    const active = units.filter((unit) => !Number.isNaN(unit))
    const middle = active.length === 0 ? (prior.mean[at] as number) : active.reduce((sum, unit) => sum + unit, 0) / active.length
    mean[at] = middle
    // Where it was inactive it is as if it had been in the middle; its variance is that of the others.
    covariance[at * n + at] = active.length === 0 ? prior.deviation * prior.deviation : blur * blur + active.reduce((sum, unit) => sum + (unit - middle) * (unit - middle), 0) / active.length
    return units.map((unit) => (Number.isNaN(unit) ? 0 : unit - middle))
  })
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const product = (distances[i] as readonly number[]).reduce((sum, one, k) => sum + one * ((distances[j] as readonly number[])[k] as number), 0) / good.length
      covariance[i * n + j] = covariance[j * n + i] = product
    }
  }
  const values = new Float64Array(n)
  if (!(yield* eigenSymmetric(covariance, n, new Float64Array(n * n), values))) return { ...prior, mean }
  // σ² is the geometric mean of the variances along the axes: the covariance is then of determinant 1.
  const deviation = exp(values.reduce((sum, value) => sum + log(Math.max(1e-12, value)), 0) / (2 * n))
  return { mean, deviation, covariance: covariance.map((one) => one / (deviation * deviation)) }
}

/** How often each category is among the good ones, and its prior as one more. */
function categoriesOf(layout: Layout, observations: Observations, good: readonly number[]): readonly Float64Array[] {
  return layout.priors().map((prior, i) => {
    const index = layout.categorical[i] as number
    const column = observations.column(index)
    const counts = prior.slice()
    let total = 1
    for (const row of good) {
      const category = layout.categoryOf(index, column[row] as number)
      if (category < 0) continue
      counts[category] = (counts[category] as number) + 1
      total++
    }
    return counts.map((count) => count / total)
  })
}
