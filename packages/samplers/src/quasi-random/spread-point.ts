import { isActive, priorUnit } from '../model/axis.ts'
import type { Points } from '../model/points.ts'
import { mostSobolDimensions } from './directions.ts'
import { Sobol } from './sobol.ts'

/**
 * Point `index` of a scrambled Sobol sequence, as the priors of the space have it: the first so many are spread more evenly than draws from the priors. It
 * need not keep the constraints. Undefined for a space with more dimensions than the sequence has.
 */
export function spreadPoint({ axes, width }: Points, index: number, seed: number): Float64Array | undefined {
  if (width === 0 || width > mostSobolDimensions) return undefined
  const units = new Float64Array(width)
  new Sobol(width, seed).point(index, units)
  for (const [i, axis] of axes.entries()) units[i] = isActive(axes, i, units, 0) ? priorUnit(axis, units[i] as number) : NaN
  return units
}
