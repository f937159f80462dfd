import { scalePoint } from 'd3-scale'
import type { Dimension, Objective, Scalar } from '@attune/core'
import { abridge, formatScalar } from '../text.ts'
import { numberAxis, usefulRange } from './number-axis.ts'

/** One vertical axis of the parallel coordinates. */
export interface ParallelAxis {
  readonly name: string
  readonly log: boolean
  /** Position of a value, NaN for one that has no place. */
  at(value: Scalar): number
  readonly ticks: readonly { readonly at: number; readonly label: string }[]
}

const mostLabels = 14
const labelLength = 13

/** The axis of a parameter, from top to bottom of the plot. */
export function parameterAxis(dimension: Dimension, top: number, bottom: number): ParallelAxis {
  const { path: name, log, cells } = dimension
  if (dimension.kind === 'number') {
    const low = Number(dimension.decode(0))
    const high = Number(dimension.decode(1))
    const axis = numberAxis({ low, high, range: [bottom, top], log, whole: Number.isFinite(cells) && Number.isInteger(low) && Number.isInteger(high) })
    const few = cells <= 6 ? Array.from({ length: cells }, (_, cell) => Number(dimension.valueAt(cell))) : undefined
    return { name, log, at: (value) => (typeof value === 'number' ? axis.at(value) : Number.NaN), ticks: few?.map((value) => ({ at: axis.at(value), label: formatScalar(value) })) ?? axis.ticks }
  }
  const levels = Array.from({ length: cells }, (_, cell) => cell)
  const scale = scalePoint<number>().domain(levels).range([bottom, top]).padding(0.5)
  const position = (cell: number): number => scale(cell) ?? Number.NaN
  const every = Math.ceil(cells / mostLabels)
  return {
    name,
    log,
    at: (value) => position(dimension.cellOf(value)),
    ticks: levels.filter((cell) => cell % every === 0).map((cell) => ({ at: position(cell), label: abridge(formatScalar(dimension.valueAt(cell)), labelLength) })),
  }
}

/** The axis of an objective; undefined if no value is finite. The better end is at the top. */
export function objectiveAxis(objective: Objective, values: readonly number[], top: number, bottom: number): ParallelAxis | undefined {
  const useful = usefulRange(values, objective.direction)
  if (useful === undefined) return undefined
  const axis = numberAxis({ ...useful, range: objective.direction === 'maximize' ? [bottom, top] : [top, bottom] })
  return { name: objective.metric, log: axis.log, at: (value) => (typeof value === 'number' ? axis.at(value) : Number.NaN), ticks: axis.ticks }
}
