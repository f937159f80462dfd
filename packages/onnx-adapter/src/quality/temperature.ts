import type { TensorArray } from '../tensor-data.ts'
import { checkLabel, readScores, type ScoreKind } from './judged-row.ts'
import { UnfitMetric, UnusableAnswer } from './unjudgeable.ts'

/** A temperature, and what it did to the data that it was fitted on. */
export interface TemperatureFit {
  /** Logits are divided by this before the softmax. */
  readonly temperature: number
  /** True if the loss would go on falling beyond the least or largest temperature that is tried. */
  readonly atBound: boolean
  /** Rows of the calibration data. */
  readonly rows: number
  /** Mean negative log likelihood of the calibration data at T = 1 and at the temperature, in nats. */
  readonly logLossBefore: number
  readonly logLossAfter: number
}

/** The range of temperatures. */
export const temperatureRange = [0.01, 100] as const

/** Logits that are kept at once, in bytes. */
const maxBytes = 2 ** 30

/**
 * What temperature scaling divides: logits as they are, or the logarithms of probabilities, of which softmax(log p / T) is the
 * same. A probability of 0, where a softmax has underflowed, counts as the least positive number of its type with all its digits.
 */
export function toLogits(scores: Float64Array, kind: ScoreKind, isSingle: boolean): Float64Array {
  if (kind === 'logits') return scores
  const least = isSingle ? 2 ** -126 : 2 ** -1022
  return scores.map((probability) => Math.log(Math.max(probability, least)))
}

/** Takes in the answers to the calibration data, all of which it keeps (8 bytes a row and class), and fits a temperature to them. */
export class TemperatureFitter {
  readonly #labels: Int32Array
  readonly #kind: Exclude<ScoreKind, 'classes'>
  #logits: Float64Array | undefined

  constructor(labels: Int32Array, kind: Exclude<ScoreKind, 'classes'>) {
    this.#labels = labels
    this.#kind = kind
  }

  /** `values` holds `rows` rows of the same width; the first is row `firstRow` of the data. */
  add(values: TensorArray, rows: number, firstRow: number): void {
    const width = values.length / rows
    const classes = width === 1 ? 2 : width
    const bytes = this.#labels.length * classes * 8
    if (bytes > maxBytes) throw new UnfitMetric(`Fitting a temperature to ${this.#labels.length} rows of ${classes} classes would keep ${bytes} bytes; at most ${maxBytes} are kept. Take fewer calibration rows.`)
    const logits = (this.#logits ??= new Float64Array(this.#labels.length * classes))
    if (logits.length !== this.#labels.length * classes) throw new UnusableAnswer(`${width} numbers per row from row ${firstRow} on, after ${logits.length / this.#labels.length}`)
    for (let index = 0; index < rows; index++) {
      const row = firstRow + index
      checkLabel(this.#labels[row]!, classes, row)
      logits.set(toLogits(readScores(values, index, width, this.#kind, row), this.#kind, values instanceof Float32Array), row * classes)
    }
  }

  fit(): TemperatureFit {
    return fitTemperature(this.#logits ?? new Float64Array(), this.#labels)
  }
}

/**
 * The temperature with the least mean negative log likelihood (Guo, Pleiss, Sun and Weinberger 2017). In β = 1/T the loss is
 * convex, so the root of its slope is found by Newton's method, and by halving the bracket in log β where a step would leave it.
 * `logits` is row-major. If all logits of each row are equal, every temperature is as good, and it is 1.
 */
export function fitTemperature(logits: Float64Array, labels: ArrayLike<number>): TemperatureFit {
  const rows = labels.length
  const classes = logits.length / rows
  const at = (beta: number): Derivatives => derivatives(logits, labels, classes, beta)
  const fitted = (beta: number, atBound: boolean): TemperatureFit => ({ temperature: 1 / beta, atBound, rows, logLossBefore: at(1).loss, logLossAfter: at(beta).loss })
  const [coldest, hottest] = temperatureRange
  let [low, high] = [1 / hottest, 1 / coldest]
  if (at(low).slope === 0 && at(high).slope === 0 && at(1).curvature === 0) return fitted(1, false)
  if (at(low).slope >= 0) return fitted(low, true)
  if (at(high).slope <= 0) return fitted(high, true)
  let beta = 1
  for (let round = 0; round < 200; round++) {
    const { slope, curvature } = at(beta)
    if (slope === 0) break
    if (slope < 0) low = beta
    else high = beta
    const newton = beta - slope / curvature
    const next = newton > low && newton < high ? newton : Math.sqrt(low * high)
    const change = Math.abs(next - beta)
    beta = next
    if (change <= 1e-13 * beta) break
  }
  return fitted(beta, false)
}

interface Derivatives {
  /** Mean negative log likelihood. */
  readonly loss: number
  /** By β: mean of E[z] − z_label, with E over the softmax of βz. */
  readonly slope: number
  /** By β twice: mean variance of z. */
  readonly curvature: number
}

function derivatives(logits: Float64Array, labels: ArrayLike<number>, classes: number, beta: number): Derivatives {
  let [loss, slope, curvature] = [0, 0, 0]
  const rows = labels.length
  for (let row = 0; row < rows; row++) {
    const start = row * classes
    let top = -Infinity
    for (let k = 0; k < classes; k++) top = Math.max(top, logits[start + k]!)
    let [sum, first, second] = [0, 0, 0]
    for (let k = 0; k < classes; k++) {
      const below = logits[start + k]! - top
      const weight = Math.exp(beta * below)
      sum += weight
      first += weight * below
      second += weight * below * below
    }
    const mean = first / sum
    const ofLabel = logits[start + labels[row]!]! - top
    loss += Math.log(sum) - beta * ofLabel
    slope += mean - ofLabel
    curvature += second / sum - mean * mean
  }
  return { loss: loss / rows, slope: slope / rows, curvature: curvature / rows }
}
