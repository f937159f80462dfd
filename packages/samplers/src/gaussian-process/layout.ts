import { type Axis, cellAt } from '../model/axis.ts'

/** Where numbers that are inactive stand. */
const inactiveUnit = 0.5
/** Of coordinates that say whether a conditional axis is active: their squared distance is then .25. */
const activeFlag = 0.5

/**
 * How a row of the space becomes features between which distances are measured. Numbers and ordinals are one number each, warped; an axis that
 * may be inactive has a flag beside it, so that two points of which one has it are apart (by .25 of its weight, and by what .5
 * is away); categories are compared by cell, inactive being one more. Features of a row are padded with zeros to a multiple of four.
 */
export interface Layout {
  readonly axes: readonly Axis[]
  /** Number of axes. */
  readonly width: number
  /** Axes of the warped features. */
  readonly numbers: Int32Array
  /** Axes of the flags, which follow. */
  readonly flags: Int32Array
  /** Axes compared by cell. */
  readonly categories: Int32Array
  /** Numbers and flags, padded. */
  readonly features: number
}

export function layoutOf(axes: readonly Axis[]): Layout {
  const where = (keep: (axis: Axis) => boolean): Int32Array => Int32Array.from(axes.flatMap((axis, index) => (keep(axis) ? [index] : [])))
  const numbers = where(({ shape }) => shape !== 'categorical')
  const flags = where(({ dimension }) => dimension.conditions.length > 0 || dimension.dynamic)
  return { axes, width: axes.length, numbers, flags, categories: where(({ shape }) => shape === 'categorical'), features: 4 * Math.ceil((numbers.length + flags.length) / 4) }
}

/** Unwarped coordinates of the numbers of a row. */
export function unitOf(units: Float64Array, offset: number, axis: number): number {
  const unit = units[offset + axis] as number
  return Number.isNaN(unit) ? inactiveUnit : unit
}

export function flagOf(units: Float64Array, offset: number, axis: number): number {
  return Number.isNaN(units[offset + axis]) ? 0 : activeFlag
}

/** Cell of a category, or one more than the last where it is inactive. */
export function codeOf({ axes }: Layout, units: Float64Array, offset: number, axis: number): number {
  const unit = units[offset + axis] as number
  const { dimension } = axes[axis] as Axis
  return Number.isNaN(unit) ? dimension.cells : cellAt(axes[axis] as Axis, unit)
}
