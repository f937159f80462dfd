import type { Observations } from '../model/observations.ts'

/** Points as near as this along every axis are one point. */
const same = 1e-9

/** Points that were measured, have failed, or run: those that are not to be suggested again. */
export class Taken {
  readonly #columns: readonly Float64Array[]
  readonly #length: number
  readonly #running: readonly Float64Array[]

  constructor(observations: Observations, width: number, running: readonly Float64Array[]) {
    this.#columns = Array.from({ length: width }, (_, axis) => observations.column(axis))
    this.#length = observations.length
    this.#running = running
  }

  has(units: Float64Array, offset: number): boolean {
    const columns = this.#columns
    const width = columns.length
    for (let row = 0; row < this.#length; row++) {
      let axis = 0
      while (axis < width && isSame((columns[axis] as Float64Array)[row] as number, units[offset + axis] as number)) axis++
      if (axis === width) return true
    }
    return this.#running.some((point) => {
      let axis = 0
      while (axis < width && isSame(point[axis] as number, units[offset + axis] as number)) axis++
      return axis === width
    })
  }
}

function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= same || (a !== a && b !== b)
}
