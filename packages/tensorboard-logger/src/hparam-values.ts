import type { Dimension, FlatParams, Scalar, SearchSpace } from '@attune/core'
import type { HParam } from './events/event.ts'

/**
 * A trial's parameters for the HParams tab: one value for every dimension of the space, each name with one type
 * in all trials, because the tab filters out rows whose type differs from what it derived for the column.
 * Inactive parameters would drop the trial from the parallel coordinates: numbers become 0, the others `n/a`.
 */
export function hparamValues(space: SearchSpace, flatParams: FlatParams): { readonly [name: string]: HParam } {
  const values: { [name: string]: HParam } = Object.create(null)
  for (const dimension of space.dimensions) {
    const value = flatParams[dimension.path]
    const type = columnType(dimension)
    if (value === undefined) values[dimension.path] = type === 'number' ? 0 : 'n/a'
    else values[dimension.path] = type === typeof value && isPlain(value) ? value : String(value)
  }
  for (const [path, value] of Object.entries(flatParams)) values[path] ??= isPlain(value) ? value : String(value)
  return values
}

function columnType(dimension: Dimension): 'number' | 'boolean' | 'string' {
  if (dimension.kind === 'number') return 'number'
  const types = new Set(Array.from({ length: dimension.cells }, (_, cell) => typeof dimension.valueAt(cell)))
  if (types.size > 1) return 'string'
  if (types.has('number')) return 'number'
  // `n/a` needs a column of strings.
  return types.has('boolean') && dimension.conditions.length === 0 && !dimension.dynamic ? 'boolean' : 'string'
}

function isPlain(value: Scalar): value is HParam {
  return value !== null && (typeof value !== 'number' || Number.isFinite(value))
}
