import type { RandomStream } from '@attune/core'
import { type Axis, cellAt, priorUnit } from '../model/axis.ts'
import { power } from '../numeric/power.ts'

/**
 * Changes each active coordinate of a row with a probability: a number by a polynomial step (Deb & Agrawal 1995, with the bounds
 * of Deb's code: the step shrinks towards a near bound), to a neighbouring cell at least; a category to another one from its prior.
 */
export function mutate(units: Float64Array, axes: readonly Axis[], probability: number, index: number, random: RandomStream): void {
  for (let i = 0; i < axes.length; i++) {
    const unit = units[i] as number
    if (Number.isNaN(unit) || random.uniform() >= probability) continue
    const axis = axes[i] as Axis
    units[i] = axis.shape === 'categorical' ? otherCategory(axis, unit, random) : step(axis, Math.min(1, Math.max(0, unit)), index, random)
  }
}

/** Tries to draw another category than the one it is. */
function otherCategory(axis: Axis, unit: number, random: RandomStream): number {
  let drawn = unit
  for (let tries = 0; tries < 8 && drawn === unit; tries++) drawn = priorUnit(axis, random.uniform())
  return drawn
}

function step(axis: Axis, unit: number, index: number, random: RandomStream): number {
  const moved = polynomial(unit, index, random.uniform())
  if (axis.cells < 2) return moved
  const cell = cellAt(axis, unit)
  if (cellAt(axis, moved) !== cell) return moved
  const next = moved < unit ? cell - 1 : cell + 1
  return axis.centres[next < 0 ? 1 : next >= axis.cells ? axis.cells - 2 : next] as number
}

function polynomial(unit: number, index: number, uniform: number): number {
  const part = 1 / (index + 1)
  if (uniform < 0.5) return unit + power(2 * uniform + (1 - 2 * uniform) * power(1 - unit, index + 1), part) - 1
  return unit + 1 - power(2 * (1 - uniform) + (2 * uniform - 1) * power(unit, index + 1), part)
}
