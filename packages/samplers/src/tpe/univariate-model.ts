import type { RandomStream } from '@attune/core'
import { type Axis, isActive } from '../model/axis.ts'
import { mostPromising } from './candidates.ts'
import { Mixture } from './mixture.ts'
import type { Answer, Model, Split } from './model.ts'
import { badSmoothing, goodSmoothing } from './smoothing.ts'

/** A point that is not allowed is drawn again, so often. */
const mostTries = 100

/** Kernels over one parameter each, as in Bergstra et al. 2011: parameters are chosen one after the other, down the tree, from the trials that had them. */
export class UnivariateModel implements Model {
  readonly #axes: readonly Axis[]
  readonly #candidates: number
  readonly #good: readonly Mixture[]
  readonly #bad: readonly Mixture[]
  /** Rows of which only one coordinate and those of its parents are in use. */
  readonly #units: Float64Array
  readonly #bounds: Float64Array

  constructor(axes: readonly Axis[], { candidates }: { readonly candidates: number }) {
    this.#axes = axes
    this.#candidates = candidates
    this.#good = axes.map((_, index) => new Mixture(axes, goodSmoothing, index))
    this.#bad = axes.map((_, index) => new Mixture(axes, badSmoothing, index))
    this.#units = new Float64Array(candidates * axes.length)
    this.#bounds = new Float64Array(candidates)
  }

  best(column: (axis: number) => Float64Array, split: Split, isAllowed: (units: Float64Array, offset: number) => boolean, random: RandomStream): Answer | undefined {
    const out = new Float64Array(this.#axes.length)
    for (let index = 0; index < this.#axes.length; index++) this.#fit(index, column(index), split)
    for (let tries = 0; tries < mostTries; tries++) {
      // The most promising values have been tried together if they are refused: then single draws.
      const score = this.#compose(out, tries === 0 ? this.#candidates : 1, random)
      if (isAllowed(out, 0)) return { units: out, score }
    }
    return undefined
  }

  #fit(index: number, column: Float64Array, { good, weights, bad, busy }: Split): void {
    const isThere = (row: number): boolean => !Number.isNaN(column[row])
    const kept = Float64Array.from([...good.keys()].filter((i) => isThere(good[i] as number)), (i) => weights[i] as number)
    const ownWeights = new Float64Array(kept.length + 1)
    ownWeights.set(kept)
    ownWeights[kept.length] = weights.at(-1) as number
    ;(this.#good[index] as Mixture).fit(() => column, good.filter(isThere), [], ownWeights)
    const others = bad.filter(isThere)
    const running = busy.filter((units) => !Number.isNaN(units[index]))
    ;(this.#bad[index] as Mixture).fit(() => column, others, running, new Float64Array(others.length + running.length + 1).fill(1))
  }

  /** Writes a point into `out` and answers its score. */
  #compose(out: Float64Array, candidates: number, random: RandomStream): number {
    const width = this.#axes.length
    const units = this.#units
    let score = 0
    out.fill(NaN)
    for (let index = 0; index < width; index++) {
      if (!isActive(this.#axes, index, out, 0)) continue
      const good = this.#good[index] as Mixture
      const bad = this.#bad[index] as Mixture
      for (let row = 0; row < candidates; row++) {
        for (const { parent } of (this.#axes[index] as Axis).dimension.conditions) units[row * width + parent] = out[parent] as number
        good.sample(random, units, row * width)
      }
      const best = candidates === 1 ? 0 : mostPromising(good, bad, units, candidates, width, this.#bounds)
      score += good.logDensity(units, best * width) - bad.logDensity(units, best * width)
      out[index] = units[best * width + index] as number
    }
    return score
  }
}
