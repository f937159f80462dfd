import { AttuneError, type Condition, type FlatParams, type Json, type LeafDimension, nearestName, type RandomStream, type Scalar, type SearchSpace, type SpaceConstraint } from '@attune/core'
import { gridValues } from '../grid/grid-values.ts'
import { GridTree } from '../grid/grid-tree.ts'
import { meansPath } from '../path-pattern.ts'
import { placed, type Restriction, restrictedDimension } from './restricted-dimension.ts'

const mostTries = 10_000

/** By path; `*` stands for one name. A branch is meant by the path of its `oneOf`. */
export type Restrictions = { readonly [path: string]: Restriction }

/** What becomes of a dimension: the index that it has inside, or its one value; undefined if it is never active any more. */
type Place = { readonly index: number } | { readonly fixed: Scalar } | undefined

/**
 * A part of a space as a space of its own: parameters with fewer values, without those that have one value left and those that are
 * in branches never taken. Its points become points of the whole by `complete`.
 */
export class RestrictedSpace implements SearchSpace {
  readonly dimensions: readonly LeafDimension[]
  readonly constraints: readonly SpaceConstraint[]
  readonly #whole: SearchSpace
  readonly #restrictions: Restrictions
  readonly #places: readonly Place[]
  #size: number | undefined

  /** Throws OPTION for restrictions that the space cannot have. */
  constructor(whole: SearchSpace, restrictions: Restrictions) {
    this.#whole = whole
    this.#restrictions = restrictions
    checkPaths(whole, restrictions)
    const places: Place[] = []
    const inside: LeafDimension[] = []
    /** Conditions of each dimension of the whole, in terms of what is inside; undefined if it is never active. */
    const conditions: (readonly Condition[] | undefined)[] = []
    for (const dimension of whole.dimensions as readonly LeafDimension[]) {
      const own = conditionsInside(whole, dimension, places, inside, conditions)
      conditions.push(own)
      const restriction = restrictionOf(dimension.path, restrictions)
      const smaller = restriction === undefined ? dimension : restrictedDimension(dimension, restriction)
      if (own === undefined) places.push(undefined)
      else if ('fixed' in smaller) places.push(smaller)
      else {
        places.push({ index: inside.length })
        inside.push(placed(smaller, dimension, inside.length, own))
      }
    }
    this.dimensions = inside
    this.#places = places
    this.constraints = whole.constraints.map((constraint) => ({ name: constraint.name, violation: (flatParams) => constraint.violation(this.complete(flatParams)) }))
  }

  get fingerprint(): string {
    return `${this.#whole.fingerprint}|${JSON.stringify(this.#restrictions)}`
  }

  get size(): number {
    return (this.#size ??= this.dimensions.some(({ cells }) => cells === Infinity) ? Infinity : new GridTree(this, gridValues(this, {})).size)
  }

  /** The point of the whole space that a point of this one stands for. */
  complete(flatParams: FlatParams): FlatParams {
    const flat: { [path: string]: Scalar } = {}
    for (const [index, dimension] of this.#whole.dimensions.entries()) {
      const place = this.#places[index]
      if (place === undefined || !isActive(this.#whole, index, flat)) continue
      const value = 'fixed' in place ? place.fixed : flatParams[dimension.path]
      if (value !== undefined) flat[dimension.path] = value
    }
    return flat
  }

  /** Whether a point of the whole space is one of this one. */
  has(flatParams: FlatParams): boolean {
    return this.#whole.dimensions.every(({ path }, index) => {
      const value = flatParams[path]
      const place = this.#places[index]
      if (value === undefined) return true
      return place !== undefined && ('fixed' in place ? place.fixed === value : (this.dimensions[place.index] as LeafDimension).has(value))
    })
  }

  sample(random: RandomStream): FlatParams {
    for (let tries = 0; tries < mostTries; tries++) {
      const flat: { [path: string]: Scalar } = {}
      for (const dimension of this.dimensions) if (isActive(this, dimension.index, flat)) flat[dimension.path] = dimension.quantile(random.uniform())
      if (this.violation(flat) <= 0) return flat
    }
    throw new AttuneError('NEARLY_INFEASIBLE', `None of ${mostTries} random points of the restricted space keeps all constraints: restrict it less, or loosen a constraint.`)
  }

  encode(flatParams: FlatParams, out: Float64Array = new Float64Array(this.dimensions.length)): Float64Array {
    for (const dimension of this.dimensions) {
      const { index, path } = dimension
      const value = isActive(this, index, flatParams) ? flatParams[path] : undefined
      out[index] = value === undefined ? NaN : dimension.encode(value)
    }
    return out
  }

  decode(units: ArrayLike<number>): FlatParams {
    const flat: { [path: string]: Scalar } = {}
    for (const dimension of this.dimensions) {
      const { index, path, dynamic } = dimension
      if (!isActive(this, index, flat)) continue
      const unit = units[index]
      if (unit !== undefined && !Number.isNaN(unit)) flat[path] = dimension.decode(unit)
      else if (!dynamic) throw new AttuneError('COORDINATE', `The coordinate of '${path}' is ${String(unit)}: give a number from 0 to 1 for each active dimension.`, { details: { path } })
    }
    return flat
  }

  violation(flatParams: FlatParams): number {
    return this.constraints.length === 0 ? 0 : this.#whole.violation(this.complete(flatParams))
  }

  problems(flatParams: FlatParams): readonly string[] {
    const outside = Object.keys(flatParams).filter((path) => !this.dimensions.some((dimension) => dimension.path === path && dimension.has(flatParams[path])))
    return [...this.#whole.problems(this.complete(flatParams)), ...outside.map((path) => `'${path}' has no value ${JSON.stringify(flatParams[path])} in the restricted space`)]
  }

  toJSON(): Json {
    return { whole: this.#whole.toJSON(), restrictions: this.#restrictions as Json }
  }
}

function isActive({ dimensions }: SearchSpace, index: number, flat: FlatParams): boolean {
  const { conditions } = dimensions[index] as LeafDimension
  return conditions.length === 0 || conditions.some(({ parent, cells }) => {
    const dimension = dimensions[parent] as LeafDimension
    const value = flat[dimension.path]
    return value !== undefined && cells.has(dimension.cellOf(value))
  })
}

/** What must hold inside for a dimension to be active: nothing (an empty list), or one of some conditions; undefined if it never is. */
function conditionsInside(whole: SearchSpace, { conditions }: LeafDimension, places: readonly Place[], inside: readonly LeafDimension[], above: readonly (readonly Condition[] | undefined)[]): readonly Condition[] | undefined {
  if (conditions.length === 0) return []
  const found: Condition[] = []
  for (const { parent, cells } of conditions) {
    const place = places[parent]
    const outer = whole.dimensions[parent] as LeafDimension
    if (place === undefined) continue
    if ('fixed' in place) {
      if (!cells.has(outer.cellOf(place.fixed))) continue
      // Active whenever its parent is.
      const own = above[parent] as readonly Condition[]
      if (own.length === 0) return []
      found.push(...own)
      continue
    }
    const kept = inside[place.index] as LeafDimension
    const within = new Set([...cells].map((cell) => kept.cellOf(outer.valueAt(cell))).filter((cell) => cell >= 0))
    if (within.size > 0) found.push({ parent: place.index, cells: within })
  }
  return found.length === 0 ? undefined : found
}

function restrictionOf(path: string, restrictions: Restrictions): Restriction | undefined {
  const pattern = Object.keys(restrictions).find((one) => meansDimension(one, path))
  return pattern === undefined ? undefined : restrictions[pattern]
}

/** A `oneOf` is meant by its own path, a `repeat` too: its number of elements. */
function meansDimension(pattern: string, path: string): boolean {
  return meansPath(pattern, path) || meansPath(`${pattern}.type`, path) || meansPath(`${pattern}.length`, path)
}

function checkPaths({ dimensions }: SearchSpace, restrictions: Restrictions): void {
  // What is not met yet may come.
  if (dimensions.length === 0 || dimensions.some(({ dynamic }) => dynamic)) return
  const paths = dimensions.map(({ path }) => path)
  const unknown = Object.keys(restrictions).find((pattern) => !paths.some((path) => meansDimension(pattern, path)))
  if (unknown === undefined) return
  const near = nearestName(unknown, paths)
  throw new AttuneError('OPTION', `'${unknown}' is not a parameter of the space, so it cannot be restricted${near === undefined ? '.' : `: is it '${near}'?`} The parameters are ${paths.join(', ')}.`, { details: { path: unknown } })
}
