import type { RandomStream } from './random.ts'
import type { FlatParams, Json, Scalar } from './values.ts'

/** A dimension is active when one of its conditions holds: the parent is active and in one of these cells. */
export interface Condition {
  /** Index of the parent dimension, lower than the child's. The parent is discrete. */
  readonly parent: number
  /** Cells of the parent in which the child is active. */
  readonly cells: ReadonlySet<number>
}

/** One parameter of a space, as models see it. */
export interface Dimension {
  /** Position in `Space.dimensions`, and of its coordinate in an encoded point. */
  readonly index: number
  readonly path: string
  /** How a model should treat it: `number` (float, int), `ordinal` (ordered levels) or `categorical` (choice, boolean, branch). */
  readonly kind: 'number' | 'ordinal' | 'categorical'
  /** Number of different values; Infinity for a float without step. Cell c of n is the coordinate (c + 0.5) / n, save on a log scale: there cells are as wide as their values are apart. */
  readonly cells: number
  /** True if values are spread on a logarithmic scale. */
  readonly log: boolean
  /** None: always active. Otherwise active when any of them holds. */
  readonly conditions: readonly Condition[]
  /** True for a leaf of a space defined by running: only the trials that met it have it. */
  readonly dynamic: boolean
  /** Prior probability of each cell, for categorical and ordinal dimensions; undefined for numbers. */
  readonly weights: Float64Array | undefined
  /** True if the leaf has a prior other than uniform on its scale. */
  readonly hasPrior: boolean
  /** Coordinate in [0, 1] of a value; NaN if the value is not one of this dimension. */
  encode(value: Scalar): number
  /** Value at a coordinate in [0, 1]. `decode(encode(v))` is v for every v that `decode` answers. */
  decode(unit: number): Scalar
  /** Value at a quantile in [0, 1) of the prior. */
  quantile(probability: number): Scalar
  /** Value of a cell in [0, cells); only where `cells` is finite. */
  valueAt(cell: number): Scalar
  /** Cell of a value; -1 if the value is not one of this dimension, or there are no cells. */
  cellOf(value: Scalar): number
}

/** A bound that parameters must keep. Feasible when `violation` is 0 or less. */
export interface SpaceConstraint {
  readonly name: string
  /** NaN counts as violated. */
  violation(flatParams: FlatParams): number
}

/**
 * What samplers see of a space: an immutable list of dimensions, parents before children.
 * A space defined by running is replaced by a longer one as leaves are met; indexes stay.
 */
export interface SearchSpace {
  readonly dimensions: readonly Dimension[]
  readonly constraints: readonly SpaceConstraint[]
  /** Identifies the definition: equal for equal spaces, whatever the order of names. */
  readonly fingerprint: string
  /** Number of different points; Infinity if there is a float without step. */
  readonly size: number
  /** One point from the prior that keeps the constraints. Throws NEARLY_INFEASIBLE after a bounded number of tries. */
  sample(random: RandomStream): FlatParams
  /** Coordinates by dimension, NaN where inactive. Written into `out` if given. */
  encode(flatParams: FlatParams, out?: Float64Array): Float64Array
  /** The point at these coordinates; those of dimensions that turn out inactive are not read. */
  decode(units: ArrayLike<number>): FlatParams
  /** Largest violation over all constraints, 0 if the point keeps them all. */
  violation(flatParams: FlatParams): number
  /** What is wrong with a point (missing, unknown, out of range, inactive): messages that name the path, empty if nothing. */
  problems(flatParams: FlatParams): readonly string[]
  /** JSON form, from which an equal space can be built. */
  toJSON(): Json
}
