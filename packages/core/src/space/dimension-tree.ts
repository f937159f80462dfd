import type { RandomStream } from '../contracts/random.ts'
import type { FlatParams, Scalar } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'
import { describeLeaf } from './describe-leaf.ts'
import type { LeafDimension } from './leaf-dimension.ts'
import { show } from './show.ts'

const NO_PROBLEMS: readonly string[] = /* @__PURE__ */ Object.freeze([])

/**
 * Dimensions with their conditions looked up, for the work that is done on every trial. Each loop runs
 * through the dimensions once and notes the cells of parents, which come before their children.
 */
export class DimensionTree {
  readonly dimensions: readonly LeafDimension[]
  readonly byPath: ReadonlyMap<string, LeafDimension>
  /** Of each dimension the parent that it depends on, -1 if it is always active. */
  readonly #parents: Int32Array
  /** Of each dimension, by cell of its parent: 1 if it is active there. */
  readonly #activeIn: readonly (Uint8Array | undefined)[]
  readonly #isParent: Uint8Array
  /** Cell of each parent at the point at hand, -1 where that is inactive or has no value. */
  readonly #cells: Int32Array

  constructor(dimensions: readonly LeafDimension[]) {
    this.dimensions = dimensions
    this.byPath = new Map(dimensions.map((dimension) => [dimension.path, dimension]))
    this.#parents = new Int32Array(dimensions.length).fill(-1)
    this.#isParent = new Uint8Array(dimensions.length)
    this.#cells = new Int32Array(dimensions.length)
    // Compiling gives a dimension one condition at most: branches that share it are cells of one parent.
    this.#activeIn = dimensions.map(({ index, conditions: [condition] }) => {
      if (condition === undefined) return undefined
      this.#parents[index] = condition.parent
      this.#isParent[condition.parent] = 1
      return Uint8Array.from({ length: (dimensions[condition.parent] as LeafDimension).cells }, (_, cell) => Number(condition.cells.has(cell)))
    })
  }

  /** One point from the prior: one uniform number for each active dimension, in their order. */
  draw(random: RandomStream): FlatParams {
    const { dimensions } = this
    const flat: { [path: string]: Scalar } = {}
    for (let i = 0; i < dimensions.length; i++) {
      if (!this.#isActive(i)) continue
      const dimension = dimensions[i] as LeafDimension
      const value = dimension.quantile(random.uniform())
      flat[dimension.path] = value
      if (this.#isParent[i] === 1) this.#cells[i] = dimension.cellOf(value)
    }
    return flat
  }

  encode(flatParams: FlatParams, out: Float64Array): Float64Array {
    const { dimensions } = this
    for (let i = 0; i < dimensions.length; i++) {
      out[i] = NaN
      if (!this.#isActive(i)) continue
      const dimension = dimensions[i] as LeafDimension
      const value = flatParams[dimension.path] as Scalar
      if (this.#isParent[i] === 1) this.#cells[i] = dimension.cellOf(value)
      out[i] = dimension.encode(value)
    }
    return out
  }

  /** The point with what it lacks, out of `values`; itself if it lacks nothing. */
  complete(flatParams: FlatParams, values: FlatParams): FlatParams {
    const { dimensions } = this
    let completed: { [path: string]: Scalar } | undefined
    for (let i = 0; i < dimensions.length; i++) {
      if (!this.#isActive(i)) continue
      const dimension = dimensions[i] as LeafDimension
      const { path } = dimension
      let value = flatParams[path] as Scalar
      if (value === undefined && Object.hasOwn(values, path)) {
        value = values[path] as Scalar
        completed ??= { ...flatParams }
        completed[path] = value
      }
      if (this.#isParent[i] === 1) this.#cells[i] = dimension.cellOf(value)
    }
    return completed ?? flatParams
  }

  decode(units: ArrayLike<number>): FlatParams {
    const { dimensions } = this
    const flat: { [path: string]: Scalar } = {}
    for (let i = 0; i < dimensions.length; i++) {
      if (!this.#isActive(i)) continue
      const dimension = dimensions[i] as LeafDimension
      const unit = units[i]
      if (unit === undefined || unit !== unit) {
        if (dimension.dynamic) continue
        throw new AttuneError('COORDINATE', `The coordinate of '${dimension.path}' is ${unit}: give a number from 0 to 1 for each active dimension.`, { details: { path: dimension.path } })
      }
      const value = dimension.decode(unit)
      flat[dimension.path] = value
      if (this.#isParent[i] === 1) this.#cells[i] = dimension.cellOf(value)
    }
    return flat
  }

  problems(flatParams: FlatParams): readonly string[] {
    const { dimensions } = this
    let unseen = 0
    for (const _ in flatParams) unseen++
    for (let i = 0; i < dimensions.length; i++) {
      if (!this.#isActive(i)) continue
      const dimension = dimensions[i] as LeafDimension
      const value = flatParams[dimension.path] as Scalar
      if (value === undefined && dimension.dynamic) continue
      if (!dimension.has(value)) return this.#explain(flatParams)
      if (this.#isParent[i] === 1) this.#cells[i] = dimension.cellOf(value)
      unseen--
    }
    return unseen === 0 ? NO_PROBLEMS : this.#explain(flatParams)
  }

  #explain(flatParams: FlatParams): readonly string[] {
    const problems: string[] = []
    for (const dimension of this.dimensions) {
      const { index, path } = dimension
      const value = Object.hasOwn(flatParams, path) ? (flatParams[path] as Scalar) : undefined
      if (!this.#isActive(index)) {
        if (value !== undefined) problems.push(`'${path}' is inactive here, because of '${(this.dimensions[this.#parents[index] as number] as LeafDimension).path}'; leave it out`)
        continue
      }
      if (this.#isParent[index] === 1) this.#cells[index] = dimension.cellOf(value as Scalar)
      if (value === undefined) {
        if (!dimension.dynamic) problems.push(`'${path}' is missing; give a value of ${describeLeaf(dimension.leaf)}`)
      } else if (!dimension.has(value)) problems.push(`'${path}' is ${show(value)}, which is not a value of ${describeLeaf(dimension.leaf)}`)
    }
    for (const path of Object.keys(flatParams)) {
      if (!this.byPath.has(path)) problems.push(`'${path}' is not a parameter of the space; leave it out or correct its name`)
    }
    return problems
  }

  /** Whether dimension i is active, given the cells of the parents before it; notes it if not. */
  #isActive(i: number): boolean {
    const parent = this.#parents[i] as number
    if (parent < 0) return true
    const cell = this.#cells[parent] as number
    if (cell >= 0 && (this.#activeIn[i] as Uint8Array)[cell] === 1) return true
    this.#cells[i] = -1
    return false
  }
}
