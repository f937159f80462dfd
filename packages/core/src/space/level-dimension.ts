import type { Condition } from '../contracts/space.ts'
import type { Scalar } from '../contracts/values.ts'
import type { LevelLeaf } from './definition.ts'
import type { LeafDimension } from './leaf-dimension.ts'

/** From how many values on a table finds one faster than a scan. */
const MANY = 12

/** One of a list of values, each a cell. */
export class LevelDimension implements LeafDimension {
  readonly index: number
  readonly path: string
  readonly kind: 'ordinal' | 'categorical'
  readonly cells: number
  readonly log = false
  readonly conditions: readonly Condition[]
  readonly dynamic: boolean
  readonly weights: Float64Array
  readonly hasPrior: boolean
  readonly leaf: LevelLeaf
  readonly #cells: ReadonlyMap<unknown, number> | undefined

  constructor(leaf: LevelLeaf, path: string, index: number, conditions: readonly Condition[], dynamic: boolean) {
    const { values } = leaf
    this.leaf = leaf
    this.path = path
    this.index = index
    this.conditions = conditions
    this.dynamic = dynamic
    this.kind = leaf['.kind'] === 'ordinal' ? 'ordinal' : 'categorical'
    this.cells = values.length
    this.hasPrior = leaf.weights !== undefined
    const weights = leaf.weights ?? values.map(() => 1)
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    this.weights = Float64Array.from(weights, (weight) => weight / total)
    this.#cells = values.length >= MANY ? new Map(values.map((value, cell) => [value, cell])) : undefined
  }

  encode(value: Scalar): number {
    const cell = this.cellOf(value)
    return cell < 0 ? NaN : (cell + 0.5) / this.cells
  }

  decode(unit: number): Scalar {
    return this.valueAt(Math.floor(unit * this.cells))
  }

  quantile(probability: number): Scalar {
    if (!this.hasPrior) return this.decode(probability)
    let cell = 0
    for (let rest = probability - (this.weights[0] as number); rest >= 0 && cell < this.cells - 1; rest -= this.weights[cell] as number) cell++
    return this.valueAt(cell)
  }

  valueAt(cell: number): Scalar {
    return this.leaf.values[cell > 0 ? (cell < this.cells ? cell : this.cells - 1) : 0] as Scalar
  }

  cellOf(value: unknown): number {
    return this.#cells === undefined ? this.leaf.values.indexOf(value as Scalar) : (this.#cells.get(value) ?? -1)
  }

  has(value: unknown): boolean {
    return this.cellOf(value) >= 0
  }
}
