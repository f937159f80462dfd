import type { Dimension, FlatParams, Scalar, SearchSpace } from '@attune/core'
import type { GridValues } from './grid-values.ts'

const none = -1

/**
 * All points of a grid over a tree of parameters, numbered from 0: in each branch the product of the values of what
 * is active there. Points are computed from their numbers and the other way round; none are kept.
 */
export class GridTree {
  /** Number of points; exact up to 2 ** 53, and `at` and `numberOf` with it. */
  readonly size: number
  readonly #space: SearchSpace
  readonly #values: readonly GridValues[]
  /** Of each dimension, the earlier ones that it or a later one depends on. */
  readonly #parents: readonly (readonly number[])[]
  readonly #counts = new Map<string, number>()
  /** Cells of parents along the walk, -1 where inactive. */
  readonly #cells: Int32Array

  /** @param values those of each dimension */
  constructor(space: SearchSpace, values: readonly GridValues[]) {
    this.#space = space
    this.#values = values
    this.#cells = new Int32Array(space.dimensions.length).fill(none)
    this.#parents = space.dimensions.map((_, index) => {
      const later = space.dimensions.slice(index).flatMap(({ conditions }) => conditions.map(({ parent }) => parent))
      return [...new Set(later)].filter((parent) => parent < index)
    })
    this.size = this.#count(0)
  }

  /** The point of a number. */
  at(number: number): FlatParams {
    const flat: { [path: string]: Scalar } = {}
    let rest = number
    for (let index = 0; index < this.#values.length; index++) {
      if (!this.#enter(index)) continue
      const values = this.#values[index] as GridValues
      let position = 0
      if (this.#isParent(index)) {
        for (; ; position++) {
          this.#choose(index, position)
          const points = this.#count(index + 1)
          if (rest < points) break
          rest -= points
        }
      } else {
        const points = this.#count(index + 1)
        position = Math.floor(rest / points)
        rest -= position * points
      }
      flat[this.#dimension(index).path] = values.at(position)
    }
    return flat
  }

  /** The number of a point; -1 if it is not on the grid. */
  numberOf(flatParams: FlatParams): number {
    let number = 0
    for (let index = 0; index < this.#values.length; index++) {
      if (!this.#enter(index)) continue
      const value = flatParams[this.#dimension(index).path]
      const position = value === undefined ? none : (this.#values[index] as GridValues).positionOf(value)
      if (position < 0) return none
      if (!this.#isParent(index)) {
        number += position * this.#count(index + 1)
        continue
      }
      for (let before = 0; before < position; before++) {
        this.#choose(index, before)
        number += this.#count(index + 1)
      }
      this.#choose(index, position)
    }
    return number
  }

  /** Number of points of the dimensions from `index`, given the cells of their parents before it. */
  #count(index: number): number {
    if (index === this.#values.length) return 1
    const key = `${index}:${(this.#parents[index] as readonly number[]).map((parent) => this.#cells[parent]).join()}`
    const known = this.#counts.get(key)
    if (known !== undefined) return known
    const { length } = this.#values[index] as GridValues
    let count = 0
    if (!this.#enter(index)) count = this.#count(index + 1)
    else if (!this.#isParent(index)) count = length * this.#count(index + 1)
    else {
      for (let position = 0; position < length; position++) {
        this.#choose(index, position)
        count += this.#count(index + 1)
      }
    }
    this.#counts.set(key, count)
    return count
  }

  #isParent(index: number): boolean {
    return this.#parents[index + 1]?.includes(index) ?? false
  }

  #dimension(index: number): Dimension {
    return this.#space.dimensions[index] as Dimension
  }

  /** Whether a dimension is active; forgets its cell. */
  #enter(index: number): boolean {
    this.#cells[index] = none
    const { conditions } = this.#dimension(index)
    return conditions.length === 0 || conditions.some(({ parent, cells }) => cells.has(this.#cells[parent] as number))
  }

  /** Notes the cell of a parent that takes one of its values. */
  #choose(index: number, position: number): void {
    const dimension = this.#dimension(index)
    this.#cells[index] = Math.floor(dimension.encode((this.#values[index] as GridValues).at(position)) * dimension.cells)
  }
}
