import { exp, log, normalQuantile, type RandomStream } from '@attune/core'
import { type Axis, cellAt, logPriorAt, priorUnit, snap } from '../model/axis.ts'
import { multiplyByMasses } from '../numeric/truncated-mass-table.ts'
import { type OrderedTable, OrderedTables } from './ordered-tables.ts'
import type { Smoothing } from './smoothing.ts'

export const logSqrtTwoPi = 0.9189385332046727

/** What the kernels of a mixture have along one axis. The last kernel, after `count` others, is the prior. */
export interface Factor {
  /**
   * @param centres coordinates of the observations, `count` of them from `from`, NaN where inactive
   * @param active how many of them are not NaN
   */
  fit(centres: Float64Array, from: number, count: number, active: number, bandwidth: number): void
  /** Adds to `terms` the log density of each kernel at a coordinate. */
  add(terms: Float64Array, unit: number): void
  /** A coordinate drawn from a kernel that has a centre. */
  draw(random: RandomStream, kernel: number, centre: number): number
}

export function factorOf(axis: Axis, smoothing: Smoothing): Factor {
  if (axis.shape === 'categorical') return new CategoricalFactor(axis, smoothing.categories)
  return axis.shape === 'ordered' ? new OrderedFactor(axis) : new NormalFactor(axis)
}

/** A coordinate drawn from the prior. */
export function fromPrior(axis: Axis, random: RandomStream): number {
  const probability = random.uniform()
  return axis.dimension.cells === Infinity && !axis.dimension.hasPrior ? probability : priorUnit(axis, probability)
}

/** A normal around a point of [0, 1], truncated to it: drawn anew until it is inside, which takes three draws at most on average. */
function truncatedNormal(random: RandomStream, centre: number, deviation: number): number {
  for (;;) {
    const unit = centre + deviation * normalQuantile(random.uniform())
    if (unit >= 0 && unit <= 1) return unit
  }
}

/** Cells of the centres: the one after the last where there is none. */
class Rows {
  of = new Int32Array(0)
  count = 0

  fit(axis: Axis, centres: Float64Array, from: number, count: number): void {
    if (this.of.length <= count) this.of = new Int32Array(2 * count + 2)
    this.count = count
    for (let i = 0; i < count; i++) {
      const centre = centres[from + i] as number
      this.of[i] = Number.isNaN(centre) ? axis.cells : cellAt(axis, centre)
    }
    this.of[count] = axis.cells
  }
}

/** Each kernel: the observed category, and the prior with the weight of `pseudo` observations. */
class CategoricalFactor implements Factor {
  readonly #axis: Axis
  readonly #categories: number
  readonly #prior: Float64Array
  readonly #rows = new Rows()
  #pseudo = 1
  #logMissed = 0

  constructor(axis: Axis, categories: number) {
    this.#axis = axis
    this.#categories = categories
    this.#prior = axis.logPrior.map((one) => exp(one))
  }

  fit(centres: Float64Array, from: number, count: number, active: number): void {
    this.#rows.fit(this.#axis, centres, from, count)
    this.#pseudo = (this.#categories * this.#axis.cells) / (active + 1)
    this.#logMissed = log(this.#pseudo / (1 + this.#pseudo))
  }

  add(terms: Float64Array, unit: number): void {
    const { cells, logPrior } = this.#axis
    const cell = cellAt(this.#axis, unit)
    const without = logPrior[cell] as number
    const missed = without + this.#logMissed
    const hit = log((1 + this.#pseudo * (this.#prior[cell] as number)) / (1 + this.#pseudo))
    const { of: rows, count } = this.#rows
    for (let i = 0; i <= count; i++) {
      const row = rows[i] as number
      terms[i] = (terms[i] as number) + (row === cell ? hit : row === cells ? without : missed)
    }
  }

  draw(random: RandomStream, _kernel: number, centre: number): number {
    return random.uniform() * (1 + this.#pseudo) < 1 ? centre : priorUnit(this.#axis, random.uniform())
  }
}

/** Each kernel: the masses of the cells under a truncated normal around one of them. */
class OrderedFactor implements Factor {
  readonly #axis: Axis
  readonly #tables: OrderedTables
  readonly #rows = new Rows()
  #table: OrderedTable | undefined

  constructor(axis: Axis) {
    this.#axis = axis
    this.#tables = new OrderedTables(axis)
  }

  fit(centres: Float64Array, from: number, count: number, _active: number, bandwidth: number): void {
    this.#rows.fit(this.#axis, centres, from, count)
    this.#table = this.#tables.near(bandwidth)
  }

  add(terms: Float64Array, unit: number): void {
    const { masses } = this.#table as OrderedTable
    const start = cellAt(this.#axis, unit) * (this.#axis.cells + 1)
    const { of: rows, count } = this.#rows
    for (let i = 0; i <= count; i++) terms[i] = (terms[i] as number) + (masses[start + (rows[i] as number)] as number)
  }

  draw(random: RandomStream, kernel: number): number {
    const axis = this.#axis
    const middle = axis.centres[this.#rows.of[kernel] as number] as number
    return axis.centres[cellAt(axis, truncatedNormal(random, middle, (this.#table as OrderedTable).deviation))] as number
  }
}

/** Normals of one width truncated to [0, 1], along a continuous axis. */
export class NormalFactor implements Factor {
  readonly #axis: Axis
  #count = 0
  #deviation = 1
  #precision = 1
  /** Centres times precision, NaN where there is none. */
  #scaled = new Float64Array(0)
  /** What is to be subtracted of the log density beside the squared distance. */
  #normalisers = new Float64Array(0)

  constructor(axis: Axis) {
    this.#axis = axis
  }

  /** 1 / (√2 · deviation): the log density falls by the square of the distance times this. */
  get precision(): number {
    return this.#precision
  }

  /** Prepares drawing only: a mixture that has all centres keeps them itself. */
  widen(deviation: number): void {
    this.#deviation = deviation
    this.#precision = Math.SQRT1_2 / deviation
  }

  fit(centres: Float64Array, from: number, count: number, _active: number, bandwidth: number): void {
    this.widen(bandwidth)
    if (this.#scaled.length < count) {
      this.#scaled = new Float64Array(2 * count)
      this.#normalisers = new Float64Array(2 * count)
    }
    this.#count = count
    const normalisers = this.#normalisers
    normalisers.fill(1, 0, count)
    multiplyByMasses(centres, from, count, bandwidth, normalisers)
    const constant = log(bandwidth) + logSqrtTwoPi
    for (let i = 0; i < count; i++) {
      this.#scaled[i] = (centres[from + i] as number) * this.#precision
      normalisers[i] = log(normalisers[i] as number) + constant
    }
  }

  add(terms: Float64Array, unit: number): void {
    const count = this.#count
    const scaled = this.#scaled
    const normalisers = this.#normalisers
    const place = unit * this.#precision
    const logPrior = logPriorAt(this.#axis, unit)
    for (let i = 0; i < count; i++) {
      const distance = place - (scaled[i] as number)
      terms[i] = (terms[i] as number) + (Number.isNaN(distance) ? logPrior : -distance * distance - (normalisers[i] as number))
    }
    terms[count] = (terms[count] as number) + logPrior
  }

  draw(random: RandomStream, _kernel: number, centre: number): number {
    const unit = truncatedNormal(random, centre, this.#deviation)
    return this.#axis.dimension.cells === Infinity ? unit : snap(this.#axis, unit)
  }
}
