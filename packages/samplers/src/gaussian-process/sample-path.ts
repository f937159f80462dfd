import type { RandomStream } from '@attune/core'
import type { Acquisition } from './acquisition.ts'
import { GaussianProcess } from './gaussian-process.ts'
import { FeatureMap } from './features.ts'
import type { LogHyperparameters } from './hyperparameters.ts'
import type { KernelName } from './kernel.ts'
import { type Layout, unitOf } from './layout.ts'

const waves = 256
/** Degrees of freedom of the spectral density; the squared exponential has a normal one. */
const freedoms = { matern52: 5, matern32: 3, rbf: Infinity } as const

/** What a path is drawn from. */
export interface PathSource {
  readonly layout: Layout
  readonly kernel: KernelName
  readonly hyperparameters: LogHyperparameters
  readonly rows: Float64Array
  readonly targets: Float64Array
  readonly count: number
}

/**
 * One function drawn from the posterior of a Gaussian process, negated (Thompson sampling): a draw from the prior made of random waves (Rahimi & Recht
 * 2007), corrected by what data add to it (Wilson et al. 2020, "Efficiently sampling functions from Gaussian process posteriors").
 * A category is a corner of a simplex, so that two of them are apart by their weight.
 */
export class SamplePath implements Acquisition {
  readonly #map: FeatureMap
  readonly #correction: GaussianProcess
  readonly #height: number
  /** Wave by wave: one frequency for each feature. */
  readonly #frequencies: Float64Array
  readonly #phases: Float64Array
  /** For each category and code: phases that this adds to all waves. */
  readonly #codePhases: readonly (readonly Float64Array[])[]
  readonly #features: Float64Array
  readonly #codes: Int32Array
  readonly #angles = new Float64Array(waves)
  readonly #out = new Float64Array(2)
  readonly #byVariance: Float64Array
  #variance = new Float64Array(0)

  constructor({ layout, kernel, hyperparameters, rows, targets, count }: PathSource, random: RandomStream) {
    const { features, categories, axes, width } = layout
    this.#map = new FeatureMap(layout, hyperparameters)
    this.#features = new Float64Array(features)
    this.#codes = new Int32Array(categories.length)
    this.#byVariance = new Float64Array(width)
    const frequencyScales = Float64Array.from({ length: waves }, () => tailOf(freedoms[kernel], random))
    this.#frequencies = Float64Array.from({ length: waves * features }, (_, i) => (frequencyScales[Math.floor(i / features)] as number) * random.normal())
    this.#phases = Float64Array.from({ length: waves }, () => 2 * Math.PI * random.uniform())
    this.#codePhases = Array.from(categories, (axis, c) => Array.from({ length: (axes[axis]?.dimension.cells ?? 0) + 1 }, () => frequencyScales.map((scale) => scale * Math.sqrt((this.#map.categoryWeights[c] as number) / 2) * random.normal())))
    const signal = Math.exp(hyperparameters[0] as number)
    const noise = Math.sqrt(Math.exp(hyperparameters[1] as number))
    this.#height = Math.sqrt((2 * signal) / waves)
    const residuals = Float64Array.from({ length: count }, (_, row) => (targets[row] as number) - this.#prior(rows, row * width) - noise * random.normal())
    this.#correction = new GaussianProcess(layout, kernel, hyperparameters, rows, residuals, count)
  }

  values(units: Float64Array, count: number, out: Float64Array): void {
    if (this.#variance.length < count) this.#variance = new Float64Array(count)
    this.#correction.predict(units, count, out, this.#variance)
    for (let i = 0; i < count; i++) out[i] = -(out[i] as number) - this.#prior(units, i * this.#map.layout.width)
  }

  valueWithSlopes(units: Float64Array, offset: number, slopes: Float64Array): number {
    const { numbers, features } = this.#map.layout
    this.#correction.predictWithSlopes(units, offset, this.#out, slopes, this.#byVariance)
    const prior = this.#prior(units, offset)
    for (let i = 0; i < slopes.length; i++) slopes[i] = -(slopes[i] as number)
    for (let f = 0; f < numbers.length; f++) {
      const axis = numbers[f] as number
      if (Number.isNaN(units[offset + axis])) continue
      let sum = 0
      for (let wave = 0; wave < waves; wave++) sum += Math.sin(this.#angles[wave] as number) * (this.#frequencies[wave * features + f] as number)
      slopes[axis] = (slopes[axis] as number) + this.#height * sum * this.#map.slope(f, unitOf(units, offset, axis))
    }
    return -(this.#out[0] as number) - prior
  }

  #prior(units: Float64Array, offset: number): number {
    const { features } = this.#map.layout
    this.#map.write(units, offset, this.#features, 0, this.#codes, 0)
    let sum = 0
    for (let wave = 0; wave < waves; wave++) {
      let angle = this.#phases[wave] as number
      for (let f = 0, at = wave * features; f < features; f++) angle += (this.#frequencies[at + f] as number) * (this.#features[f] as number)
      for (let c = 0; c < this.#codes.length; c++) angle += ((this.#codePhases[c] as readonly Float64Array[])[this.#codes[c] as number] as Float64Array)[wave] as number
      this.#angles[wave] = angle
      sum += Math.cos(angle)
    }
    return this.#height * sum
  }
}

/** Normal numbers times this have Student's t distribution. */
function tailOf(freedom: number, random: RandomStream): number {
  if (freedom === Infinity) return 1
  let squares = 0
  for (let i = 0; i < freedom; i++) squares += random.normal() ** 2
  return Math.sqrt(freedom / squares)
}
