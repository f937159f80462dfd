import type { Surrogate } from '../model/surrogate.ts'
import { factorRows, solveBackward, solveForward, solveForwardFour } from '../numeric/cholesky.ts'
import { FeatureMap, squaredDistances } from './features.ts'
import { atNoise, atSignal, type LogHyperparameters } from './hyperparameters.ts'
import { correlate, correlateWithSlopes, type KernelName } from './kernel.ts'
import { type Layout, unitOf } from './layout.ts'
import { jitter } from './log-posterior.ts'

/** Variances are not below this part of the signal variance. */
const leastVariance = 1e-10

/** Points that are added to a model later than those that it was made with are room for this many at a time. */
const roomForMore = 16

/**
 * A Gaussian process of mean 0 over the rows of a space, under given hyperparameters (Rasmussen & Williams 2006, algorithm 2.1). Points may
 * be added; the factor grows by a row for each. Buffers are kept, so one instance predicts one thing at a time.
 */
export class GaussianProcess implements Surrogate {
  readonly layout: Layout
  readonly map: FeatureMap
  readonly signal: number
  readonly noise: number
  readonly #kernel: KernelName
  #count = 0
  #capacity: number
  #features: Float64Array
  #codes: Int32Array
  #targets: Float64Array
  #factor: Float64Array
  #alpha: Float64Array
  /** Covariances of four points with all rows, interleaved. */
  #four: Float64Array
  #one: Float64Array
  #slopes: Float64Array
  #beta: Float64Array
  readonly #ownFeatures: Float64Array
  readonly #ownCodes: Int32Array

  /** Throws nothing: `isUsable` says whether the covariance was positive definite. */
  constructor(layout: Layout, kernel: KernelName, hyperparameters: LogHyperparameters, rows: Float64Array, targets: Float64Array, count: number) {
    this.layout = layout
    this.map = new FeatureMap(layout, hyperparameters)
    this.signal = Math.exp(hyperparameters[atSignal] as number)
    this.noise = Math.exp(hyperparameters[atNoise] as number)
    this.#kernel = kernel
    this.#capacity = count + roomForMore
    this.#features = new Float64Array(this.#capacity * layout.features)
    this.#codes = new Int32Array(this.#capacity * layout.categories.length)
    this.#targets = new Float64Array(this.#capacity)
    this.#factor = new Float64Array(this.#capacity * this.#capacity)
    this.#alpha = new Float64Array(this.#capacity)
    this.#four = new Float64Array(4 * this.#capacity)
    this.#one = new Float64Array(this.#capacity)
    this.#slopes = new Float64Array(this.#capacity)
    this.#beta = new Float64Array(this.#capacity)
    this.#ownFeatures = new Float64Array(layout.features)
    this.#ownCodes = new Int32Array(layout.categories.length)
    this.isUsable = this.add(rows, targets, count)
  }

  readonly isUsable: boolean

  /** Number of points that it is conditioned on. */
  get count(): number {
    return this.#count
  }

  /** Adds `count` observed points. False if the covariance is not positive definite with them; then they are not added. */
  add(rows: Float64Array, targets: Float64Array, count: number): boolean {
    const { features, categories, width } = this.layout
    const before = this.#count
    this.#reserve(before + count)
    const stride = this.#capacity
    for (let row = 0; row < count; row++) {
      const i = before + row
      this.map.write(rows, row * width, this.#features, i * features, this.#codes, i * categories.length)
      squaredDistances(this.map, this.#features, i * features, this.#codes, i * categories.length, this.#features, this.#codes, 0, i, this.#factor, i * stride)
      correlate(this.#kernel, this.#factor, i * stride, i)
      for (let j = 0; j < i; j++) this.#factor[i * stride + j] = (this.#factor[i * stride + j] as number) * this.signal
      this.#factor[i * stride + i] = this.signal * (1 + jitter) + this.noise
      this.#targets[i] = targets[row] as number
    }
    const good = factorRows(this.#factor, stride, before, before + count)
    if (good) this.#count = before + count
    const n = this.#count
    this.#alpha.set(this.#targets.subarray(0, n))
    solveForward(this.#factor, stride, n, this.#alpha)
    solveBackward(this.#factor, stride, n, this.#alpha)
    return good
  }

  predict(units: Float64Array, count: number, mean: Float64Array, variance: Float64Array): void {
    const n = this.#count
    const { width } = this.layout
    const least = leastVariance * this.signal
    const four = this.#four
    const one = this.#one
    for (let first = 0; first < count; first += 4) {
      const last = Math.min(4, count - first)
      for (let c = 0; c < last; c++) {
        this.map.write(units, (first + c) * width, this.#ownFeatures, 0, this.#ownCodes, 0)
        squaredDistances(this.map, this.#ownFeatures, 0, this.#ownCodes, 0, this.#features, this.#codes, 0, n, one, 0)
        correlate(this.#kernel, one, 0, n)
        let sum = 0
        for (let i = 0; i < n; i++) {
          const covariance = this.signal * (one[i] as number)
          sum += covariance * (this.#alpha[i] as number)
          four[4 * i + c] = covariance
        }
        mean[first + c] = sum
      }
      solveForwardFour(this.#factor, this.#capacity, n, four)
      for (let c = 0; c < last; c++) {
        let explained = 0
        for (let i = c; i < 4 * n; i += 4) explained += (four[i] as number) * (four[i] as number)
        variance[first + c] = Math.max(least, this.signal - explained)
      }
    }
  }

  /**
   * Predicts at the point from `offset`, with derivatives by its coordinates into `byMean` and `byVariance` (0 where inactive or not a number).
   * @returns mean and variance, in `out`
   */
  predictWithSlopes(units: Float64Array, offset: number, out: Float64Array, byMean: Float64Array, byVariance: Float64Array): void {
    const n = this.#count
    const { numbers, features } = this.layout
    const { signal } = this
    const one = this.#one
    const slopes = this.#slopes
    const beta = this.#beta
    this.map.write(units, offset, this.#ownFeatures, 0, this.#ownCodes, 0)
    squaredDistances(this.map, this.#ownFeatures, 0, this.#ownCodes, 0, this.#features, this.#codes, 0, n, one, 0)
    correlateWithSlopes(this.#kernel, one, slopes, 0, n)
    let mean = 0
    for (let i = 0; i < n; i++) {
      const covariance = signal * (one[i] as number)
      mean += covariance * (this.#alpha[i] as number)
      beta[i] = covariance
    }
    solveForward(this.#factor, this.#capacity, n, beta)
    let explained = 0
    for (let i = 0; i < n; i++) explained += (beta[i] as number) * (beta[i] as number)
    solveBackward(this.#factor, this.#capacity, n, beta)
    out[0] = mean
    out[1] = Math.max(leastVariance * signal, signal - explained)
    byMean.fill(0)
    byVariance.fill(0)
    for (let f = 0; f < numbers.length; f++) {
      const axis = numbers[f] as number
      if (Number.isNaN(units[offset + axis])) continue
      const own = this.#ownFeatures[f] as number
      let ofMean = 0
      let ofVariance = 0
      for (let i = 0, at = f; i < n; i++, at += features) {
        const change = (slopes[i] as number) * (own - (this.#features[at] as number))
        ofMean += change * (this.#alpha[i] as number)
        ofVariance += change * (beta[i] as number)
      }
      const slope = 2 * signal * this.map.slope(f, unitOf(units, offset, axis))
      byMean[axis] = slope * ofMean
      byVariance[axis] = -2 * slope * ofVariance
    }
  }

  #reserve(count: number): void {
    if (count <= this.#capacity) return
    const before = this.#capacity
    const capacity = Math.max(count, Math.ceil(1.25 * before)) + roomForMore
    const factor = new Float64Array(capacity * capacity)
    for (let i = 0; i < this.#count; i++) factor.set(this.#factor.subarray(i * before, i * before + i + 1), i * capacity)
    const grown = (from: Float64Array, size: number): Float64Array => {
      const to = new Float64Array(size * capacity)
      to.set(from)
      return to
    }
    this.#capacity = capacity
    this.#factor = factor
    this.#features = grown(this.#features, this.layout.features)
    this.#targets = grown(this.#targets, 1)
    this.#alpha = grown(this.#alpha, 1)
    this.#four = grown(this.#four, 4)
    this.#one = grown(this.#one, 1)
    this.#slopes = grown(this.#slopes, 1)
    this.#beta = grown(this.#beta, 1)
    const codes = new Int32Array(capacity * this.layout.categories.length)
    codes.set(this.#codes)
    this.#codes = codes
  }
}
