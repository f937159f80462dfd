import { exp, log, type RandomStream } from '@attune/core'
import { type Axis, isActive, logPriorAt, logPriorOf } from '../model/axis.ts'
import { sumOfExp } from '../numeric/fast-exp.ts'
import { multiplyByMasses } from '../numeric/truncated-mass-table.ts'
import { type Factor, factorOf, fromPrior, logSqrtTwoPi, NormalFactor } from './factors.ts'
import { bandwidth, type Smoothing } from './smoothing.ts'

/** A kernel whose term is so far below the prior's is left out of a density: all of them together are below a part in 10⁹. */
const negligible = -30
/** A sum that is so many times as large as it has to be is large enough, however it was rounded. */
const beyondRounding = 1 + 1e-9
/** After so many kernels and one it is asked whether they suffice already; a power of two less 1. */
const chunk = 31

/**
 * A density on a tree of parameters: a mixture of one kernel for each observation, and the prior.
 *
 * Each kernel is a product down the tree. Where its observation has a parameter, the factor is a normal truncated
 * to [0, 1] (for cells: the masses of that normal) or a smoothed category. Where it does not, because it took
 * another branch, the factor is the prior. So every kernel is a normalised density on all points whatever their
 * branch, and branches learn from each other what they share.
 *
 * One object is fitted again and again, so that its arrays serve for ever; what fits, draws and sums is in one file because it shares them.
 */
export class Mixture {
  readonly #axes: readonly Axis[]
  readonly #smoothing: Smoothing
  /** The axes that it is a density of: all, or a single one. */
  readonly #covered: readonly number[]
  readonly #factors: readonly (Factor | undefined)[]
  #count = 0
  /** Coordinates of the observations, axis by axis that is covered: see `#start`. */
  #units = new Float64Array(0)
  /** Weights added up, for sampling. */
  #cumulative = new Float64Array(0)
  /** log weight of each kernel, less the normalisers of the axes in the block. */
  #base = new Float64Array(0)
  #terms = new Float64Array(0)
  /** Axes with factors of their own. */
  readonly #single: number[] = []
  /** Continuous axes that every point and every kernel has: their scaled centres lie together, kernel by kernel, for the loop in which the time goes. */
  readonly #joint: number[] = []
  #block = new Float64Array(0)
  /** Place of each axis in the block, −1 if it is not in it. */
  readonly #slots: Int32Array
  readonly #place: Float64Array
  /** Terms of the point that moves, and of where it might move to. */
  #held = new Float64Array(0)
  #tried = new Float64Array(0)

  /** @param only the one axis that it is a density of; all of them if there is none */
  constructor(axes: readonly Axis[], smoothing: Smoothing, only?: number) {
    this.#axes = axes
    this.#smoothing = smoothing
    this.#covered = only === undefined ? axes.map((_, index) => index) : [only]
    this.#factors = axes.map((axis, index) => (only === undefined || only === index ? factorOf(axis, smoothing) : undefined))
    this.#place = new Float64Array(axes.length + 3)
    this.#slots = new Int32Array(axes.length)
  }

  /**
   * @param column coordinates along an axis by row, NaN where inactive
   * @param rows of the observations
   * @param extra further observations, coordinates by axis
   * @param weights of `rows`, then of `extra` and, last, of the prior; their sum is above 0
   */
  fit(column: (axis: number) => Float64Array, rows: Int32Array, extra: readonly Float64Array[], weights: Float64Array): void {
    const count = rows.length + extra.length
    this.#reserve(count)
    this.#weigh(weights)
    this.#single.length = 0
    this.#joint.length = 0
    const units = this.#units
    for (const index of this.#covered) {
      const axis = this.#axes[index] as Axis
      const from = this.#start(index)
      const coordinates = column(index)
      for (let i = 0; i < rows.length; i++) units[from + i] = coordinates[rows[i] as number] as number
      for (let i = 0; i < extra.length; i++) units[from + rows.length + i] = (extra[i] as Float64Array)[index] as number
      // Moments around ½, the middle of the axis, need one pass.
      let active = 0
      let sum = 0
      let squares = 0
      for (let i = from; i < from + count; i++) {
        const distance = (units[i] as number) - 0.5
        if (Number.isNaN(distance)) continue
        active++
        sum += distance
        squares += distance * distance
      }
      const width = axis.shape === 'categorical' ? 1 : bandwidth(active, active === 0 ? 0 : squares - (sum * sum) / active, axis.dimension.cells, this.#covered.length, this.#smoothing)
      const factor = this.#factors[index] as Factor
      if (factor instanceof NormalFactor && active === count && (axis.dimension.conditions.length === 0 || this.#covered.length === 1)) {
        factor.widen(width)
        this.#slots[index] = this.#joint.push(index) - 1
      } else {
        factor.fit(units, from, count, active, width)
        this.#single.push(index)
        this.#slots[index] = -1
      }
    }
    this.#fillBlock()
  }

  #reserve(count: number): void {
    this.#count = count
    if (this.#terms.length > count) return
    const capacity = 2 * count + 1
    this.#terms = new Float64Array(capacity)
    this.#base = new Float64Array(capacity)
    this.#cumulative = new Float64Array(capacity)
    this.#units = new Float64Array(capacity * this.#covered.length)
    this.#block = new Float64Array(capacity * this.#covered.length)
    this.#held = new Float64Array(capacity)
    this.#tried = new Float64Array(capacity)
  }

  /** Where the coordinates along an axis begin. */
  #start(index: number): number {
    return this.#covered.length === 1 ? 0 : index * this.#count
  }

  #weigh(weights: Float64Array): void {
    let total = 0
    for (let i = 0; i <= this.#count; i++) total += weights[i] as number
    let sum = 0
    let last = total
    let logarithm = 0
    for (let i = 0; i <= this.#count; i++) {
      const weight = weights[i] as number
      this.#cumulative[i] = sum += weight / total
      if (weight !== last) logarithm = log(weight / total) // Most weights are alike.
      this.#base[i] = logarithm
      last = weight
    }
  }

  #fillBlock(): void {
    const count = this.#count
    const width = this.#joint.length
    if (width === 0) return
    const block = this.#block
    const units = this.#units
    const base = this.#base
    const masses = this.#terms
    masses.fill(1, 0, count)
    let constant = 0
    for (let j = 0; j < width; j++) {
      const index = this.#joint[j] as number
      const { precision } = this.#factors[index] as NormalFactor
      const deviation = Math.SQRT1_2 / precision
      constant += log(deviation) + logSqrtTwoPi
      const from = this.#start(index)
      for (let i = 0; i < count; i++) block[i * width + j] = (units[from + i] as number) * precision
      multiplyByMasses(units, from, count, deviation, masses)
      if ((j & 127) === 127 || j === width - 1) {
        for (let i = 0; i < count; i++) base[i] = (base[i] as number) - log(masses[i] as number)
        masses.fill(1, 0, count)
      }
    }
    for (let i = 0; i < count; i++) base[i] = (base[i] as number) - constant
  }

  /** Writes one point into `out` from `offset`, NaN where inactive; parents of what it covers are there already. */
  sample(random: RandomStream, out: Float64Array, offset: number): void {
    const axes = this.#axes
    const count = this.#count
    const kernel = this.#drawKernel(random.uniform())
    for (const index of this.#covered) {
      out[offset + index] = NaN
      if (!isActive(axes, index, out, offset)) continue
      const centre = kernel === count ? NaN : (this.#units[this.#start(index) + kernel] as number)
      out[offset + index] = Number.isNaN(centre) ? fromPrior(axes[index] as Axis, random) : (this.#factors[index] as Factor).draw(random, kernel, centre)
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

  /** What the prior alone contributes to `logDensity`, which is never less than this. */
  leastLogDensity(points: Float64Array, offset: number): number {
    let sum = this.#base[this.#count] as number
    for (const index of this.#covered) {
      const unit = points[offset + index] as number
      if (!Number.isNaN(unit)) sum += logPriorOf(this.#axes[index] as Axis, unit)
    }
    return sum
  }

  /**
   * log density of the point in `points` at `offset`; for cells, log probability.
   * @param most where it is above this, something else above it may be answered, which is quicker
   */
  logDensity(points: Float64Array, offset: number, most: number = Infinity): number {
    return this.#logSum(this.#terms, this.#sumTerms(this.#terms, points, offset, negligible, most), most)
  }

  /** Takes a point to be moved one coordinate at a time, and answers its log density. */
  hold(points: Float64Array, offset: number): number {
    return this.#logSum(this.#held, this.#sumTerms(this.#held, points, offset, -Infinity, Infinity), Infinity)
  }

  /** log density of the point that is held, were one of its active coordinates another; `most` as in `logDensity`. */
  tryMove(index: number, from: number, to: number, most: number = Infinity): number {
    const held = this.#held
    const tried = this.#tried
    const count = this.#count
    const slot = this.#slots[index] as number
    if (slot < 0) {
      const factor = this.#factors[index] as Factor
      tried.fill(0, 0, count + 1)
      factor.add(tried, from)
      for (let i = 0; i <= count; i++) tried[i] = (held[i] as number) - (tried[i] as number)
      factor.add(tried, to)
      return this.#logSum(tried, this.#largest(tried), most)
    }
    const { precision } = this.#factors[index] as NormalFactor
    const axis = this.#axes[index] as Axis
    const block = this.#block
    const width = this.#joint.length
    // (from − c)² − (to − c)², with one square less to compute.
    const step = (from - to) * precision
    const middle = (from + to) * precision
    let largest = (held[count] as number) + logPriorOf(axis, to) - logPriorOf(axis, from)
    tried[count] = largest
    for (let i = 0; i < count; i++) {
      const term = (held[i] as number) + step * (middle - 2 * (block[i * width + slot] as number))
      tried[i] = term
      if (term > largest) largest = term
    }
    return this.#logSum(tried, largest, most)
  }

  /** Makes the move that was tried last. */
  move(): void {
    const held = this.#held
    this.#held = this.#tried
    this.#tried = held
  }

  /** Writes the log of each kernel's part in the density of a point, −Infinity for kernels that are by `least` below the prior's, and answers the largest. */
  #sumTerms(terms: Float64Array, points: Float64Array, offset: number, least: number, most: number): number {
    const count = this.#count
    const single = this.#single
    const base = this.#base
    if (single.length === 0 && this.#joint.length > 0) return this.#addBlock(base, terms, points, offset, least, most)
    for (let i = 0; i <= count; i++) terms[i] = base[i] as number
    for (let s = 0; s < single.length; s++) {
      const index = single[s] as number
      const unit = points[offset + index] as number
      if (!Number.isNaN(unit)) (this.#factors[index] as Factor).add(terms, unit)
    }
    return this.#joint.length > 0 ? this.#addBlock(terms, terms, points, offset, least, most) : this.#largest(terms)
  }

  #largest(terms: Float64Array): number {
    let largest = -Infinity
    for (let i = 0; i <= this.#count; i++) if ((terms[i] as number) > largest) largest = terms[i] as number
    return largest
  }

  #logSum(terms: Float64Array, largest: number, most: number): number {
    const enough = most === Infinity ? Infinity : exp(most - largest) * beyondRounding
    if (enough <= 1) return largest
    return largest + log(sumOfExp(terms, this.#count + 1, largest, enough))
  }

  /**
   * Adds the factors of the block, and answers the largest term; or, once the sum is known to be above `most`, something above that.
   * A kernel is given up as soon as it is known to be negligible beside the prior.
   */
  #addBlock(from: Float64Array, terms: Float64Array, points: Float64Array, offset: number, negligibleBy: number, most: number): number {
    const count = this.#count
    const width = this.#joint.length
    const place = this.#place
    const block = this.#block
    let prior = from[count] as number
    for (let j = 0; j < width; j++) {
      const index = this.#joint[j] as number
      const unit = points[offset + index] as number
      place[j] = unit * (this.#factors[index] as NormalFactor).precision
      prior += logPriorAt(this.#axes[index] as Axis, unit)
    }
    terms[count] = prior
    let largest = prior
    const least = prior + negligibleBy
    let sum = most === Infinity ? 0 : exp(prior - most)
    // By fours; of few parameters most are among those left over, which have no loop.
    const whole = width & ~3
    const over = width - whole
    const first = place[whole] as number
    const second = place[whole + 1] as number
    const third = place[whole + 2] as number
    for (let i = 0; i < count; i++) {
      let term = from[i] as number
      const start = i * width
      let j = 0
      for (; j < whole && term > least; j += 4) {
        const a = (place[j] as number) - (block[start + j] as number)
        const b = (place[j + 1] as number) - (block[start + j + 1] as number)
        const c = (place[j + 2] as number) - (block[start + j + 2] as number)
        const d = (place[j + 3] as number) - (block[start + j + 3] as number)
        term -= a * a + b * b + (c * c + d * d)
      }
      if (over > 0 && term > least) {
        const a = first - (block[start + whole] as number)
        term -= a * a
        if (over > 1) {
          const b = second - (block[start + whole + 1] as number)
          term -= b * b
        }
        if (over > 2) {
          const c = third - (block[start + whole + 2] as number)
          term -= c * c
        }
      }
      terms[i] = term > least ? term : -Infinity
      if (term > largest) largest = term
      if (most === Infinity || (i & chunk) !== chunk) continue
      if (largest > most + 1e-8) return largest
      sum += sumOfExp(terms, i + 1, most, Infinity, i - chunk)
      if (sum >= beyondRounding) return most + 1
    }
    return largest
  }
}
