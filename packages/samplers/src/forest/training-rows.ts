import type { Axis } from '../model/axis.ts'

/** The rows that trees are grown from. */
export interface TrainingRows {
  readonly axes: readonly Axis[]
  readonly count: number
  /** Coordinates by dimension, then row; NaN where inactive. */
  readonly columns: readonly Float64Array[]
  /** Category of each row along each categorical dimension; undefined for others. */
  readonly categories: readonly (Int32Array | undefined)[]
  readonly targets: Float64Array
}

/** @param units coordinates row by row, as many rows as there are targets */
export function trainingRows(axes: readonly Axis[], units: Float64Array, targets: Float64Array): TrainingRows {
  const count = targets.length
  const width = axes.length
  const columns = axes.map((_, index) => Float64Array.from({ length: count }, (_unused, row) => units[row * width + index] as number))
  const categories = axes.map(({ shape, cells }, index) => (shape === 'categorical' ? Int32Array.from(columns[index] as Float64Array, (unit) => categoryAt(cells, unit)) : undefined))
  return { axes, count, columns, categories, targets }
}

/** Category of a coordinate. To be inactive is a category of its own, after the others. */
export function categoryAt(cells: number, unit: number): number {
  return Number.isNaN(unit) ? cells : Math.min(cells - 1, Math.floor(unit * cells))
}
