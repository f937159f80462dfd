import { factorRows, invertFactor, multiplyUpper, solveBackward, solveForward } from '../numeric/cholesky.ts'
import { FeatureMap, squaredDistances } from './features.ts'
import { atNoise, atSignal, atWarps, atWeights, type LogHyperparameters } from './hyperparameters.ts'
import { correlateWithSlopes, type KernelName } from './kernel.ts'
import { codeOf, flagOf, type Layout, unitOf } from './layout.ts'
import { warpWithSlopes } from './warp.ts'

/** Added to the diagonal, in parts of the signal variance. */
export const jitter = 1e-9

/**
 * The negative log posterior of hyperparameters with its gradient: the marginal likelihood of a Gaussian process of mean 0 (Rasmussen &
 * Williams 2006, equations 5.8 and 5.9) and the priors of `logPriorOf`. Buffers are made once; one evaluation costs about n³ / 2 multiplications.
 */
export class LogPosterior {
  readonly #layout: Layout
  readonly #kernel: KernelName
  readonly #count: number
  readonly #targets: Float64Array
  /** Number by number: coordinates of all rows. */
  readonly #units: Float64Array
  /** Row by row. */
  readonly #flags: Float64Array
  readonly #codes: Int32Array
  readonly #features: Float64Array
  /** Value, slope by ln a and slope by ln b of each warped number, in three blocks of the size of `#units`. */
  readonly #warped: Float64Array
  readonly #correlations: Float64Array
  readonly #slopes: Float64Array
  readonly #factor: Float64Array
  readonly #inverse: Float64Array
  readonly #weighted: Float64Array
  readonly #alpha: Float64Array
  readonly #pulls: Float64Array

  /** @param rows `count` rows of coordinates, NaN where inactive */
  constructor(layout: Layout, kernel: KernelName, rows: Float64Array, targets: Float64Array, count: number) {
    const { numbers, flags, categories, features, width } = layout
    const square = (): Float64Array => new Float64Array(count * count)
    this.#layout = layout
    this.#kernel = kernel
    this.#count = count
    this.#targets = targets
    this.#units = new Float64Array(numbers.length * count)
    this.#flags = new Float64Array(flags.length * count)
    this.#codes = new Int32Array(categories.length * count)
    this.#features = new Float64Array(features * count)
    this.#warped = new Float64Array(3 * numbers.length * count)
    this.#correlations = square()
    this.#slopes = square()
    this.#factor = square()
    this.#inverse = square()
    this.#weighted = square()
    this.#alpha = new Float64Array(count)
    this.#pulls = new Float64Array(features * count)
    for (let row = 0; row < count; row++) {
      for (let i = 0; i < numbers.length; i++) this.#units[i * count + row] = unitOf(rows, row * width, numbers[i] as number)
      for (let i = 0; i < flags.length; i++) this.#flags[row * flags.length + i] = flagOf(rows, row * width, flags[i] as number)
      for (let i = 0; i < categories.length; i++) this.#codes[row * categories.length + i] = codeOf(layout, rows, row * width, categories[i] as number)
    }
  }

  /** The value at `vector`, gradient into `gradient`; NaN if the covariance is not positive definite there. */
  evaluate(vector: LogHyperparameters, gradient: Float64Array): number {
    const n = this.#count
    const signal = Math.exp(vector[atSignal] as number)
    const noise = Math.exp(vector[atNoise] as number)
    const map = new FeatureMap(this.#layout, vector)
    this.#write(map, vector)
    const correlations = this.#correlations
    const slopes = this.#slopes
    const factor = this.#factor
    for (let i = 0; i < n; i++) {
      const row = i * n
      squaredDistances(map, this.#features, i * this.#layout.features, this.#codes, i * this.#layout.categories.length, this.#features, this.#codes, 0, i, correlations, row)
      correlateWithSlopes(this.#kernel, correlations, slopes, row, i)
      for (let j = 0; j < i; j++) factor[row + j] = signal * (correlations[row + j] as number)
      factor[row + i] = signal * (1 + jitter) + noise
    }
    if (!factorRows(factor, n, 0, n)) return NaN
    const alpha = this.#alpha
    alpha.set(this.#targets)
    solveForward(factor, n, n, alpha)
    let value = 0
    for (let i = 0; i < n; i++) value += 0.5 * (alpha[i] as number) ** 2 + Math.log(factor[i * n + i] as number)
    solveBackward(factor, n, n, alpha)
    gradient.fill(0)
    this.#addLikelihoodGradient(map, signal, noise, gradient)
    return value - addLogPrior(this.#layout, vector, gradient)
  }

  #write(map: FeatureMap, vector: LogHyperparameters): void {
    const { numbers, flags, features } = this.#layout
    const n = this.#count
    const warps = atWarps(this.#layout)
    for (let i = 0; i < numbers.length; i++) {
      const root = map.roots[numbers[i] as number] as number
      const logA = vector[warps + 2 * i] as number
      const logB = vector[warps + 2 * i + 1] as number
      const a = Math.exp(logA)
      const b = Math.exp(logB)
      for (let row = 0; row < n; row++) {
        warpWithSlopes(this.#units[i * n + row] as number, a, b, this.#warped, i * n + row, this.#units.length)
        this.#features[row * features + i] = root * (this.#warped[i * n + row] as number)
      }
    }
    for (let i = 0; i < flags.length; i++) {
      const root = map.roots[flags[i] as number] as number
      for (let row = 0; row < n; row++) this.#features[row * features + numbers.length + i] = root * (this.#flags[row * flags.length + i] as number)
    }
  }

  /** Adds the gradient of the negative log likelihood. */
  #addLikelihoodGradient(map: FeatureMap, signal: number, noise: number, gradient: Float64Array): void {
    const n = this.#count
    const { numbers, flags, categories, features } = this.#layout
    const correlations = this.#correlations
    const alpha = this.#alpha
    const inverse = this.#inverse
    const weighted = this.#weighted
    // `weighted` holds K⁻¹ first, then what each squared distance changes.
    invertFactor(this.#factor, n, n, inverse)
    multiplyUpper(inverse, n, n, weighted)
    let bySignal = 0
    let trace = 0
    for (let i = 0; i < n; i++) {
      const row = i * n
      const own = alpha[i] as number
      for (let j = 0; j < i; j++) {
        const half = 0.5 * ((weighted[row + j] as number) - own * (alpha[j] as number))
        bySignal += half * (correlations[row + j] as number)
        const change = half * signal * (this.#slopes[row + j] as number)
        weighted[row + j] = change
        weighted[j * n + i] = change
      }
      trace += 0.5 * ((weighted[row + i] as number) - own * own)
      weighted[row + i] = 0
    }
    gradient[atSignal] = signal * (2 * bySignal + trace * (1 + jitter))
    gradient[atNoise] = noise * trace
    this.#addPulls()
    const pulls = this.#pulls
    const warps = atWarps(this.#layout)
    for (let f = 0; f < numbers.length + flags.length; f++) {
      const axis = (f < numbers.length ? numbers[f] : flags[f - numbers.length]) as number
      let byWeight = 0
      let byA = 0
      let byB = 0
      for (let i = 0; i < n; i++) {
        const pull = pulls[i * features + f] as number
        byWeight += pull * (this.#features[i * features + f] as number)
        if (f >= numbers.length) continue
        byA += pull * (this.#warped[this.#units.length + f * n + i] as number)
        byB += pull * (this.#warped[2 * this.#units.length + f * n + i] as number)
      }
      gradient[atWeights + axis] = (gradient[atWeights + axis] as number) + 0.5 * byWeight
      if (f >= numbers.length) continue
      gradient[warps + 2 * f] = (map.roots[axis] as number) * byA
      gradient[warps + 2 * f + 1] = (map.roots[axis] as number) * byB
    }
    const codes = this.#codes
    for (let c = 0; c < categories.length; c++) {
      let sum = 0
      for (let i = 0; i < n; i++) {
        const code = codes[i * categories.length + c] as number
        for (let j = 0; j < i; j++) if (codes[j * categories.length + c] !== code) sum += weighted[i * n + j] as number
      }
      const axis = categories[c] as number
      gradient[atWeights + axis] = (gradient[atWeights + axis] as number) + 2 * (map.categoryWeights[c] as number) * sum
    }
  }

  /** For each feature of each row the derivative by that feature: 4 Σⱼ Mᵢⱼ (zᵢ − zⱼ), where M is `weighted`. */
  #addPulls(): void {
    const n = this.#count
    const { features } = this.#layout
    const z = this.#features
    const weighted = this.#weighted
    for (let f = 0; f < features; f += 4) {
      for (let i = 0; i < n; i++) {
        const at = i * features + f
        const z0 = z[at] as number
        const z1 = z[at + 1] as number
        const z2 = z[at + 2] as number
        const z3 = z[at + 3] as number
        let s0 = 0
        let s1 = 0
        let s2 = 0
        let s3 = 0
        for (let j = 0, from = f, row = i * n; j < n; j++, from += features) {
          const m = weighted[row + j] as number
          s0 += m * (z0 - (z[from] as number))
          s1 += m * (z1 - (z[from + 1] as number))
          s2 += m * (z2 - (z[from + 2] as number))
          s3 += m * (z3 - (z[from + 3] as number))
        }
        this.#pulls[at] = 4 * s0
        this.#pulls[at + 1] = 4 * s1
        this.#pulls[at + 2] = 4 * s2
        this.#pulls[at + 3] = 4 * s3
      }
    }
  }
}

/**
 * The log prior at `vector`; its gradient is subtracted from `gradient`. Weights have −(.1 / w + .1 w), so that neither far nor near ones
 * are sure; the signal Gamma(2, 1), the noise Gamma(1.1, 30) (those of Optuna's GPSampler); ln a and ln b a deviation of .25 (Snoek et al. 2014 have .5).
 * Stronger warps make the model sure too soon: docs/decisions/gp-experiments.md, section on traps.
 */
function addLogPrior(layout: Layout, vector: LogHyperparameters, gradient: Float64Array): number {
  const signal = Math.exp(vector[atSignal] as number)
  const noise = Math.exp(vector[atNoise] as number)
  let value = (vector[atSignal] as number) - signal + 0.1 * (vector[atNoise] as number) - 30 * noise
  gradient[atSignal] = (gradient[atSignal] as number) - (1 - signal)
  gradient[atNoise] = (gradient[atNoise] as number) - (0.1 - 30 * noise)
  const warps = atWarps(layout)
  for (let i = atWeights; i < warps; i++) {
    const weight = Math.exp(vector[i] as number)
    value -= 0.1 / weight + 0.1 * weight
    gradient[i] = (gradient[i] as number) - (0.1 / weight - 0.1 * weight)
  }
  for (let i = warps; i < vector.length; i++) {
    const one = vector[i] as number
    value -= 8 * one * one
    gradient[i] = (gradient[i] as number) + 16 * one
  }
  return value
}
