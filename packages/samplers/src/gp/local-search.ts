import type { RandomStream } from '@attune/core'
import type { Axis } from '../model/axis.ts'
import type { Points } from '../model/points.ts'
import { Lbfgs } from '../numeric/lbfgs.ts'
import type { Acquisition } from '../gaussian-process/acquisition.ts'
import { writePoint } from './latent.ts'
import type { Region } from './trust-region.ts'

/** Ordered axes of more levels than this are searched as numbers, then snapped. */
const mostLevels = 20
/** Of a category with more levels only so many are tried in a round. */
const mostCategories = 100
const mostRounds = 8
const leastGain = 1e-3
/** A climb that is so far below another one after its first round is given up. */
const hopeless = 1
const iterations = 15
const halvings = 5

/** Climbs an acquisition from a latent row: numbers together by L-BFGS in units of their length-scales, then the levels of every other axis one by one, in turns. */
export class LocalSearch {
  readonly #points: Points
  readonly #acquisition: Acquisition
  readonly #refuse: ((units: Float64Array, offset: number) => boolean) | undefined
  /** Units of each axis for L-BFGS. */
  readonly #scales: Float64Array
  readonly #numbers: readonly number[]
  readonly #levels: readonly number[]
  readonly #lbfgs: Lbfgs
  readonly #scaled: Float64Array
  readonly #lower: Float64Array
  readonly #upper: Float64Array
  readonly #point: Float64Array
  readonly #slopes: Float64Array
  readonly #latent: Float64Array
  readonly #before: Float64Array
  readonly #batch: Float64Array
  readonly #batchValues: Float64Array

  /**
   * @param lengths length-scale of each axis
   * @param region where numbers of many values are to stay
   * @param refuse points that no change of level is to lead to: where all points are cells, a climb that ends at a taken one was in vain
   */
  constructor(points: Points, acquisition: Acquisition, lengths: Float64Array, region?: Region, refuse?: (units: Float64Array, offset: number) => boolean) {
    const { axes, width } = points
    const isNumber = ({ shape, dimension }: Axis): boolean => shape !== 'categorical' && dimension.cells > mostLevels
    this.#points = points
    this.#acquisition = acquisition
    this.#refuse = refuse
    this.#scales = lengths.map((length) => Math.min(3, Math.max(0.02, length)))
    this.#numbers = axes.flatMap((axis, index) => (isNumber(axis) ? [index] : []))
    this.#levels = axes.flatMap((axis, index) => (isNumber(axis) || axis.dimension.cells < 2 ? [] : [index]))
    this.#lbfgs = new Lbfgs(this.#numbers.length)
    this.#scaled = new Float64Array(this.#numbers.length)
    this.#lower = Float64Array.from(this.#numbers, (axis) => (region?.lower[axis] ?? 0) / (this.#scales[axis] as number))
    this.#upper = Float64Array.from(this.#numbers, (axis) => (region?.upper[axis] ?? 1) / (this.#scales[axis] as number))
    this.#point = new Float64Array(width)
    this.#slopes = new Float64Array(width)
    this.#latent = new Float64Array(width)
    this.#before = new Float64Array(width)
    const most = this.#levels.reduce((sum, axis) => Math.max(sum, Math.min(mostCategories, (axes[axis] as Axis).dimension.cells)), 1)
    this.#batch = new Float64Array(most * width)
    this.#batchValues = new Float64Array(most)
  }

  /** Moves `latent`, which keeps the constraints of the space, to a local maximum that keeps them, and answers the value there; `highest` is what other climbs have reached. */
  climb(latent: Float64Array, highest: number, random: RandomStream): number {
    let value = this.#valueAt(latent)
    if (this.#refuse?.(this.#point, 0) === true) value = -Infinity
    for (let round = 0; round < mostRounds; round++) {
      const before = value
      value = this.#climbNumbers(latent, value)
      value = this.#climbLevels(latent, value, random)
      if (!(value - before > leastGain) || value < highest - hopeless) break
    }
    return value
  }

  #valueAt(latent: Float64Array): number {
    writePoint(this.#points, latent, 0, this.#point, 0)
    this.#acquisition.values(this.#point, 1, this.#batchValues)
    return this.#batchValues[0] as number
  }

  #climbNumbers(latent: Float64Array, value: number): number {
    const numbers = this.#numbers
    if (numbers.length === 0) return value
    const scaled = this.#scaled
    const moving = this.#latent
    this.#before.set(latent)
    moving.set(latent)
    for (let i = 0; i < numbers.length; i++) scaled[i] = (latent[numbers[i] as number] as number) / (this.#scales[numbers[i] as number] as number)
    const descend = (vector: Float64Array, gradient: Float64Array): number => {
      for (let i = 0; i < numbers.length; i++) moving[numbers[i] as number] = Math.min(1, (vector[i] as number) * (this.#scales[numbers[i] as number] as number))
      writePoint(this.#points, moving, 0, this.#point, 0)
      const reached = this.#acquisition.valueWithSlopes(this.#point, 0, this.#slopes)
      for (let i = 0; i < numbers.length; i++) gradient[i] = -(this.#slopes[numbers[i] as number] as number) * (this.#scales[numbers[i] as number] as number)
      return -reached
    }
    this.#lbfgs.minimise(descend, scaled, this.#lower, this.#upper, { iterations, gradientTolerance: 1e-3, leastGain, firstStep: 0.3 })
    for (let fraction = 1, halving = 0; halving < halvings; halving++, fraction /= 2) {
      for (let i = 0; i < numbers.length; i++) {
        const axis = numbers[i] as number
        const start = this.#before[axis] as number
        const end = Math.min(1, (scaled[i] as number) * (this.#scales[axis] as number))
        const unit = fraction === 1 ? end : start + fraction * (end - start)
        const { dimension } = this.#points.axes[axis] as Axis
        latent[axis] = dimension.cells === Infinity ? unit : dimension.encode(dimension.decode(unit))
      }
      writePoint(this.#points, latent, 0, this.#point, 0)
      if (!this.#points.allows(this.#point, 0)) continue
      const reached = this.#valueAt(latent)
      if (reached > value) return reached
      break
    }
    latent.set(this.#before)
    return value
  }

  #climbLevels(latent: Float64Array, start: number, random: RandomStream): number {
    const { width, axes } = this.#points
    let value = start
    for (const axis of this.#levels) {
      writePoint(this.#points, latent, 0, this.#point, 0)
      if (Number.isNaN(this.#point[axis])) continue
      const { centres } = axes[axis] as Axis
      const own = latent[axis] as number
      const many = centres.length > mostCategories
      let count = 0
      const tried = many ? mostCategories : centres.length
      const units = new Float64Array(tried)
      for (let level = 0; level < tried; level++) {
        const unit = centres[many ? random.integer(centres.length) : level] as number
        if (unit === own) continue
        latent[axis] = unit
        writePoint(this.#points, latent, 0, this.#batch, count * width)
        if (!this.#points.allows(this.#batch, count * width) || this.#refuse?.(this.#batch, count * width) === true) continue
        units[count] = unit
        count++
      }
      latent[axis] = own
      this.#acquisition.values(this.#batch, count, this.#batchValues)
      for (let i = 0; i < count; i++) {
        if (!((this.#batchValues[i] as number) > value)) continue
        value = this.#batchValues[i] as number
        latent[axis] = units[i] as number
      }
    }
    return value
  }
}
