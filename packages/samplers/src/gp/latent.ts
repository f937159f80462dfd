import { type Axis, isActive, priorUnit, snap } from '../model/axis.ts'
import type { Points } from '../model/points.ts'

/**
 * Rows under search are latent: they keep a coordinate for every axis, the inactive ones too, so that a change of branch finds values there. What models
 * and spaces see of one is its point: NaN where inactive.
 */

/** Writes the point of the latent row at `offset` to `out` from `outAt`. */
export function writePoint({ axes, width, space }: Points, latent: Float64Array, offset: number, out: Float64Array, outAt: number): void {
  for (let axis = 0; axis < width; axis++) {
    // Parents come before their children, so what is asked for stands in `out` already.
    out[outAt + axis] = (space.dimensions[axis] as Axis['dimension']).conditions.length === 0 || isActive(axes, axis, out, outAt) ? (latent[offset + axis] as number) : NaN
  }
}

/** Moves each coordinate of a latent row to the value that it stands for; `byPrior` takes them for quantiles of priors where these are not uniform. */
export function snapRow({ axes, width }: Points, latent: Float64Array, offset: number, byPrior: boolean): void {
  for (let index = 0; index < width; index++) {
    const axis = axes[index] as Axis
    const unit = Math.min(1 - 2 ** -53, latent[offset + index] as number)
    latent[offset + index] = byPrior && (axis.dimension.hasPrior || axis.dimension.weights !== undefined) ? priorUnit(axis, unit) : snap(axis, unit)
  }
}

/** A point as a latent row: what is inactive stands in the middle. */
export function latentOf(points: Points, units: Float64Array): Float64Array {
  const latent = units.map((unit) => (Number.isNaN(unit) ? 0.5 : unit))
  snapRow(points, latent, 0, false)
  return latent
}
