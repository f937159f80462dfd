import { atWarps, atWeights, type LogHyperparameters } from './hyperparameters.ts'
import { codeOf, flagOf, type Layout, unitOf } from './layout.ts'
import { warp, warpSlope } from './warp.ts'

/** Turns rows of the space into features under given hyperparameters: scaled by the roots of their weights, so that plain distances remain. */
export class FeatureMap {
  readonly layout: Layout
  /** Root of the weight of each axis. */
  readonly roots: Float64Array
  /** Weights of the categories, by their place in the layout. */
  readonly categoryWeights: Float64Array
  readonly #a: Float64Array
  readonly #b: Float64Array
  /** False where a = b = 1. */
  readonly #warps: boolean

  constructor(layout: Layout, hyperparameters: LogHyperparameters) {
    const { width, numbers, categories } = layout
    const warps = atWarps(layout)
    this.layout = layout
    this.roots = Float64Array.from({ length: width }, (_, axis) => Math.exp(0.5 * (hyperparameters[atWeights + axis] as number)))
    this.categoryWeights = Float64Array.from(categories, (axis) => (this.roots[axis] as number) ** 2)
    this.#a = Float64Array.from(numbers, (_, i) => Math.exp(hyperparameters[warps + 2 * i] as number))
    this.#b = Float64Array.from(numbers, (_, i) => Math.exp(hyperparameters[warps + 2 * i + 1] as number))
    this.#warps = hyperparameters.subarray(warps).some((one) => one !== 0)
  }

  /** Writes the features of the row at `offset` of `units` to `features` from `at`, its categories to `codes` from `codesAt`. */
  write(units: Float64Array, offset: number, features: Float64Array, at: number, codes: Int32Array, codesAt: number): void {
    const { layout, roots } = this
    const { numbers, flags, categories } = layout
    for (let i = 0; i < numbers.length; i++) {
      const axis = numbers[i] as number
      const unit = unitOf(units, offset, axis)
      features[at + i] = (roots[axis] as number) * (this.#warps ? warp(unit, this.#a[i] as number, this.#b[i] as number) : unit)
    }
    for (let i = 0; i < flags.length; i++) {
      const axis = flags[i] as number
      features[at + numbers.length + i] = (roots[axis] as number) * flagOf(units, offset, axis)
    }
    for (let i = 0; i < categories.length; i++) codes[codesAt + i] = codeOf(layout, units, offset, categories[i] as number)
  }

  /** Derivative of the number at place `i` by its coordinate. */
  slope(i: number, unit: number): number {
    const root = this.roots[this.layout.numbers[i] as number] as number
    return this.#warps ? root * warpSlope(unit, this.#a[i] as number, this.#b[i] as number) : root
  }
}

/** Squared distances of one row of features to the rows `from` to `to` of others, into `out` from `outAt`. */
export function squaredDistances(map: FeatureMap, one: Float64Array, oneAt: number, oneCodes: Int32Array, oneCodesAt: number, others: Float64Array, otherCodes: Int32Array, from: number, to: number, out: Float64Array, outAt: number): void {
  const { features, categories } = map.layout
  const count = to - from
  if (features === 0) for (let j = 0; j < count; j++) out[outAt + j] = 0
  for (let f = 0; f < features; f += 4) {
    const x0 = one[oneAt + f] as number
    const x1 = one[oneAt + f + 1] as number
    const x2 = one[oneAt + f + 2] as number
    const x3 = one[oneAt + f + 3] as number
    for (let j = 0, at = from * features + f; j < count; j++, at += features) {
      const d0 = x0 - (others[at] as number)
      const d1 = x1 - (others[at + 1] as number)
      const d2 = x2 - (others[at + 2] as number)
      const d3 = x3 - (others[at + 3] as number)
      const sum = d0 * d0 + d1 * d1 + (d2 * d2 + d3 * d3)
      out[outAt + j] = f === 0 ? sum : (out[outAt + j] as number) + sum
    }
  }
  const width = categories.length
  for (let c = 0; c < width; c++) {
    const code = oneCodes[oneCodesAt + c] as number
    const weight = map.categoryWeights[c] as number
    for (let j = 0, at = from * width + c; j < count; j++, at += width) {
      if (otherCodes[at] !== code) out[outAt + j] = (out[outAt + j] as number) + weight
    }
  }
}
