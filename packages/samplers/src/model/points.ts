import type { RandomStream, SearchSpace } from '@attune/core'
import { type Axis, axesOf, isActive, priorUnit, snap } from './axis.ts'
import { keyOfCells } from './observations.ts'

/**
 * The points of a space as rows of coordinates: `width` numbers in [0, 1] by dimension, NaN where inactive. What samplers
 * propose by arithmetic on coordinates becomes a point of the space here.
 */
export class Points {
  readonly space: SearchSpace
  readonly axes: readonly Axis[]
  readonly width: number

  constructor(space: SearchSpace) {
    this.space = space
    this.axes = axesOf(space)
    this.width = this.axes.length
  }

  /**
   * Makes the row at `offset` a point: coordinates beyond [0, 1] go to the bound and then to the value that they stand for, those of
   * dimensions that turn out inactive become NaN, and active ones that are NaN are drawn from the prior.
   */
  settle(units: Float64Array, offset: number, random: RandomStream): void {
    for (let index = 0; index < this.width; index++) {
      const axis = this.axes[index] as Axis
      const unit = units[offset + index] as number
      if (!isActive(this.axes, index, units, offset)) units[offset + index] = NaN
      else units[offset + index] = Number.isNaN(unit) ? priorUnit(axis, random.uniform()) : snap(axis, Math.min(1, Math.max(0, unit)))
    }
  }

  /** True if the point keeps the constraints of the space. */
  allows(units: Float64Array, offset: number): boolean {
    const { space } = this
    return space.constraints.length === 0 || space.violation(space.decode(units.subarray(offset, offset + this.width))) <= 0
  }

  /** Names a point whose active parameters all have cells; undefined if one is continuous. */
  key(units: Float64Array, offset: number): string | undefined {
    return keyOfCells(this.space, units, offset)
  }
}
