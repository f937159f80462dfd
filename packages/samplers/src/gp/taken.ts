import type { SearchSpace } from '@attune/core'
import { keyOfCells, type Observations } from '../model/observations.ts'

/** Points as near as this along every axis are one point. */
const same = 1e-9

/** Points that were measured, have failed, run or are paused: those that are not to be suggested again. */
export class Taken {
  readonly #space: SearchSpace
  readonly #observations: Observations
  readonly #columns: readonly Float64Array[]
  readonly #open: readonly Float64Array[]
  readonly #openKeys: ReadonlySet<string | undefined>

  constructor(space: SearchSpace, observations: Observations, open: readonly Float64Array[]) {
    this.#space = space
    this.#observations = observations
    this.#columns = space.dimensions.map(({ index }) => observations.column(index))
    this.#open = open
    this.#openKeys = new Set(open.map((point) => keyOfCells(space, point, 0)))
  }

  has(units: Float64Array, offset: number): boolean {
    const key = keyOfCells(this.#space, units, offset)
    if (key !== undefined) return this.hasCells(key)
    const columns = this.#columns
    const width = columns.length
    for (let row = 0; row < this.#observations.length; row++) {
      let axis = 0
      while (axis < width && isSame((columns[axis] as Float64Array)[row] as number, units[offset + axis] as number)) axis++
      if (axis === width) return true
    }
    return this.#open.some((point) => point.every((unit, axis) => isSame(unit, units[offset + axis] as number)))
  }

  /** The same of a point of cells only, by its key. */
  hasCells(key: string): boolean {
    return this.#observations.hasSeen(key) || this.#openKeys.has(key)
  }
}

function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= same || (Number.isNaN(a) && Number.isNaN(b))
}
