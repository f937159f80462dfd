import type { Term } from '../gaussian-process/acquisition.ts'
import { GaussianProcess } from '../gaussian-process/gaussian-process.ts'
import type { Layout } from '../gaussian-process/layout.ts'
import { evenly } from '../model/evenly.ts'
import type { Observations } from '../model/observations.ts'
import { scaled } from '../model/scaled-margins.ts'
import { unitsOf } from '../model/units-of.ts'
import { GrowingFit, sizeWithin } from './growing-fit.ts'
import { logProbit } from './probability.ts'

const kernel = 'matern52'
const mostFitted = 128
/** The model is made of so many trials nearest to the limit, and so many of the others. */
const mostNear = 100
const mostOthers = 100

/** One outcome constraint, as a Gaussian process regression on by how much it is violated. */
export class ConstraintModel {
  readonly #constraint: number
  readonly #fit = new GrowingFit({ kernel, warping: false, noise: true, iterations: 25 })

  /** @param constraint its place in the problem */
  constructor(constraint: number) {
    this.#constraint = constraint
  }

  /** log P(kept) as a part of an acquisition; undefined while fewer than two trials have measured it. */
  * term(observations: Observations, layout: Layout): Generator<void, Term | undefined, undefined> {
    const margin = (row: number): number => observations.margins(row)[this.#constraint] as number
    const measured = Array.from({ length: observations.length }, (_, row) => row).filter((row) => !Number.isNaN(margin(row)))
    if (measured.length < 2) return undefined
    measured.sort((a, b) => observations.numberOf(a) - observations.numberOf(b))
    const first = measured.slice(0, sizeWithin(measured.length, mostFitted))
    const hyperparameters = yield* this.#fit.at(layout, { key: first.map((row) => observations.numberOf(row)).join(), rows: unitsOf(observations, first, layout.width), targets: scaled(first.map(margin)).targets, count: first.length })
    const rows = informative(measured, margin)
    const { targets, limit } = scaled(rows.map(margin))
    const model = new GaussianProcess(layout, kernel, hyperparameters, unitsOf(observations, rows, layout.width), targets, rows.length)
    return { model, utility: logProbit({ constant: limit, byMean: -1, byVariance: 0, noise: 0, power: 1 }) }
  }
}

function informative(rows: readonly number[], margin: (row: number) => number): readonly number[] {
  if (rows.length <= mostNear + mostOthers) return rows
  const byDistance = rows.toSorted((a, b) => Math.abs(margin(a)) - Math.abs(margin(b)))
  return [...byDistance.slice(0, mostNear), ...evenly(byDistance.slice(mostNear), mostOthers)]
}
