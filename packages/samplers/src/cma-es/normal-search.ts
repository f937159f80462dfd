import { exp, type RandomStream } from '@attune/core'
import { eigenSymmetric } from '../numeric/eigen.ts'
import type { Strategy } from './strategy.ts'

/** Where a run begins. */
export interface NormalStart {
  /** Coordinates in [0, 1]. */
  readonly mean: Float64Array
  readonly deviation: number
  /** n × n, of determinant about 1. */
  readonly covariance: Float64Array
}

/** One generation, from its best trial to its worst. */
export interface Generation {
  /** λ × n coordinates, NaN where a parameter was inactive. */
  readonly samples: Float64Array
  /** 1 for a sample that another distribution than the present one brought: it may lie anywhere. */
  readonly foreign: Uint8Array
  /** Lowest and highest loss, Infinity if a trial has none. */
  readonly lowest: number
  readonly highest: number
}

/** Up to so many points are drawn to find one within bounds; then the last is moved to them. */
const mostDraws = 100
/** In many dimensions hardly a point is within all bounds, and a draw costs n² steps: then fewer, so that all take no more than so many steps, but ten at least. */
const mostSteps = 250_000
/** Multiplications after which an update pauses. */
const mostWork = 4_000_000

/**
 * The normal distribution of CMA-ES with active covariance update (Hansen 2016, arXiv:1604.00772; equation numbers are its). Coordinates
 * are those of the unit cube; each has a scale beside the covariance, which the margin of discrete ones widens (m + σ A y, y from N(0, C)).
 *
 * An inactive coordinate says nothing: it moves neither the mean nor a path, and what its absence takes from the variance and from
 * the expected length of the step path is put back. Samples of another distribution are injected (Hansen 2011, arXiv:1110.4181): those too
 * far away are shortened.
 *
 * Longer than other files on purpose: it is read beside the paper, equation by equation.
 */
export class NormalSearch {
  readonly n: number
  readonly strategy: Strategy
  readonly mean: Float64Array
  readonly covariance: Float64Array
  /** The diagonal of A. */
  readonly scale: Float64Array
  deviation: number
  readonly #bounded: Uint8Array
  readonly #vectors: Float64Array
  readonly #axes: Float64Array
  /** σ A B D, row by row: a draw is the mean and this times n standard normal numbers. */
  readonly #factor: Float64Array
  readonly #stepPath: Float64Array
  readonly #path: Float64Array
  /** Expected ‖p_σ‖² / n: 1 where all coordinates are always active. */
  #expected = 1
  #generation = 0
  readonly #draws: number
  /** Generations from one decomposition to the next: 1 up to about a hundred dimensions; beyond, axes change too little for O(n³) each time (Hansen 2016, B.2). */
  readonly #every: number
  /** (1 − c_σ)^(2 (g + 1)): what the step path still lacks of its length. */
  #lacking = 1
  readonly #startDeviation: number
  readonly #losses: Float64Array
  /** The largest difference within a generation: of losses that are all tiny small differences count. */
  #range = 0
  readonly #scratch: Float64Array
  readonly #steps: Float64Array

  /**
   * `decompose` has to follow.
   * @param bounded by coordinate, 1 if draws must lie in [0, 1]; the others are cut to a cell by whoever draws
   */
  constructor(strategy: Strategy, bounded: Uint8Array, { mean, deviation, covariance }: NormalStart) {
    const n = mean.length
    this.n = n
    this.strategy = strategy
    this.#bounded = bounded
    this.mean = mean.slice()
    this.covariance = covariance.slice()
    this.scale = new Float64Array(n).fill(1)
    this.deviation = deviation
    this.#startDeviation = deviation
    this.#vectors = new Float64Array(n * n)
    this.#axes = new Float64Array(n)
    this.#factor = new Float64Array(n * n)
    this.#stepPath = new Float64Array(n)
    this.#path = new Float64Array(n)
    this.#losses = new Float64Array(2 * (10 + Math.ceil((30 * n) / strategy.population)))
    this.#scratch = new Float64Array(n)
    this.#steps = new Float64Array(strategy.population * n)
    this.#draws = Math.max(10, Math.min(mostDraws, Math.floor(mostSteps / (n * n))))
    this.#every = Math.max(1, Math.floor(1 / (10 * n * (strategy.rankOne + strategy.rankMu))))
  }

  /** Writes a point within bounds to `out`. */
  draw(random: RandomStream, out: Float64Array): void {
    const { n, mean } = this
    const normal = this.#scratch
    for (let draws = 1; ; draws++) {
      for (let j = 0; j < n; j++) normal[j] = random.normal()
      let outside = false
      for (let i = 0; i < n; i++) {
        let sum = mean[i] as number
        for (let j = 0, at = i * n; j < n; j++, at++) sum += (this.#factor[at] as number) * (normal[j] as number)
        out[i] = sum
        if (this.#bounded[i] === 1 && (sum < 0 || sum > 1)) outside = true
      }
      if (!outside) return
      if (draws < this.#draws) continue
      for (let i = 0; i < n; i++) if (this.#bounded[i] === 1) out[i] = Math.min(1, Math.max(0, out[i] as number))
      return
    }
  }

  /** Takes in a generation, in steps of a few milliseconds. `decompose` has to follow, once scales and mean are what they should be. */
  *update({ samples, foreign, lowest, highest }: Generation): Generator<void, void, undefined> {
    const { n, mean, covariance, scale, strategy } = this
    const { population, parents, effective, weights, stepPace, stepDamping, pathPace, rankOne, rankMu, expectedLength } = strategy
    const steps = this.#steps
    const deviation = this.deviation
    const slot = 2 * (++this.#generation % (this.#losses.length / 2))
    this.#losses[slot] = lowest
    this.#losses[slot + 1] = highest
    if (highest - lowest < Infinity) this.#range = Math.max(this.#range, highest - lowest)

    // y = (x − m) / (σ A); 0 where inactive.
    const missing = new Float64Array(n)
    let arrived = 0 // Σ over coordinates and parents of w², where active
    for (let k = 0; k < population; k++) {
      for (let j = 0, at = k * n; j < n; j++, at++) {
        const step = ((samples[at] as number) - (mean[j] as number)) / (deviation * (scale[j] as number))
        const active = step === step
        steps[at] = active ? step : 0
        if (k >= parents) continue
        const weight = weights[k] as number
        if (active) arrived += weight * weight
        else missing[j] = (missing[j] as number) + weight
      }
      if (foreign[k] === 1) this.#shorten(k * n)
    }

    // Mean: 41, 42.
    const move = new Float64Array(n)
    for (let k = 0; k < parents; k++) {
      const weight = weights[k] as number
      for (let j = 0, at = k * n; j < n; j++, at++) move[j] = (move[j] as number) + weight * (steps[at] as number)
    }
    for (let j = 0; j < n; j++) mean[j] = (mean[j] as number) + deviation * (scale[j] as number) * (move[j] as number)

    // Step size: 43, 44.
    const whitened = this.#whiten(move, 0)
    const gain = Math.sqrt(stepPace * (2 - stepPace) * effective)
    let square = 0
    for (let i = 0; i < n; i++) {
      let sum = 0
      for (let j = 0, at = i * n; j < n; j++, at++) sum += (this.#vectors[at] as number) * (whitened[j] as number)
      const path = (1 - stepPace) * (this.#stepPath[i] as number) + gain * sum
      this.#stepPath[i] = path
      square += path * path
    }
    const kept = (1 - stepPace) * (1 - stepPace)
    this.#lacking = (this.#generation === 1 ? kept : this.#lacking) * kept
    this.#expected = missing.some((weight) => weight > 0) || this.#expected !== 1 ? kept * this.#expected + (1 - kept) * Math.max(1e-3, (arrived * effective) / n) : 1
    const length = Math.sqrt(square / this.#expected)
    this.deviation = Math.min(1e32, deviation * exp((stepPace / stepDamping) * (length / expectedLength - 1)))

    // Covariance: 45, 46, 47.
    const stalled = length / Math.sqrt(1 - this.#lacking) >= (1.4 + 2 / (n + 1)) * expectedLength
    const pathGain = stalled ? 0 : Math.sqrt(pathPace * (2 - pathPace) * effective)
    for (let j = 0; j < n; j++) this.#path[j] = (1 - pathPace) * (this.#path[j] as number) + pathGain * (move[j] as number)
    let sumOfWeights = 0
    for (const weight of weights) sumOfWeights += weight
    const decay = 1 - rankOne - rankMu * sumOfWeights + (stalled ? rankOne * pathPace * (2 - pathPace) : 0)
    const absent = samples.some(Number.isNaN) ? this.#absent(samples, missing) : undefined
    for (let i = 0; i < n; i++) {
      const row = rankOne * (this.#path[i] as number)
      for (let j = 0, at = i * n; j <= i; j++, at++) covariance[at] = (decay + (absent?.[at] ?? 0)) * (covariance[at] as number) + row * (this.#path[j] as number)
    }
    for (let k = 0; k < population; k++) {
      this.#addSample(k)
      if (((k + 1) * n * n) % mostWork < n * n) yield
    }
  }

  /** Axes and factor for the present covariance, scales and deviation, in steps of a few milliseconds. */
  *decompose(): Generator<void, void, undefined> {
    const { n, deviation, scale } = this
    if (this.#generation % this.#every === 0) yield* this.#findAxes()
    for (let i = 0; i < n; i++) {
      const size = deviation * (scale[i] as number)
      for (let j = 0, at = i * n; j < n; j++, at++) this.#factor[at] = size * (this.#vectors[at] as number) * (this.#axes[j] as number)
    }
  }

  /** Its part of 47. */
  #addSample(k: number): void {
    const { n, covariance, strategy } = this
    const steps = this.#steps
    let weight = strategy.rankMu * (strategy.weights[k] as number)
    if (weight < 0) weight *= n / (this.#lengthSquared(k * n) + 1e-8)
    for (let i = 0, at = k * n; i < n; i++, at++) {
      const part = weight * (steps[at] as number)
      if (part === 0) continue
      for (let j = 0, to = i * n, from = k * n; j <= i; j++, to++, from++) covariance[to] = (covariance[to] as number) + part * (steps[from] as number)
    }
  }

  *#findAxes(): Generator<void, void, undefined> {
    const { n, covariance } = this
    const vectors = this.#vectors
    const axes = this.#axes
    if (!(yield* eigenSymmetric(covariance, n, vectors, axes))) {
      // Not finite: begin with a ball again rather than answer nonsense.
      covariance.fill(0)
      vectors.fill(0)
      for (let j = 0; j < n; j++) covariance[j * n + j] = vectors[j * n + j] = axes[j] = 1
    }
    if ((axes[0] as number) <= 0) {
      for (let j = 0; j < n; j++) axes[j] = Math.max(1e-8, axes[j] as number)
      for (let i = 0; i < n; i++) {
        for (let j = 0; j <= i; j++) {
          let sum = 0
          for (let k = 0; k < n; k++) sum += (vectors[i * n + k] as number) * (axes[k] as number) * (vectors[j * n + k] as number)
          covariance[i * n + j] = sum
        }
      }
    }
    for (let j = 0; j < n; j++) axes[j] = Math.sqrt(axes[j] as number)
  }

  /** Why this run should end; undefined if it should not (the criteria of Hansen 2016, B.3; sizes in the unit cube). */
  stopReason(): string | undefined {
    const { n, mean, covariance, deviation } = this
    if (this.#generation > this.#losses.length / 2) {
      let low = Infinity
      let high = -Infinity
      for (const loss of this.#losses) {
        low = Math.min(low, loss)
        high = Math.max(high, loss)
      }
      if (high - low <= 1e-12 * Math.min(1, this.#range)) return 'the losses of the last generations do not differ'
    }
    const least = 1e-12 * this.#startDeviation
    let everyStepTiny = true
    const free = this.#bounded.includes(1) // Discrete coordinates do not shrink: the margin holds them.
    for (let j = 0; j < n; j++) {
      if (free && this.#bounded[j] === 0) continue
      const size = deviation * Math.sqrt(covariance[j * n + j] as number)
      if (size >= least || Math.abs(deviation * (this.#path[j] as number)) >= least) everyStepTiny = false
      if ((mean[j] as number) === (mean[j] as number) + 0.2 * size) return 'steps are too small to change a parameter'
    }
    if (everyStepTiny) return 'steps are too small'
    const widest = this.#axes[n - 1] as number
    if (deviation * widest > 1e4) return 'steps grow without bound'
    const shortest = this.#axes[0] as number
    if (widest * widest > 1e14 * shortest * shortest) return 'the distribution is too narrow in one direction'
    const axis = this.#generation % n
    const step = 0.1 * deviation * (this.#axes[axis] as number)
    if (mean.every((one, j) => one === one + step * (this.#vectors[j * n + axis] as number))) return 'steps are too small to change any parameter'
    return undefined
  }

  /**
   * What keeps variances where they are for inactive coordinates: by entry of the covariance, the share of it to put back. Weights above 0 put
   * back variances only, so that the matrix stays positive: correlations with what was inactive are slowly forgotten.
   */
  #absent(samples: Float64Array, missing: Float64Array): Float64Array {
    const { n } = this
    const { weights, rankOne, rankMu } = this.strategy
    const shares = new Float64Array(n * n)
    for (let i = 0; i < n; i++) shares[i * n + i] = rankOne * (missing[i] as number)
    for (let k = 0; k < weights.length; k++) {
      const weight = weights[k] as number
      for (let i = 0; i < n; i++) {
        const inactive = Number.isNaN(samples[k * n + i])
        for (let j = weight < 0 ? 0 : i; j <= i; j++) if (inactive || Number.isNaN(samples[k * n + j])) shares[i * n + j] = (shares[i * n + j] as number) + rankMu * weight
      }
    }
    return shares
  }

  /** D⁻¹ Bᵀ of the n numbers from `offset`, in the scratch row. */
  #whiten(of: Float64Array, offset: number): Float64Array {
    const { n } = this
    const out = this.#scratch
    out.fill(0)
    for (let i = 0; i < n; i++) {
      const value = of[offset + i] as number
      if (value === 0) continue
      for (let j = 0, at = i * n; j < n; j++, at++) out[j] = (out[j] as number) + value * (this.#vectors[at] as number)
    }
    for (let j = 0; j < n; j++) out[j] = (out[j] as number) / (this.#axes[j] as number)
    return out
  }

  #lengthSquared(offset: number): number {
    let sum = 0
    for (const one of this.#whiten(this.#steps, offset)) sum += one * one
    return sum
  }

  /** No longer than √n + 2n / (n + 2): farther draws of the distribution itself are rare. */
  #shorten(offset: number): void {
    const { n } = this
    const factor = (Math.sqrt(n) + (2 * n) / (n + 2)) / Math.sqrt(this.#lengthSquared(offset))
    if (factor < 1) for (let j = 0; j < n; j++) this.#steps[offset + j] = (this.#steps[offset + j] as number) * factor
  }
}
