import { AttuneError } from '@attune/core'
import { exclusiveVolume, volumeOf } from './volume.ts'

/**
 * Volume that a set of results dominates, up to a reference point: the usual measure of how good a Pareto front is. Exact, for any number of objectives.
 * @param losses one array per result, a number for each objective, lower is better (negate what should become large)
 * @param reference what is just not acceptable, for each objective; results that are not better in every objective count for nothing
 * @returns a volume, 0 or more; Infinity if a result that counts has a loss of −Infinity
 * Throws OPTION if a result has another number of objectives than the reference, or the reference is empty or not finite.
 */
export function hypervolume(losses: readonly (readonly number[])[], reference: readonly number[]): number {
  return volumeOf(rowsOf(losses, reference), losses.length, reference.length, Float64Array.from(reference))
}

/** Of each result the volume that only it dominates: what `hypervolume` would lose without it. Parameters and errors as for `hypervolume`. */
export function hypervolumeContributions(losses: readonly (readonly number[])[], reference: readonly number[]): number[] {
  const limit = Float64Array.from(reference)
  rowsOf(losses, reference) // An error names the result by its place in the whole list.
  return losses.map((result, index) => {
    const others = rowsOf(losses.toSpliced(index, 1), reference)
    return exclusiveVolume(result, others, losses.length - 1, reference.length, limit)
  })
}

function rowsOf(losses: readonly (readonly number[])[], reference: readonly number[]): Float64Array {
  const objectives = reference.length
  if (objectives === 0 || !reference.every(Number.isFinite)) throw new AttuneError('OPTION', `The reference point takes a finite number for each objective, not [${reference.join(', ')}].`, { details: { reference: reference.map(String) } })
  const rows = new Float64Array(losses.length * objectives)
  for (const [index, result] of losses.entries()) {
    if (result.length !== objectives) {
      throw new AttuneError('OPTION', `Result ${index} has ${result.length} objectives, the reference point has ${objectives}.`, { details: { index, objectives: result.length, reference: objectives } })
    }
    rows.set(result, index * objectives)
  }
  return rows
}
