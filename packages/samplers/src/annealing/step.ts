import type { RandomStream } from '@attune/core'
import { type Axis, isActive, priorUnit, snap } from '../model/axis.ts'
import type { Observations } from '../model/observations.ts'
import type { Points } from '../model/points.ts'

/** So many of the best trials are asked for a parameter that the start does not have. */
const mostLenders = 8

export interface Stride {
  /** What part of a range a step may span, above 0 and at most 1. */
  readonly width: number
  /** How many parameters are changed on average. */
  readonly changes: number
}

/**
 * Writes a point near an observed one into `out`: a changed number comes from an interval around the old one, inside the bounds;
 * a changed category from the prior, with probability `width`. A parameter that the start lacks is lent by the best trial that has it.
 */
export function step({ axes, width: dimensions }: Points, observations: Observations, start: number, { width, changes }: Stride, random: RandomStream, out: Float64Array): void {
  let active = 0
  for (let index = 0; index < dimensions; index++) if (!Number.isNaN(observations.column(index)[start])) active++
  const share = changes / Math.max(1, active)
  // One is changed in any case.
  let sure = random.integer(Math.max(1, active))
  out.fill(NaN)
  for (let index = 0; index < dimensions; index++) {
    if (!isActive(axes, index, out, 0)) continue
    const axis = axes[index] as Axis
    const own = observations.column(index)[start] as number
    const unit = Number.isNaN(own) ? lent(observations, index) : own
    if (Number.isNaN(unit)) {
      out[index] = priorUnit(axis, random.uniform())
      continue
    }
    const changed = sure-- === 0 || random.uniform() < share
    out[index] = changed ? near(axis, unit, width, random) : snap(axis, unit)
  }
}

function lent(observations: Observations, index: number): number {
  const { order } = observations
  const column = observations.column(index)
  for (let place = 0; place < Math.min(order.length, mostLenders); place++) {
    const unit = column[order[place] as number] as number
    if (!Number.isNaN(unit)) return unit
  }
  return NaN
}

function near(axis: Axis, unit: number, width: number, random: RandomStream): number {
  if (axis.shape === 'categorical') return random.uniform() < width ? priorUnit(axis, random.uniform()) : unit
  // To the neighbouring values at the least.
  const span = Math.min(1, Math.max(width, 2.5 / axis.dimension.cells))
  const low = Math.min(1 - span, Math.max(0, unit - span / 2))
  return snap(axis, low + span * random.uniform())
}
