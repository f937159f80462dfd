import type { RandomStream } from '../contracts/random.ts'
import type { SearchSpace, SpaceConstraint } from '../contracts/space.ts'
import type { FlatParams, Json, Scalar } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'
import { bindConstraints } from './bind-constraints.ts'
import { canonicalJson } from './canonical-json.ts'
import { Compiler } from './compile.ts'
import { constraint, type Constraint } from './constraint.ts'
import type { CheckedNames, Definition, Leaf } from './definition.ts'
import { describeLeaf } from './describe-leaf.ts'
import { differenceOfForms } from './difference-of-forms.ts'
import { DimensionTree } from './dimension-tree.ts'
import { flattenDynamic, growDimensions, nestDynamic } from './dynamic-space.ts'
import { fingerprintOf } from './fingerprint.ts'
import { constraintsFromJson, constraintsToJson, FORMAT, groupFromJson, groupToJson, leafFromJson, leafToJson, readingSpace } from './json.ts'
import { flatten, nest, sizeOf } from './layout.ts'
import type { GroupLayout } from './layout.ts'
import type { LeafDimension } from './leaf-dimension.ts'
import { sampleWithin } from './sample-within.ts'
import { sameLeaf } from './same-leaf.ts'
import { show } from './show.ts'
import type { ValueOf } from './value-of.ts'

/** Options of `space`. */
export interface SpaceOptions<P> {
  /** Bounds that parameters must keep, each with a name of its own. */
  readonly constraints?: readonly Constraint<P>[]
}

/** What a space defined up front has beside its dimensions; one defined by running has none of it. */
interface Fixed {
  readonly definition: Definition
  readonly layout: GroupLayout
  readonly constraints: readonly Constraint<never>[]
}

/**
 * A space of parameters from its definition, a plain object of `float(…)`, `int(…)`, `choice(…)` and so on.
 * Throws an AttuneError with the path of what is wrong: EMPTY_SPACE, DEFINITION, BOUNDS, LOG_BOUNDS, STEP, PRIOR, NAME_FORBIDDEN,
 * DUPLICATE_NAME, EMPTY_CHOICE, DUPLICATE_CHOICE, CHOICE_VALUE, WEIGHTS, REPEAT_BOUNDS or CONSTRAINT.
 */
export function space<const D extends Definition>(definition: D & CheckedNames<D>, options: SpaceOptions<ValueOf<NoInfer<D>>> = {}): Space<ValueOf<D>> {
  return Space.of<ValueOf<D>>(definition, options)
}

/**
 * An immutable set of parameters.
 *
 * @typeParam P their nested form, as `space` infers it.
 */
export class Space<P = unknown> implements SearchSpace {
  /** Parents before children, otherwise by name: spaces with the same fingerprint have the same dimensions, save those defined by running, which are in the order they were met. */
  readonly dimensions: readonly LeafDimension[]
  readonly constraints: readonly SpaceConstraint[]
  readonly size: number
  readonly #tree: DimensionTree
  readonly #fixed: Fixed | undefined
  #fingerprint: string | undefined

  private constructor(dimensions: readonly LeafDimension[], fixed: Fixed | undefined) {
    this.dimensions = dimensions
    this.#tree = new DimensionTree(dimensions)
    this.#fixed = fixed
    this.size = fixed === undefined ? dimensions.reduce((size, { cells }) => size * cells, 1) : sizeOf(fixed.layout, dimensions)
    this.constraints = fixed === undefined ? [] : bindConstraints(fixed.constraints, this.#tree.byPath, (flatParams) => nest(fixed.layout, flatParams) as never)
  }

  /** Like `space`, for definitions whose type is not known. */
  static of<P = unknown>(definition: Definition, options: SpaceOptions<P> = {}): Space<P> {
    checkOptions(options)
    const compiler = new Compiler()
    const layout = compiler.compile(definition)
    return new Space<P>(compiler.dimensions, { definition, layout, constraints: options.constraints ?? [] })
  }

  /** A space without parameters yet, that grows by `extend` as running code meets them. */
  static dynamic<P = unknown>(): Space<P> {
    return new Space<P>([], undefined)
  }

  /**
   * The space of a JSON form. Constraints that are functions are given again, with the same names and versions.
   * Throws SPACE_JSON if the form is malformed or of a newer format, CONSTRAINT if a function is missing or another version.
   */
  static fromJSON<P = unknown>(json: Json, options: SpaceOptions<P> = {}): Space<P> {
    return readingSpace(() => {
      const { format, space: definition, leaves, constraints = [] } = Object(json) as { readonly [key: string]: Json | undefined }
      if (format !== FORMAT) throw new AttuneError('SPACE_JSON', `A space in the format ${show(format)} cannot be read, only '${FORMAT}': check where it comes from, or install the version that wrote it.`)
      if (!Array.isArray(leaves)) return Space.of<P>(groupFromJson(definition, 'space'), { constraints: constraintsFromJson(constraints, options.constraints ?? []) })
      const named = (leaves as readonly ({ readonly path?: Json } | null)[]).map((leaf) => [typeof leaf?.path === 'string' ? leaf.path : '', leafFromJson(leaf)] as const)
      return new Space<P>(growDimensions([], named), undefined)
    })
  }

  get fingerprint(): string {
    return (this.#fingerprint ??= fingerprintOf(canonicalJson(this.#form(this.dimensions.toSorted((a, b) => (a.path < b.path ? -1 : 1))))))
  }

  sample(random: RandomStream): FlatParams {
    return this.constraints.length === 0 ? this.#tree.draw(random) : sampleWithin(this.constraints, () => this.#tree.draw(random))
  }

  encode(flatParams: FlatParams, out: Float64Array = new Float64Array(this.dimensions.length)): Float64Array {
    return this.#tree.encode(flatParams, out)
  }

  decode(units: ArrayLike<number>): FlatParams {
    return this.#tree.decode(units)
  }

  violation(flatParams: FlatParams): number {
    let worst = 0
    for (const constraint of this.constraints) worst = Math.max(worst, constraint.violation(flatParams))
    return worst
  }

  problems(flatParams: FlatParams): readonly string[] {
    return this.#tree.problems(flatParams)
  }

  /** Nested parameters of a flat point that has no problems. */
  nest(flatParams: FlatParams): P {
    return (this.#fixed === undefined ? nestDynamic(this.dimensions, flatParams) : nest(this.#fixed.layout, flatParams)) as P
  }

  /** The flat form of nested parameters, in the order of the dimensions. Throws PARAMS at the first key that is missing, unknown or out of range. */
  flatten(params: P): FlatParams {
    const found: { [path: string]: Scalar } = {}
    if (this.#fixed === undefined) flattenDynamic(this.#tree.byPath, params, found, '')
    else flatten(this.#fixed.layout, params, found, '', this.dimensions)
    const flat: { [path: string]: Scalar } = {}
    for (const { path } of this.dimensions) if (Object.hasOwn(found, path)) flat[path] = found[path] as Scalar
    return flat
  }

  /**
   * The space with one more leaf, for spaces defined by running; itself if it has that leaf already.
   * Throws LEAF_CHANGED if the path has another definition, NOT_DYNAMIC for a space defined up front, and what `space` throws for the leaf.
   */
  extend(path: string, leaf: Leaf): Space<P> {
    const known = this.#tree.byPath.get(path)
    if (known !== undefined && sameLeaf(known.leaf, leaf)) return this
    if (this.#fixed !== undefined) {
      throw new AttuneError('NOT_DYNAMIC', `'${path}' cannot be added to a space that is defined up front: add it to the definition, or begin with Space.dynamic().`, { details: { path } })
    }
    if (known !== undefined) {
      throw new AttuneError('LEAF_CHANGED', `'${path}' was ${describeLeaf(known.leaf)} and is now ${describeLeaf(leaf)}: keep the first definition, name the new one otherwise, or start a new study.`, { details: { path, before: known.leaf, after: leaf } })
    }
    return new Space<P>(growDimensions(this.dimensions, [[path, leaf]]), undefined)
  }

  /** A point of an earlier revision of this space with what it lacks, out of `values`; itself if it lacks nothing. */
  complete(flatParams: FlatParams, values: FlatParams): FlatParams {
    return this.#tree.complete(flatParams, values)
  }

  /**
   * Another revision of this space from its JSON form, with the constraint functions of this one. A function that this one has
   * not any more holds everywhere: nobody draws from a space of the past. Throws SPACE_JSON.
   */
  revision(json: Json): Space<P> {
    const { constraints } = Object(json) as { readonly constraints?: Json }
    const named = (Array.isArray(constraints) ? constraints : []) as readonly { readonly kind?: Json; readonly name?: Json; readonly version?: Json }[]
    const functions = named.flatMap(({ kind, name, version }): readonly Constraint<P>[] => {
      if (kind !== 'function' || typeof name !== 'string' || typeof version !== 'number') return []
      return [(this.definedConstraints as readonly Constraint<P>[]).find((own) => own.kind === 'function' && own.name === name && own.version === version) ?? constraint<P>(name, () => 0, { version })]
    })
    return Space.fromJSON<P>(json, { constraints: functions })
  }

  /** What the constraints were made of. */
  get definedConstraints(): readonly Constraint<never>[] {
    return this.#fixed?.constraints ?? []
  }

  /** What changed from this space to the other, a message for each change (`learningRate: high 0.1 → 1`); empty if they are equal. */
  difference(other: Space<unknown>): readonly string[] {
    return differenceOfForms(this.toJSON(), other.toJSON())
  }

  toJSON(): Json {
    return this.#form(this.dimensions)
  }

  #form(dimensions: readonly LeafDimension[]): Json {
    if (this.#fixed === undefined) return { format: FORMAT, leaves: dimensions.map(({ path, leaf }) => ({ path, ...leafToJson(leaf) })) }
    return { format: FORMAT, space: groupToJson(this.#fixed.definition), constraints: constraintsToJson(this.#fixed.constraints) }
  }
}

function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null) throw new AttuneError('OPTION', `The options of a space cannot be ${show(options)}: give { constraints: [ … ] }, or nothing.`)
  for (const key of Object.keys(options)) if (key !== 'constraints') throw new AttuneError('OPTION', `A space does not know the option "${key}": it takes { constraints: [ … ] }.`)
}
