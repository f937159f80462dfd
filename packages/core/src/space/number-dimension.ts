import type { Condition } from '../contracts/space.ts'
import type { Scalar } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'
import { describeLeaf } from './describe-leaf.ts'
import type { NumberLeaf } from './definition.ts'
import type { LeafDimension } from './leaf-dimension.ts'
import { exp } from './math/exponential.ts'
import { log } from './math/logarithm.ts'
import { normalCdf, normalQuantile } from './math/normal.ts'

/** The last number below 1. */
const BELOW_ONE = 0.9999999999999999

/** How many steps `encode` searches on each side for a coordinate that decodes to the very value. */
const REACH = 40

/**
 * A float or an integer. With a step (integers always) it has cells; on a linear scale they divide the
 * coordinate evenly, on a log scale cell k ranges half a step around its value, so low cells are wider.
 */
export class NumberDimension implements LeafDimension {
  readonly index: number
  readonly path: string
  readonly kind = 'number'
  readonly cells: number
  readonly log: boolean
  readonly conditions: readonly Condition[]
  readonly dynamic: boolean
  readonly weights: undefined
  readonly hasPrior: boolean
  readonly leaf: NumberLeaf
  readonly #low: number
  readonly #high: number
  readonly #step: number
  /** 10 ** decimals if values are computed as whole multiples of a decimal (so that 0.1 + 2 * 0.1 is 0.3), else 0. */
  readonly #decimal: number
  /** Ends of the coordinate, as logarithms on a log scale; with a log scale and cells half a step beyond the bounds. */
  readonly #start: number
  readonly #range: number
  readonly #prior: TruncatedPrior | undefined

  constructor(leaf: NumberLeaf, path: string, index: number, conditions: readonly Condition[], dynamic: boolean) {
    const { low, high, step } = leaf
    this.leaf = leaf
    this.path = path
    this.index = index
    this.conditions = conditions
    this.dynamic = dynamic
    this.log = leaf.scale === 'log'
    this.hasPrior = leaf.prior !== undefined
    this.cells = cellsOf(leaf)
    this.#low = low
    this.#high = high
    this.#step = step ?? 0
    this.#decimal = decimalOf(low, high, this.#step)
    const padding = this.cells === Infinity ? 0 : this.#step / 2
    // The padding below may not reach 0, where the logarithm ends.
    const start = this.log ? log(low - Math.min(padding, low / 2)) : low
    this.#start = start
    this.#range = (this.log ? log(high + padding) : high) - start
    this.#prior = leaf.prior && low < high ? truncate(leaf, path, low - padding, high + padding) : undefined
  }

  encode(value: Scalar): number {
    if (!this.has(value)) return NaN
    const v = value as number
    if (this.cells === 1) return 0.5
    if (this.cells === Infinity && v === this.#low) return 0
    if (this.cells === Infinity && v === this.#high) return 1
    const coordinate = this.log ? log(v) : v
    const exact = this.log || this.cells === Infinity ? (coordinate - this.#start) / this.#range : (this.cellOf(v) + 0.5) / this.cells
    const unit = exact > 0 ? (exact < 1 ? exact : 1) : 0
    if (this.decode(unit) === v) return unit
    // Rounding missed the coordinates that decode to v, which may be a single one: look around, in steps of at most
    // half a unit in the last place of the coordinate, or a quarter of one of the logarithm where that is coarser.
    const grain = (Number.EPSILON / 4) * Math.max(unit, this.log ? Math.abs(coordinate) / this.#range / 2 : 0)
    for (let k = 1; k <= REACH; k++) {
      // The ends themselves belong to the bounds.
      const above = Math.min(unit + k * grain, BELOW_ONE)
      if (this.decode(above) === v) return above
      const below = Math.max(unit - k * grain, Number.MIN_VALUE)
      if (this.decode(below) === v) return below
    }
    return unit
  }

  decode(unit: number): number {
    if (this.cells === Infinity) {
      if (!(unit > 0)) return this.#low
      if (unit >= 1) return this.#high
      const value = this.#start + unit * this.#range
      return this.#clamp(this.log ? exp(value) : value)
    }
    if (this.log) return this.#nearest(exp(this.#start + unit * this.#range))
    return this.valueAt(Math.floor(unit * this.cells))
  }

  quantile(probability: number): number {
    if (this.#prior === undefined) return this.decode(probability)
    const value = this.#prior(probability)
    return this.cells === Infinity ? this.#clamp(value) : this.#nearest(value)
  }

  valueAt(cell: number): number {
    const k = cell > 0 ? (cell < this.cells ? cell : this.cells - 1) : 0
    const decimal = this.#decimal
    // Both products are whole numbers, and the division rounds once.
    const value = decimal === 0 ? this.#low + k * this.#step : (Math.round(this.#low * decimal) + k * Math.round(this.#step * decimal)) / decimal
    return value > this.#high ? this.#high : value
  }

  cellOf(value: Scalar): number {
    if (!(typeof value === 'number' && value >= this.#low && value <= this.#high)) return -1
    if (this.cells === 1) return 0
    if (this.cells === Infinity) return -1
    const cell = Math.round((value - this.#low) / this.#step)
    return this.valueAt(cell) === value ? cell : -1
  }

  has(value: unknown): boolean {
    if (!(typeof value === 'number' && value >= this.#low && value <= this.#high)) return false
    return this.cells === Infinity || this.cellOf(value) >= 0
  }

  #nearest(value: number): number {
    return this.valueAt(Math.round((value - this.#low) / this.#step))
  }

  #clamp(value: number): number {
    return value > this.#low ? (value < this.#high ? value : this.#high) : this.#low
  }
}

/** Number of values of a leaf. The upper bound of a float is one of them if rounding alone keeps it off the steps. */
export function cellsOf({ '.kind': kind, low, high, step }: NumberLeaf): number {
  if (low === high) return 1
  if (step === undefined) return Infinity
  const tolerance = kind === 'int' ? 0 : 1e-9 + (Number.EPSILON * (Math.abs(low) + Math.abs(high))) / step
  return Math.floor((high - low) / step + tolerance) + 1
}

/** The power of ten that makes low and step whole, or 0 if there is none below 2 ** 53. */
function decimalOf(low: number, high: number, step: number): number {
  if (step === 0 || (Number.isInteger(low) && Number.isInteger(step))) return 0
  let decimal = 1
  for (let digits = 0; digits <= 22; digits++, decimal *= 10) {
    const whole = [Math.round(low * decimal), Math.round(step * decimal)] as const
    if (!(Math.max(-low, high) * decimal <= Number.MAX_SAFE_INTEGER)) return 0
    if (whole[0] / decimal === low && whole[1] / decimal === step) return decimal
  }
  return 0
}

type TruncatedPrior = (probability: number) => number

/** The quantile function of a leaf's prior between two bounds. */
function truncate(leaf: NumberLeaf, path: string, low: number, high: number): TruncatedPrior {
  const prior = leaf.prior as NonNullable<NumberLeaf['prior']>
  const logarithmic = prior.kind === 'logNormal'
  const [mean, deviation] = logarithmic ? [prior.mu, prior.sigma] : [prior.mean, prior.deviation]
  const from = ((logarithmic ? log(Math.max(low, 0)) : low) - mean) / deviation
  const to = ((logarithmic ? log(Math.max(high, 0)) : high) - mean) / deviation
  // Probabilities keep their precision in the lower tail only, so bounds above the mean are mirrored.
  const mirror = from + to > 0 ? -1 : 1
  const start = normalCdf(mirror * from)
  const mass = normalCdf(mirror * to) - start
  // Bounds so near to each other that no probability lies between: all values there are equally likely.
  if (mass === 0 && start > 0) return (probability) => low + probability * (high - low)
  if (!(mass * mirror > 0)) {
    throw new AttuneError('PRIOR', `'${path}' is ${describeLeaf(leaf)}: the prior has no mass between the bounds; move it or the bounds.`, { details: { path } })
  }
  return (probability) => {
    const value = mean + deviation * mirror * normalQuantile(start + probability * mass)
    return logarithmic ? exp(value) : value
  }
}
