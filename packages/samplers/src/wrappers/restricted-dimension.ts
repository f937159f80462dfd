import { AttuneError, type Condition, type Dimension, type Leaf, type LeafDimension, type LevelLeaf, type NumberLeaf, type Scalar, Space } from '@attune/core'

/** What a parameter may still be: one value, some levels, or the bounds of a number, both included. */
export type Restriction = Scalar | readonly Scalar[]

/**
 * The dimension that a smaller leaf would have: coordinates from 0 to 1 over what is left of its values, with the prior cut off there. The same
 * dimension if nothing is cut off, and `fixed` where one value is left. Throws OPTION for values that the dimension does not have.
 */
export function restrictedDimension(dimension: LeafDimension, restriction: Restriction): LeafDimension | { readonly fixed: Scalar } {
  const given = (Array.isArray(restriction) ? restriction : [restriction]) as readonly Scalar[]
  const { leaf } = dimension
  const smaller = 'values' in leaf ? levelsAmong(dimension, leaf, given) : numberWithin(dimension, leaf, given)
  if (smaller === leaf) return dimension
  if ('values' in smaller ? smaller.values.length === 1 : smaller.low === smaller.high) return { fixed: 'values' in smaller ? (smaller.values[0] as Scalar) : smaller.low }
  const inner = Space.of({ restricted: smaller }).dimensions[0] as LeafDimension
  return dimension.kind === 'number' && inner.cells < Infinity ? withValuesOf(dimension, inner) : inner
}

/** The values of a number with a step as the whole space has them: counted from another bound, some differ in their last digit. */
function withValuesOf(outer: LeafDimension, inner: LeafDimension): LeafDimension {
  const first = outer.cellOf(inner.valueAt(0))
  const cellOf = (value: Scalar): number => {
    const cell = outer.cellOf(value) - first
    return cell >= 0 && cell < inner.cells ? cell : -1
  }
  const outside = (value: Scalar): Scalar => outer.valueAt(first + inner.cellOf(value))
  return {
    ...placed(inner, inner, inner.index, inner.conditions),
    encode: (value) => {
      const cell = cellOf(value)
      return cell < 0 ? NaN : inner.encode(inner.valueAt(cell))
    },
    decode: (unit) => outside(inner.decode(unit)),
    quantile: (probability) => outside(inner.quantile(probability)),
    valueAt: (cell) => outer.valueAt(first + cell),
    cellOf,
    has: (value) => outer.has(value) && cellOf(value as Scalar) >= 0,
  }
}

function numberWithin(dimension: LeafDimension, leaf: NumberLeaf, given: readonly Scalar[]): Leaf {
  const [low, high = low] = given
  if (given.length < 1 || given.length > 2 || typeof low !== 'number' || typeof high !== 'number' || !(low <= high)) fail(dimension, given, 'is a number: give one value, or [low, high]')
  if (low < leaf.low || high > leaf.high) fail(dimension, given, `goes from ${leaf.low} to ${leaf.high}`)
  if (leaf.step === undefined) return low === leaf.low && high === leaf.high ? leaf : { ...leaf, low, high }
  // With a step the bounds are the outermost of its values between these.
  const first = firstCell(dimension, (value) => value >= low)
  const last = firstCell(dimension, (value) => value > high) - 1
  if (first > last) fail(dimension, given, 'has no value there')
  return first === 0 && last === dimension.cells - 1 ? leaf : { ...leaf, low: Number(dimension.valueAt(first)), high: Number(dimension.valueAt(last)) }
}

/** The first cell with such a value; the number of cells if there is none. Values grow with their cells. */
function firstCell(dimension: Dimension, holds: (value: number) => boolean): number {
  let low = 0
  let high = dimension.cells
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (holds(Number(dimension.valueAt(middle)))) high = middle
    else low = middle + 1
  }
  return low
}

function levelsAmong(dimension: LeafDimension, leaf: LevelLeaf, given: readonly Scalar[]): Leaf {
  const unknown = given.find((value) => dimension.cellOf(value) < 0)
  if (unknown !== undefined || given.length === 0) fail(dimension, given, `has the values ${JSON.stringify(leaf.values)}`)
  const cells = [...new Set(given.map((value) => dimension.cellOf(value)))].sort((a, b) => a - b)
  if (cells.length === dimension.cells) return leaf
  return { ...leaf, values: cells.map((cell) => leaf.values[cell] as Scalar), weights: leaf.weights === undefined ? undefined : cells.map((cell) => (leaf.weights as readonly number[])[cell] as number) }
}

function fail({ path }: Dimension, given: readonly Scalar[], why: string): never {
  throw new AttuneError('OPTION', `'${path}' cannot be restricted to ${JSON.stringify(given.length === 1 ? given[0] : given)}: it ${why}.`, { details: { path, given } })
}

/** A dimension in the place of another one, in a space of fewer dimensions. */
export function placed(inner: LeafDimension, { path, dynamic }: Dimension, index: number, conditions: readonly Condition[]): LeafDimension {
  const { leaf, kind, cells, log, weights, hasPrior } = inner
  return {
    leaf, index, path, kind, cells, log, conditions, dynamic, weights, hasPrior,
    encode: (value) => inner.encode(value),
    decode: (unit) => inner.decode(unit),
    quantile: (probability) => inner.quantile(probability),
    valueAt: (cell) => inner.valueAt(cell),
    cellOf: (value) => inner.cellOf(value),
    has: (value) => inner.has(value),
  }
}
