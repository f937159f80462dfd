import { tfjsError } from '../error.ts'
import type { FreezeUnits } from './freeze-units.ts'

/**
 * What of the base is trained, and how. The names are those of `freezeRatioSpace()` and `freezeBlocksSpace()`, so that
 * `freeze: (params) => params` takes them over.
 */
export interface FreezeSettings {
  /**
   * f ∈ [0, 1]: 1 trains the head alone, 0 everything. What is frozen ends where a unit ends (a layer or a block): at the end that
   * is nearest to f, and of two that are equally near at the later one. So more is never frozen at a smaller f.
   */
  readonly freezeRatio?: number
  /** In place of a ratio: the block through which the base is frozen, or `none`. Needs `freezeBy: { blocks }`. */
  readonly freezeThrough?: string
  /**
   * In (0, 1], default 1: the learning rate of each unit is this times that of the next one; the head has the full rate.
   * ULMFiT (Howard & Ruder 2018) takes 1/2.6.
   */
  readonly rateDecay?: number
  /**
   * Gradual unfreezing, the unit next to the head first: so many epochs until each next unit thaws, or the epochs (from 1) with
   * which the next one does; those beyond the list thaw with its last. Training begins with the head alone, and what the ratio
   * freezes never thaws. Default 0: all that is not frozen is trained from the first epoch. ULMFiT thaws one every epoch.
   */
  readonly unfreezeEvery?: number | readonly number[]
}

/** Which units are frozen when. */
export interface FreezePlan {
  /** Units that are frozen for good, counted from the input. */
  readonly frozen: number
  /** Units that are frozen in an epoch (from 1): `frozen`, and those that have not thawed yet. */
  frozenIn(epoch: number): number
  /** Times the learning rate, for the unit at this index. */
  rateScale(unit: number): number
}

/** Boundaries that follow from division, as 1/3, count as met within this. */
const tolerance = 1e-9

/** How many units a freeze ratio freezes; see `FreezeSettings.freezeRatio`. */
export function frozenUnits(ends: readonly number[], ratio: number): number {
  let nearest = 0
  for (let i = 1; i < ends.length; i++) if (Math.abs(ends[i]! - ratio) <= Math.abs(ends[nearest]! - ratio) + tolerance) nearest = i
  return nearest
}

/** @throws AttuneError `TFJS_OPTION` for a setting out of range. */
export function freezePlan({ units, ends }: FreezeUnits, byBlocks: boolean, settings: FreezeSettings): FreezePlan {
  if (typeof settings !== 'object' || settings === null) throw optionError(`it must be settings, or a function of the parameters that returns some, as in freeze: { freezeRatio: 0.5 }; got ${String(settings)}`)
  const frozen = frozenBy(settings, units.map(({ name }) => name), ends, byBlocks)
  const { rateDecay = 1, unfreezeEvery = 0 } = settings
  if (!(rateDecay > 0 && rateDecay <= 1)) throw optionError(`rateDecay must be above 0 and at most 1, got ${String(rateDecay)}`)
  const thawing = units.length - frozen
  const thawed = thaw(unfreezeEvery)
  return {
    frozen,
    frozenIn: (epoch) => units.length - Math.min(thawing, thawed(epoch)),
    rateScale: (unit) => rateDecay ** (units.length - unit),
  }
}

function frozenBy({ freezeRatio, freezeThrough }: FreezeSettings, names: readonly string[], ends: readonly number[], byBlocks: boolean): number {
  if (freezeRatio !== undefined && freezeThrough !== undefined) throw optionError('there are both freezeRatio and freezeThrough: give one of them')
  if (freezeThrough !== undefined) {
    if (!byBlocks) throw optionError(`freezeThrough "${freezeThrough}" names a block, and there are none: add freezeBy: { blocks: […] }`)
    if (freezeThrough === 'none') return 0
    const index = names.indexOf(freezeThrough)
    if (index < 0) throw optionError(`freezeThrough is "${freezeThrough}", which is no block; there are none, ${names.join(', ')}`)
    return index + 1
  }
  if (freezeRatio === undefined) throw optionError(`there is neither freezeRatio nor freezeThrough: give one, as in freeze: ({ freezeRatio }) => ({ freezeRatio })`)
  if (!(typeof freezeRatio === 'number' && freezeRatio >= 0 && freezeRatio <= 1)) throw optionError(`freezeRatio must be between 0 (train everything) and 1 (train the head alone), got ${String(freezeRatio)}`)
  return frozenUnits(ends, freezeRatio)
}

/** Units thawed in an epoch, if there were no end of them. */
function thaw(every: number | readonly number[]): (epoch: number) => number {
  if (typeof every === 'number') {
    if (!Number.isSafeInteger(every) || every < 0) throw optionError(`unfreezeEvery must be a whole number of epochs, 0 for none, got ${every}`)
    return every === 0 ? () => Infinity : (epoch) => Math.floor((epoch - 1) / every)
  }
  const valid = Array.isArray(every) && every.length > 0 && every.every((epoch, i) => Number.isSafeInteger(epoch) && epoch >= 1 && (i === 0 || epoch >= every[i - 1]))
  if (!valid) throw optionError(`unfreezeEvery must be a whole number, or a list of epochs from 1 on that never fall, got ${JSON.stringify(every)}`)
  return (epoch) => (epoch >= every.at(-1)! ? Infinity : every.filter((begin) => begin <= epoch).length)
}

function optionError(problem: string): Error {
  return tfjsError('TFJS_OPTION', `freeze: ${problem}.`)
}
