import { exp, log, type RandomStream } from '@attune/core'
import { truncatedQuantile } from '../numeric/truncated-normal.ts'
import { type Axis, cellAt, isActive, logPriorAt, priorUnit, snap } from '../model/axis.ts'
import { type Factor, fitFactor, type NormalFactor, type Smoothing, type TableFactor } from './factor.ts'

/** Terms so far below the largest do not change a sum in double precision. */
const negligible = -37

/**
 * A density on a tree of parameters: a mixture of one kernel for each observation, and the prior.
 *
 * Each kernel is a product down the tree. Where its observation has a parameter, the factor is a normal truncated
 * to [0, 1] (for cells: the masses of that normal) or a smoothed category. Where it does not, because it took
 * another branch, the factor is the prior. So every kernel is a normalised density on all points whatever their
 * branch, and branches learn from each other what they share.
 */
export class Mixture {
  readonly #axes: readonly Axis[]
  readonly #count: number
  readonly #units: Float64Array
  /** Weights added up, for sampling. */
  readonly #cumulative: Float64Array
  /** log weight of each kernel, less the normalisers of the axes that every point has. */
  readonly #base: Float64Array
  readonly #factors: readonly Factor[]
  readonly #terms: Float64Array

  /**
   * @param units coordinates of the observations, axis by axis: `units[axis * count + observation]`, NaN where inactive
   * @param weights of the `count` observations and, last, of the prior; their sum is above 0
   */
  constructor(axes: readonly Axis[], units: Float64Array, weights: Float64Array, smoothing: Smoothing) {
    const count = weights.length - 1
    this.#axes = axes
    this.#count = count
    this.#units = units
    this.#terms = new Float64Array(count + 1)
    let total = 0
    for (const weight of weights) total += weight
    let sum = 0
    this.#cumulative = weights.map((weight) => (sum += weight / total))
    const base = weights.map((weight) => log(weight / total))
    this.#base = base
    this.#factors = axes.map((axis, index) => {
      const factor = fitFactor(axis, units.subarray(index * count, (index + 1) * count), axes.length, smoothing)
      if (isFolded(factor, axis)) {
        for (let i = 0; i < count; i++) base[i] = (base[i] as number) - (factor.normalisers[i] as number)
      }
      return factor
    })
  }

  /** Writes one point into `out` from `offset`, NaN where inactive. */
  sample(random: RandomStream, out: Float64Array, offset: number): void {
    const axes = this.#axes
    const kernel = this.#drawKernel(random.uniform())
    out.fill(NaN, offset, offset + axes.length)
    for (let index = 0; index < axes.length; index++) {
      if (!isActive(axes, index, out, offset)) continue
      const axis = axes[index] as Axis
      const probability = random.uniform()
      const centre = kernel === this.#count ? NaN : (this.#units[index * this.#count + kernel] as number)
      out[offset + index] = Number.isNaN(centre) ? priorUnit(axis, probability) : around(axis, this.#factors[index] as Factor, kernel, centre, probability)
    }
  }

  #drawKernel(probability: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#cumulative[middle] as number) > probability) high = middle
      else low = middle + 1
    }
    return low
  }

  /** log density of the point in `points` at `offset`; for cells, log probability. */
  logDensity(points: Float64Array, offset: number): number {
    const terms = this.#terms
    terms.set(this.#base)
    for (let index = 0; index < this.#factors.length; index++) {
      const unit = points[offset + index] as number
      if (Number.isNaN(unit)) continue
      const axis = this.#axes[index] as Axis
      const factor = this.#factors[index] as Factor
      if (factor.kind === 'table') addTable(terms, factor, axis.cells, cellAt(axis, unit))
      else if (isFolded(factor, axis)) addWholeNormal(terms, factor, unit, logPriorAt(axis, unit))
      else addNormal(terms, factor, unit, logPriorAt(axis, unit))
    }
    return logSumExp(terms)
  }
}

/** Whether every point and every kernel has the axis, so that normalisers are added once and for all. */
function isFolded(factor: Factor, axis: Axis): factor is NormalFactor {
  return factor.kind === 'normal' && factor.whole && axis.dimension.conditions.length === 0
}

/** A coordinate from the factor of one kernel. */
function around(axis: Axis, factor: Factor, kernel: number, centre: number, probability: number): number {
  if (factor.kind === 'normal') return snap(axis, truncatedQuantile(centre, factor.deviation, probability))
  const row = (factor.rows[kernel] as number) * axis.cells
  let rest = probability
  for (let cell = 0; cell < axis.cells; cell++) {
    rest -= exp(factor.table[row + cell] as number)
    if (rest < 0) return axis.centres[cell] as number
  }
  return centre
}

function addTable(terms: Float64Array, { rows, table }: TableFactor, cells: number, cell: number): void {
  for (let i = 0; i < terms.length; i++) terms[i] = (terms[i] as number) + (table[(rows[i] as number) * cells + cell] as number)
}

/** For a factor whose normalisers are in the base already: the loop in which the time goes. */
function addWholeNormal(terms: Float64Array, { precision, scaledCentres }: NormalFactor, unit: number, logPrior: number): void {
  const scaled = unit * precision
  const count = scaledCentres.length
  for (let i = 0; i < count; i++) {
    const distance = scaled - (scaledCentres[i] as number)
    terms[i] = (terms[i] as number) - distance * distance
  }
  terms[count] = (terms[count] as number) + logPrior
}

function addNormal(terms: Float64Array, { precision, scaledCentres, normalisers }: NormalFactor, unit: number, logPrior: number): void {
  const scaled = unit * precision
  const count = scaledCentres.length
  for (let i = 0; i < count; i++) {
    const distance = scaled - (scaledCentres[i] as number)
    terms[i] = (terms[i] as number) + (Number.isNaN(distance) ? logPrior : -distance * distance - (normalisers[i] as number))
  }
  terms[count] = (terms[count] as number) + logPrior
}

function logSumExp(terms: Float64Array): number {
  let largest = -Infinity
  for (let i = 0; i < terms.length; i++) if ((terms[i] as number) > largest) largest = terms[i] as number
  let sum = 0
  for (let i = 0; i < terms.length; i++) {
    const difference = (terms[i] as number) - largest
    if (difference > negligible) sum += Math.exp(difference)
  }
  return largest + Math.log(sum)
}
