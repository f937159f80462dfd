import type { Curve, StepColumn } from '../contracts/history.ts'

/** A column of numbers that grows by doubling, with a filling where nothing was set. */
export class Column {
  data: Float64Array
  readonly #filling: number

  constructor(filling: number = NaN) {
    this.#filling = filling
    this.data = new Float64Array(16).fill(filling)
  }

  /** Makes room for at least so many rows. */
  cover(rows: number): Float64Array {
    if (rows > this.data.length) {
      const grown = new Float64Array(Math.max(rows, this.data.length * 2)).fill(this.#filling)
      grown.set(this.data)
      this.data = grown
    }
    return this.data
  }

  set(row: number, value: number): void {
    this.cover(row + 1)[row] = value
  }
}

function doubled<T extends Int32Array | Float64Array>(array: T): T {
  const grown = new (array.constructor as new (length: number) => T)(array.length * 2)
  grown.set(array)
  return grown
}

/** The losses of one trial over its steps. */
export class GrowingCurve implements Curve {
  length = 0
  steps: Float64Array = new Float64Array(8)
  losses: Float64Array = new Float64Array(8)
  /** Revisions of the reports. */
  revisions: Float64Array = new Float64Array(8)

  push(step: number, loss: number, revision: number): void {
    if (this.length === this.steps.length) {
      this.steps = doubled(this.steps)
      this.losses = doubled(this.losses)
      this.revisions = doubled(this.revisions)
    }
    this.steps[this.length] = step
    this.revisions[this.length] = revision
    this.losses[this.length++] = loss
  }
}

/** The losses of all trials at one step. */
export class GrowingStepColumn implements StepColumn {
  length = 0
  numbers: Int32Array = new Int32Array(4)
  losses: Float64Array = new Float64Array(4)
  /** Revisions of the reports, ascending: one that is put back finds its place by it. */
  #revisions: Float64Array = new Float64Array(4)

  put(number: number, loss: number, revision: number): void {
    if (this.length === this.numbers.length) {
      this.numbers = doubled(this.numbers)
      this.losses = doubled(this.losses)
      this.#revisions = doubled(this.#revisions)
    }
    let at = this.length
    while (at > 0 && this.#revisions[at - 1]! > revision) at--
    if (at < this.length) for (const column of [this.numbers, this.losses, this.#revisions]) column.copyWithin(at + 1, at, this.length)
    this.numbers[at] = number
    this.losses[at] = loss
    this.#revisions[at] = revision
    this.length++
  }

  remove(number: number): void {
    const at = this.numbers.subarray(0, this.length).indexOf(number)
    if (at < 0) return
    this.numbers.copyWithin(at, at + 1, this.length)
    this.losses.copyWithin(at, at + 1, this.length)
    this.#revisions.copyWithin(at, at + 1, this.length)
    this.length--
  }
}
