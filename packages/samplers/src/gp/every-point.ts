import type { Axis } from '../model/axis.ts'
import { isActive } from '../model/axis.ts'
import type { Points } from '../model/points.ts'

/** Every point of a finite space, in order of its cells, as one row that is overwritten by the next. */
export function* everyPoint(points: Points): Generator<Float64Array, void, undefined> {
  yield* from(points, 0, new Float64Array(points.width))
}

function* from(points: Points, index: number, row: Float64Array): Generator<Float64Array, void, undefined> {
  if (index === points.width) {
    yield row
    return
  }
  if (!isActive(points.axes, index, row, 0)) {
    row[index] = NaN
    yield* from(points, index + 1, row)
    return
  }
  const { dimension } = points.axes[index] as Axis
  for (let cell = 0; cell < dimension.cells; cell++) {
    row[index] = dimension.encode(dimension.valueAt(cell))
    yield* from(points, index + 1, row)
  }
}
