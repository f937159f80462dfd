import { tfjsError } from '../../error.ts'
import { refuseUnknownOptions, type OptionNames } from '../../unknown-options.ts'
import type { FreezeTradeoff, UndeterminedTradeoff } from './fit-freeze-tradeoff.ts'

export interface SuggestOptions {
  /** A whole number ≥ 1; default 3. */
  readonly count?: number
  /** As in `freezeRatioSpace({ units })`: each ratio is then the nearest end of a unit, and there may be fewer. */
  readonly units?: number
}

/**
 * Freeze ratios to try next, the best first: f*, and then its interval, evenly; of an undetermined fit, [0, 1] evenly. Ready for
 * `study.enqueue({ …, freezeRatio })`. There may be fewer than `count` where the interval is a point.
 * @throws AttuneError `TFJS_OPTION` unless `count` and `units` are whole numbers ≥ 1, and for options that do not exist.
 */
export function suggestFreezeRatios(fit: FreezeTradeoff | UndeterminedTradeoff, options: SuggestOptions = {}): readonly number[] {
  refuseUnknownOptions('suggestFreezeRatios', options, { count: true, units: true } satisfies OptionNames<SuggestOptions>)
  const { count = 3, units } = options
  for (const [name, value] of Object.entries({ count, units: units ?? 1 })) {
    if (!Number.isSafeInteger(value) || value < 1) throw tfjsError('TFJS_OPTION', `${name} must be a whole number of at least 1, got ${String(value)}.`)
  }
  const ratios = fit.kind === 'undetermined' ? evenly([0, 1], count) : [fit.freezeRatio, ...evenly(fit.interval, count - 1)]
  return [...new Set(units === undefined ? ratios : ratios.map((ratio) => Math.round(ratio * units) / units))]
}

function evenly([low, high]: readonly [number, number], count: number): number[] {
  if (count === 1) return [(low + high) / 2]
  return Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1))
}
