import type { RandomStream } from '@attune/core'
import type { Axis } from '../model/axis.ts'
import { drawCandidates, mostPromising } from './candidates.ts'
import { Mixture } from './mixture.ts'
import type { Answer, Model, Split } from './model.ts'
import { refine } from './refined.ts'
import { badSmoothing, goodSmoothing } from './smoothing.ts'

/** Kernels over all parameters at once. */
export class JointModel implements Model {
  readonly #axes: readonly Axis[]
  readonly #candidates: number
  readonly #passes: number
  readonly #good: Mixture
  readonly #bad: Mixture
  readonly #units: Float64Array
  readonly #bounds: Float64Array

  constructor(axes: readonly Axis[], { candidates, passes }: { readonly candidates: number; readonly passes: number }) {
    this.#axes = axes
    this.#candidates = candidates
    this.#passes = passes
    this.#good = new Mixture(axes, goodSmoothing)
    this.#bad = new Mixture(axes, badSmoothing)
    this.#units = new Float64Array(candidates * axes.length)
    this.#bounds = new Float64Array(candidates)
  }

  best(column: (axis: number) => Float64Array, { good: rows, weights, bad: others, busy }: Split, isAllowed: (units: Float64Array, offset: number) => boolean, random: RandomStream): Answer | undefined {
    const good = this.#good
    const bad = this.#bad
    const units = this.#units
    const width = this.#axes.length
    good.fit(column, rows, [], weights)
    bad.fit(column, others, busy, new Float64Array(others.length + busy.length + 1).fill(1))
    const isGood = (offset: number): boolean => isAllowed(units, offset)
    const length = drawCandidates(good, this.#candidates, width, isGood, random, units)
    if (length === 0) return undefined
    const best = mostPromising(good, bad, units, length, width, this.#bounds)
    const score = refine({ axes: this.#axes, good, bad, units, length }, best, this.#passes, isGood, random)
    return { units: units.subarray(best * width, (best + 1) * width), score }
  }
}
