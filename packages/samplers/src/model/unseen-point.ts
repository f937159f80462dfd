import type { RandomStream } from '@attune/core'
import { type Axis, isActive } from './axis.ts'
import type { Points } from './points.ts'

/** Draws from the prior before a space is walked. */
const mostDraws = 64
/** Spaces of more points are not walked: a draw finds a new one there, unless nearly all have been seen. */
const mostWalked = 4096

/**
 * A point from the prior that keeps the constraints of the space and that `isSeen` does not know by its `Points.key`. In a space of up to 4,096
 * points one is found whenever there is one; undefined if none was found.
 */
export function unseenPoint(points: Points, isSeen: (key: string) => boolean, random: RandomStream): Float64Array | undefined {
  const isGood = (units: Float64Array): boolean => {
    const key = points.key(units, 0)
    return (key === undefined || !isSeen(key)) && points.allows(units, 0)
  }
  const units = new Float64Array(points.width)
  for (let draw = 0; draw < mostDraws; draw++) {
    units.fill(NaN)
    points.settle(units, 0, random)
    if (isGood(units)) return units
  }
  if (!(points.space.size <= mostWalked)) return undefined
  const found: Float64Array[] = []
  walk(points.axes, 0, units, () => {
    if (isGood(units)) found.push(units.slice())
  })
  return found.length === 0 ? undefined : found[random.integer(found.length)]
}

/** Visits every point of a finite space. */
function walk(axes: readonly Axis[], index: number, units: Float64Array, visit: () => void): void {
  const axis = axes[index]
  if (axis === undefined) visit()
  else if (!isActive(axes, index, units, 0)) {
    units[index] = NaN
    walk(axes, index + 1, units, visit)
  } else {
    const { dimension, centres, cells } = axis
    for (let cell = 0; cell < dimension.cells; cell++) {
      units[index] = cells > 0 ? (centres[cell] as number) : dimension.encode(dimension.valueAt(cell))
      walk(axes, index + 1, units, visit)
    }
  }
}
