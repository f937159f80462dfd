import type { RandomStream } from '@attune/core'
import type { Axis } from '../model/axis.ts'
import type { Points } from '../model/points.ts'

/** Up to so many levels a neighbour is made for each. */
const mostLevels = 12
const drawnLevels = 6
/** Widths of the steps along a dimension of many values. */
const steps = [0.3, 0.1, 0.03, 0.01] as const

/** Neighbours that differ in all numbers at once: of one parameter alone there is no way along a constraint or a valley. */
const diagonals = 8

/**
 * Writes the neighbours of a point and answers how many. They are points of the space; most differ from it in one parameter (and in what depends on it).
 * @param out is filled from its beginning, row by row, as far as it reaches
 */
export function neighbours(points: Points, point: Float64Array, random: RandomStream, out: Float64Array): number {
  const { axes, width } = points
  const room = Math.floor(out.length / width)
  let count = 0
  let numbers = 0
  const put = (index: number, unit: number): void => {
    if (count === room) return
    const offset = count * width
    out.set(point, offset)
    out[offset + index] = unit
    points.settle(out, offset, random)
    if (out[offset + index] !== point[index]) count++
  }
  for (let index = 0; index < width; index++) {
    const unit = point[index] as number
    if (Number.isNaN(unit)) continue
    const axis = axes[index] as Axis
    const levels = axis.cells
    if (axis.shape !== 'categorical') numbers++
    if (levels === 1 || axis.dimension.cells === 1) continue
    if (levels > 0 && levels <= mostLevels) {
      for (const centre of axis.centres) if (centre !== unit) put(index, centre)
    } else if (axis.shape === 'categorical') {
      for (let draw = 0; draw < drawnLevels; draw++) put(index, axis.centres[random.integer(levels)] as number)
    } else {
      for (const step of steps) put(index, unit + random.normal() * Math.max(step, step === steps[3] ? 1 / axis.dimension.cells : 0))
    }
  }
  for (let i = 0; i < diagonals && numbers > 1 && count < room; i++) {
    const offset = count * width
    const step = steps[i % steps.length] as number
    for (let index = 0; index < width; index++) {
      const unit = point[index] as number
      out[offset + index] = (axes[index] as Axis).shape === 'categorical' || Number.isNaN(unit) ? unit : unit + step * random.normal()
    }
    points.settle(out, offset, random)
    count++
  }
  return count
}
