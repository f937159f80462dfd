import { float, normal, ordinal, type LevelLeaf, type NumberLeaf } from '@attune/core'
import { tfjsError } from '../error.ts'
import { refuseUnknownOptions, type OptionNames } from '../unknown-options.ts'
import type { FreezeTradeoff } from './tradeoff/fit-freeze-tradeoff.ts'

// Types, not interfaces: those have no index signature, and a space is a record of parameters.

/** How what is not frozen is trained; both are settings of `FreezeSettings`. */
export type ThawingSpace = {
  /** 0.2 to 1, log scale: from ULMFiT's 1/2.6 a little further, up to one rate for all. */
  readonly rateDecay: NumberLeaf
  /** Epochs until the next unit thaws; 0 at once. */
  readonly unfreezeEvery: LevelLeaf<0 | 1 | 2 | 4>
}

/** What may vary in how a base is frozen, by the names of `FreezeSettings`. */
export type FreezeRatioSpace = ThawingSpace & {
  readonly freezeRatio: NumberLeaf | LevelLeaf<number>
}

/** The same with named blocks. */
export type FreezeBlocksSpace<B extends string> = ThawingSpace & {
  readonly freezeThrough: LevelLeaf<'none' | B>
}

export interface FreezeRatioSpaceOptions {
  /** How many layers with weights, or blocks, the base has: the ratio is then one of 0, 1/units, …, 1, so that no two trials mean the same. Not for `freezeBy: 'parameters'`. */
  readonly units?: number
  /** A fit of earlier trials: the ratio gets a normal prior about f*, with a deviation of a quarter of its interval, at least 0.02 (with `units`, at least half a unit). */
  readonly around?: FreezeTradeoff
}

/**
 * A space to merge into one's own: `{ ...freezeRatioSpace(), learningRate: float(…) }`. The ratio is uniform on [0, 1]: what is
 * best depends on how far the tasks and how few the samples are, and both extremes are common.
 * @throws AttuneError `TFJS_OPTION` unless `units` is a whole number ≥ 1 and `around` a fit that was determined, and for options that do not exist.
 */
export function freezeRatioSpace(options: FreezeRatioSpaceOptions = {}): FreezeRatioSpace {
  refuseUnknownOptions('freezeRatioSpace', options, { units: true, around: true } satisfies OptionNames<FreezeRatioSpaceOptions>)
  const { units, around } = options
  if (units !== undefined && !(Number.isSafeInteger(units) && units >= 1)) throw tfjsError('TFJS_OPTION', `units is the number of layers with weights, or of blocks, of the base: at least 1, got ${String(units)}.`)
  if (around !== undefined && around.kind !== 'fitted') throw tfjsError('TFJS_OPTION', `around is a fit of kind 'fitted', got one of kind ${JSON.stringify((around as { readonly kind: unknown }).kind)}: leave it out where nothing is known.`)
  return { freezeRatio: units === undefined ? anyRatio(around) : endOfUnit(units, around), ...thawing() }
}

/** As `freezeRatioSpace`, with the blocks of `freezeBy: { blocks }` by name and in order, from `none` to all. */
export function freezeBlocksSpace<const B extends string>(blocks: readonly B[]): FreezeBlocksSpace<B> {
  return { freezeThrough: ordinal<'none' | B>(['none', ...blocks]), ...thawing() }
}

function anyRatio(around: FreezeTradeoff | undefined): NumberLeaf {
  return float(0, 1, around === undefined ? {} : { prior: normal(around.freezeRatio, deviation(around, 0.02)) })
}

function endOfUnit(units: number, around: FreezeTradeoff | undefined): LevelLeaf<number> {
  const ends = Array.from({ length: units + 1 }, (_, unit) => unit / units)
  if (around === undefined) return ordinal(ends)
  const spread = deviation(around, 0.5 / units)
  // Every end stays possible.
  return ordinal(ends, { weights: ends.map((end) => 1e-3 + Math.exp(-0.5 * ((end - around.freezeRatio) / spread) ** 2)) })
}

function deviation({ interval }: FreezeTradeoff, least: number): number {
  return Math.max(least, (interval[1] - interval[0]) / 4)
}

function thawing(): ThawingSpace {
  return { rateDecay: float(0.2, 1, { scale: 'log' }), unfreezeEvery: ordinal([0, 1, 2, 4]) }
}
