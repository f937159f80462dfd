import { AttuneError, type Dimension, type Scalar, type SearchSpace } from '@attune/core'
import { meansPath } from '../path-pattern.ts'

const mostPoints = 10_000

/** How many values of a parameter, or which. */
export type GridPoints = number | readonly Scalar[]

/** The values that a grid takes of one dimension, in their order. They may be very many, so they are computed. */
export interface GridValues {
  readonly length: number
  at(position: number): Scalar
  /** -1 if the value is not one of them. */
  positionOf(value: Scalar): number
}

/**
 * The values that a grid takes of each dimension, in the order of the dimensions.
 * Throws OPTION for points that do not fit the space, UNSUPPORTED where a number needs points and has none.
 */
export function gridValues(space: SearchSpace, points: number | { readonly [path: string]: GridPoints }): readonly GridValues[] {
  const byPath = typeof points === 'number' ? {} : points
  const unknown = Object.keys(byPath).find((pattern) => !space.dimensions.some(({ path }) => meansPath(pattern, path)))
  if (unknown !== undefined) {
    const paths = space.dimensions.map(({ path }) => `'${path}'`).join(', ')
    throw new AttuneError('OPTION', `grid({ points }) names '${unknown}', which is not a parameter of the space: its parameters are ${paths}.`, { details: { path: unknown } })
  }
  return space.dimensions.map((dimension) => {
    const pattern = Object.keys(byPath).find((one) => meansPath(one, dimension.path))
    const given = pattern === undefined ? undefined : byPath[pattern]
    if (Array.isArray(given)) return listed(dimension, given as readonly Scalar[])
    if (given !== undefined) return spaced(dimension, given as number)
    if (dimension.cells < Infinity) return allValues(dimension)
    if (typeof points === 'number') return spaced(dimension, points)
    throw unsupported(dimension, 'is a number without a step, so a grid needs to know how many points to take of it')
  })
}

function listed(dimension: Dimension, values: readonly Scalar[]): GridValues {
  if (values.length === 0) throw new AttuneError('OPTION', `grid({ points }) has an empty list for '${dimension.path}': give at least one value.`, { details: { path: dimension.path } })
  for (const value of values) {
    if (!Number.isNaN(dimension.encode(value))) continue
    throw new AttuneError('OPTION', `grid({ points }) lists ${JSON.stringify(value)} for '${dimension.path}', which is not one of its values: correct the list or the bounds.`, { details: { path: dimension.path, value } })
  }
  return inList(values)
}

/** So many values, evenly on the parameter's own scale, ends included; fewer if some fall together. */
function spaced(dimension: Dimension, count: number): GridValues {
  if (!Number.isSafeInteger(count) || count < 1 || count > mostPoints) {
    throw new AttuneError('OPTION', `grid({ points }) takes whole numbers from 1 to ${mostPoints} or lists of values, not ${String(count)} for '${dimension.path}'.`, { details: { path: dimension.path, value: count } })
  }
  if (dimension.kind !== 'number') return allValues(dimension)
  return inList(Array.from({ length: count }, (_, i) => dimension.decode(count === 1 ? 0.5 : i / (count - 1))))
}

function inList(values: readonly Scalar[]): GridValues {
  const positions = new Map<Scalar, number>()
  for (const value of values) if (!positions.has(value)) positions.set(value, positions.size)
  const list = [...positions.keys()]
  return { length: list.length, at: (position) => list[position] as Scalar, positionOf: (value) => positions.get(value) ?? -1 }
}

function allValues(dimension: Dimension): GridValues {
  return { length: dimension.cells, at: (position) => dimension.valueAt(position), positionOf: (value) => dimension.cellOf(value) }
}

function unsupported({ path }: Dimension, why: string): AttuneError {
  return new AttuneError('UNSUPPORTED', `'${path}' ${why}. Say so with grid({ points: 5 }) for all such numbers, or grid({ points: { '${path}': [0.1, 0.5] } }).`, { details: { path } })
}
