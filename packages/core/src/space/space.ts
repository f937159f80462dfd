import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { RandomStream } from '../contracts/random.ts'
import type { SearchSpace, SpaceConstraint } from '../contracts/space.ts'
import type { FlatParams, Json, Scalar } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'
import { checkName, Compiler, makeDimension } from './compile.ts'
import { bindConstraints } from './bind-constraints.ts'
import type { Constraint } from './constraint.ts'
import type { Definition, Leaf } from './definition.ts'
import { checkLeaf } from './check-leaf.ts'
import { describeLeaf } from './describe-leaf.ts'
import { canonical, differenceOfNodes } from './difference.ts'
import { flattenDynamic, nestDynamic } from './dynamic-layout.ts'
import { flatten, nest, sizeOf } from './layout.ts'
import type { GroupLayout } from './layout.ts'
import type { LeafDimension } from './leaf-dimension.ts'
import type { Params } from './types.ts'
import { constraintsFromJson, constraintsToJson, definitionFromJson, definitionToJson, FORMAT, guarded, leafFromJson, leafToJson } from './json.ts'

/** Tries of `sample` before constraints count as nearly infeasible. */
const MOST_TRIES = 10_000

const NO_PROBLEMS: readonly string[] = Object.freeze([])

export interface SpaceOptions<P> {
  readonly constraints?: readonly Constraint<P>[]
}

/** What a space is made of. */
interface Parts {
  readonly dimensions: readonly LeafDimension[]
  readonly constraints: readonly Constraint<never>[]
  /** Undefined for a space defined by running. */
  readonly fixed: { readonly definition: Definition; readonly layout: GroupLayout } | undefined
}

/**
 * A space of parameters from its definition. Throws an AttuneError with one of the codes EMPTY_SPACE, DEFINITION, BOUNDS, LOG_BOUNDS, STEP,
 * PRIOR, NAME_FORBIDDEN, DUPLICATE_NAME, EMPTY_CHOICE, DUPLICATE_CHOICE, CHOICE_VALUE, WEIGHTS, REPEAT_BOUNDS, CONSTRAINT.
 */
export function space<const D extends Definition>(definition: D, options: SpaceOptions<Params<NoInfer<D>>> = {}): Space<Params<D>> {
  return Space.of<Params<D>>(definition, options)
}

/** An immutable set of parameters, with types `P` for their nested form. */
export class Space<P = unknown> implements SearchSpace {
  readonly dimensions: readonly LeafDimension[]
  readonly constraints: readonly SpaceConstraint[]
  readonly size: number
  readonly #parts: Parts
  readonly #byPath: ReadonlyMap<string, LeafDimension>
  /** Of each dimension: the parent it depends on (-1: none), and by cell of the parent whether it is active. */
  readonly #parents: Int32Array
  readonly #activeIn: readonly (Uint8Array | undefined)[]
  readonly #isParent: Uint8Array
  /** Cell of each parent at the point at hand, -1 where inactive. */
  readonly #cells: Int32Array
  #fingerprint: string | undefined

  private constructor(parts: Parts) {
    const { dimensions, fixed } = parts
    this.#parts = parts
    this.dimensions = dimensions
    this.#byPath = new Map(dimensions.map((dimension) => [dimension.path, dimension]))
    this.#parents = new Int32Array(dimensions.length).fill(-1)
    this.#isParent = new Uint8Array(dimensions.length)
    this.#cells = new Int32Array(dimensions.length)
    this.#activeIn = dimensions.map(({ index, conditions: [condition] }) => {
      if (condition === undefined) return undefined
      this.#parents[index] = condition.parent
      this.#isParent[condition.parent] = 1
      return Uint8Array.from({ length: (dimensions[condition.parent] as LeafDimension).cells }, (_, cell) => Number(condition.cells.has(cell)))
    })
    this.size = fixed === undefined ? dimensions.reduce((size, { cells }) => size * cells, 1) : sizeOf(fixed.layout, dimensions)
    this.constraints = bindConstraints(parts.constraints, this.#byPath, (flat) => this.nest(flat) as never)
  }

  /** See `space`, which infers the type of the parameters. */
  static of<P = unknown>(definition: Definition, options: SpaceOptions<P> = {}): Space<P> {
    const compiler = new Compiler()
    const layout = compiler.root(definition)
    return new Space<P>({ dimensions: compiler.dimensions, constraints: options.constraints ?? [], fixed: { definition, layout } })
  }

  /** A space without parameters yet, to be grown by `extend` as code meets them. */
  static dynamic<P = unknown>(): Space<P> {
    return new Space<P>({ dimensions: [], constraints: [], fixed: undefined })
  }

  /**
   * The space of a JSON form. Constraints that are functions are given again, under their names and versions.
   * Throws SPACE_JSON if the form is malformed, CONSTRAINT if a function is missing.
   */
  static fromJSON<P = unknown>(json: Json, options: SpaceOptions<P> = {}): Space<P> {
    return guarded(() => {
      const { format, space: definition, leaves, constraints } = Object(json) as { readonly [key: string]: Json | undefined }
      if (format !== FORMAT) throw new AttuneError('SPACE_JSON', `A space in the format ${show(format)} cannot be read, only '${FORMAT}'; check what was stored, or install the version that wrote it.`)
      if (leaves === undefined) return Space.of<P>(definitionFromJson(definition), { constraints: constraintsFromJson(constraints, options.constraints ?? []) })
      let grown = Space.dynamic<P>()
      for (const [path, leaf] of leaves as readonly [string, Json][]) grown = grown.extend(path, leafFromJson(leaf))
      return grown
    })
  }

  get fingerprint(): string {
    return (this.#fingerprint ??= bytesToHex(sha256(utf8ToBytes(canonical(this.toJSON())))))
  }

  sample(random: RandomStream): FlatParams {
    const { constraints } = this
    if (constraints.length === 0) return this.#draw(random)
    const rejected = new Float64Array(constraints.length)
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const flat = this.#draw(random)
      let feasible = true
      for (let i = 0; i < constraints.length; i++) {
        if ((constraints[i] as SpaceConstraint).violation(flat) <= 0) continue
        rejected[i]!++
        feasible = false
      }
      if (feasible) return flat
    }
    const worst = rejected.indexOf(Math.max(...rejected))
    const { name } = constraints[worst] as SpaceConstraint
    const rate = (rejected[worst] as number) / MOST_TRIES
    throw new AttuneError('NEARLY_INFEASIBLE', `No point of ${MOST_TRIES} random ones keeps all constraints; '${name}' forbade ${(rate * 100).toFixed(1)} % of them. Loosen it, or narrow the bounds to where it holds.`, { details: { name, rate } })
  }

  #draw(random: RandomStream): FlatParams {
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

  /** Whether dimension i is active where the cells of the parents before it are known; notes it as inactive if not. */
  #isActive(i: number): boolean {
    const parent = this.#parents[i] as number
    if (parent < 0) return true
    const cell = this.#cells[parent] as number
    if (cell >= 0 && (this.#activeIn[i] as Uint8Array)[cell] === 1) return true
    this.#cells[i] = -1
    return false
  }

  encode(flatParams: FlatParams, out: Float64Array = new Float64Array(this.dimensions.length)): Float64Array {
    const { dimensions } = this
    for (let i = 0; i < dimensions.length; i++) {
      out[i] = NaN
      if (!this.#isActive(i)) continue
      const dimension = dimensions[i] as LeafDimension
      const value = flatParams[dimension.path]
      if (this.#isParent[i] === 1) this.#cells[i] = dimension.cellOf(value as Scalar)
      if (value !== undefined) out[i] = dimension.encode(value)
    }
    return out
  }

  decode(units: ArrayLike<number>): FlatParams {
    const { dimensions } = this
    const flat: { [path: string]: Scalar } = {}
    for (let i = 0; i < dimensions.length; i++) {
      if (!this.#isActive(i)) continue
      const dimension = dimensions[i] as LeafDimension
      const unit = units[i] as number
      if (!(unit >= 0 && unit <= 1)) {
        if (dimension.dynamic && !(unit < 0 || unit > 1)) continue
        throw new AttuneError('COORDINATE', `The coordinate of '${dimension.path}' is ${String(unit)}: give a number from 0 to 1 for each active parameter.`, { details: { path: dimension.path, unit } })
      }
      const value = dimension.decode(unit)
      flat[dimension.path] = value
      if (this.#isParent[i] === 1) this.#cells[i] = dimension.cellOf(value)
    }
    return flat
  }

  violation(flatParams: FlatParams): number {
    let worst = 0
    for (const constraint of this.constraints) worst = Math.max(worst, constraint.violation(flatParams))
    return worst
  }

  problems(flatParams: FlatParams): readonly string[] {
    const { dimensions } = this
    let known = 0
    let bad = false
    for (let i = 0; i < dimensions.length && !bad; i++) {
      if (!this.#isActive(i)) continue
      const dimension = dimensions[i] as LeafDimension
      const value = flatParams[dimension.path]
      if (value === undefined && dimension.dynamic) continue
      known++
      if (this.#isParent[i] === 1) {
        const cell = dimension.cellOf(value as Scalar)
        this.#cells[i] = cell
        bad = cell < 0
      } else bad = !dimension.has(value)
    }
    if (!bad) {
      for (const _ in flatParams) known--
      if (known === 0) return NO_PROBLEMS
    }
    return this.#explain(flatParams)
  }

  #explain(flatParams: FlatParams): readonly string[] {
    const problems: string[] = []
    for (const dimension of this.dimensions) {
      const { index, path, leaf } = dimension
      const value = Object.hasOwn(flatParams, path) ? flatParams[path] : undefined
      const isActive = this.#isActive(index)
      if (isActive) this.#cells[index] = dimension.cellOf(value as Scalar)
      if (isActive && value === undefined && !dimension.dynamic) problems.push(`'${path}' is missing; give a value of ${describeLeaf(leaf)}`)
      if (isActive && value !== undefined && !dimension.has(value)) problems.push(`'${path}' is ${show(value)}, which is not a value of ${describeLeaf(leaf)}`)
      if (!isActive && value !== undefined) problems.push(`'${path}' is inactive here, because of '${(this.dimensions[this.#parents[index] as number] as LeafDimension).path}'; leave it out`)
    }
    for (const path of Object.keys(flatParams)) {
      if (flatParams[path] === undefined || !this.#byPath.has(path)) problems.push(`'${path}' is not a parameter of the space; leave it out or correct its name`)
    }
    return problems
  }

  /** Nested parameters of a flat point that has no problems. */
  nest(flatParams: FlatParams): P {
    const { fixed } = this.#parts
    return (fixed === undefined ? nestDynamic(this.dimensions, flatParams) : nest(fixed.layout, flatParams)) as P
  }

  /** The flat form of nested parameters. Throws PARAMS, naming the first key that is wrong. Constraints are not looked at. */
  flatten(params: P): FlatParams {
    const { fixed } = this.#parts
    const found: { [path: string]: Scalar } = {}
    if (fixed === undefined) flattenDynamic(this.#byPath, params, found, '')
    else flatten(fixed.layout, params, found, '', this.dimensions)
    const flat: { [path: string]: Scalar } = {}
    for (const { path } of this.dimensions) if (Object.hasOwn(found, path)) flat[path] = found[path] as Scalar
    return flat
  }

  /**
   * The space with one more leaf, for spaces defined by running; itself if it has the leaf already.
   * Throws LEAF_CHANGED if the path has another definition, NOT_DYNAMIC if the space is not one defined by running.
   */
  extend(path: string, leaf: Leaf): Space<P> {
    const { dimensions, fixed } = this.#parts
    const known = this.#byPath.get(path)
    if (known !== undefined && (known.leaf === leaf || canonical(leafToJson(known.leaf)) === canonical(leafToJson(leaf)))) return this
    if (fixed !== undefined) throw new AttuneError('NOT_DYNAMIC', `'${path}' cannot be added to a space that is defined up front; add it to the definition, or start from Space.dynamic().`, { details: { path } })
    if (known !== undefined) {
      throw new AttuneError('LEAF_CHANGED', `'${path}' was ${describeLeaf(known.leaf)} and is now ${describeLeaf(leaf)}; keep the first, use another name for the new one, or start a new study.`, { details: { path, before: known.leaf, after: leaf } })
    }
    for (const name of path.split('.')) checkName(name, '')
    const clash = dimensions.find((other) => other.path.startsWith(`${path}.`) || path.startsWith(`${other.path}.`))
    if (clash !== undefined) throw new AttuneError('DUPLICATE_NAME', `'${path}' and '${clash.path}' cannot both be parameters, since one would hold the other; rename one of them.`, { details: { path } })
    checkLeaf(leaf, path)
    return new Space<P>({ dimensions: [...dimensions, makeDimension(leaf, path, dimensions.length, [], true)], constraints: [], fixed })
  }

  /** What changed from this space to another, one message for each change; empty if they are equal. */
  difference(other: Space<unknown>): readonly string[] {
    const out: string[] = []
    const tree = (of: Space<unknown>): Json => {
      const { fixed, dimensions } = of.#parts
      return fixed === undefined ? Object.fromEntries(dimensions.map(({ path, leaf }) => [path, leafToJson(leaf)])) : definitionToJson(fixed.definition)
    }
    differenceOfNodes(tree(this), tree(other), '', out)
    const bounds = (of: Space<unknown>): { [name: string]: string } => Object.fromEntries(constraintsToJson(of.#parts.constraints).map((one) => [(one as { name: string }).name, canonical(one)]))
    const [before, after] = [bounds(this), bounds(other)]
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (before[name] === after[name]) continue
      out.push(`constraint '${name}': ${before[name] === undefined ? 'added' : after[name] === undefined ? 'removed' : `${before[name]} → ${after[name]}`}`)
    }
    return out
  }

  toJSON(): Json {
    const { fixed, dimensions, constraints } = this.#parts
    if (fixed === undefined) return { format: FORMAT, leaves: dimensions.map(({ path, leaf }) => [path, leafToJson(leaf)]) }
    return { format: FORMAT, space: definitionToJson(fixed.definition), constraints: constraintsToJson(constraints) }
  }
}
