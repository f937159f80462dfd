import type { Observations } from './observations.ts'

/** Coordinates of some rows, one after another; NaN where inactive. */
export function unitsOf(observations: Observations, rows: readonly number[], width: number): Float64Array {
  const units = new Float64Array(rows.length * width)
  for (let axis = 0; axis < width; axis++) {
    const column = observations.column(axis)
    for (let i = 0; i < rows.length; i++) units[i * width + axis] = column[rows[i] as number] as number
  }
  return units
}
