import type { Dimension, FlatParams, Scalar, SearchSpace } from '@attune/core'
import type { HParam, HParamInfo } from './events/event.ts'

/** Numbers with at most so many values get tick boxes instead of an interval. */
const tickBoxes = 10

/**
 * A trial's parameters for the HParams tab: one value for every dimension of the space, each name with one type
 * in all trials, because the tab filters out rows whose type differs from what it derived for the column.
 * Inactive parameters would drop the trial from the parallel coordinates: numbers become 0, the others `n/a`.
 */
export function hparamValues(space: SearchSpace, flatParams: FlatParams): { readonly [name: string]: HParam } {
  const values: { [name: string]: HParam } = Object.create(null)
  for (const dimension of space.dimensions) values[dimension.path] = columnValue(columnType(dimension), flatParams[dimension.path])
  for (const [path, value] of Object.entries(flatParams)) values[path] ??= isPlain(value) ? value : String(value)
  return values
}

/**
 * The columns of a space for the HParams tab. A domain has every value that `hparamValues` writes, those of inactive
 * parameters included: the tab hides trials with a value that has no tick box.
 */
export function hparamInfos(space: SearchSpace): readonly HParamInfo[] {
  return space.dimensions.map((dimension): HParamInfo => {
    const type = columnType(dimension)
    const inactive = isConditional(dimension) ? [columnValue(type, undefined)] : []
    const differs = dimension.cells > 1 || inactive.length > 0
    if (type === 'number' && dimension.kind === 'number' && dimension.cells > tickBoxes) {
      const bounds = [dimension.decode(0), dimension.decode(1), ...inactive].map(Number)
      return { name: dimension.path, type, domain: { min: Math.min(...bounds), max: Math.max(...bounds) }, differs }
    }
    const values = Array.from({ length: dimension.cells }, (_, cell) => columnValue(type, dimension.valueAt(cell)))
    return { name: dimension.path, type, domain: { values: [...new Set([...values, ...inactive])] }, differs }
  })
}

function columnType(dimension: Dimension): 'number' | 'boolean' | 'string' {
  if (dimension.kind === 'number') return 'number'
  const types = new Set(Array.from({ length: dimension.cells }, (_, cell) => typeof dimension.valueAt(cell)))
  if (types.size > 1) return 'string'
  if (types.has('number')) return 'number'
  // `n/a` needs a column of strings.
  return types.has('boolean') && !isConditional(dimension) ? 'boolean' : 'string'
}

function isConditional({ conditions, dynamic }: Dimension): boolean {
  return conditions.length > 0 || dynamic
}

function columnValue(type: 'number' | 'boolean' | 'string', value: Scalar | undefined): HParam {
  if (value === undefined) return type === 'number' ? 0 : 'n/a'
  return type === typeof value && isPlain(value) ? value : String(value)
}

function isPlain(value: Scalar): value is HParam {
  return value !== null && (typeof value !== 'number' || Number.isFinite(value))
}
