import { tfjsError } from '../../error.ts'
import type { FreezeTradeoff, UndeterminedTradeoff } from './fit-freeze-tradeoff.ts'

/**
 * Freeze ratios to try next, the best first: f*, and then its interval, evenly; of an undetermined fit, [0, 1] evenly. Ready for
 * `study.enqueue({ …, freezeRatio })`. There may be fewer than `count` where the interval is a point.
 * @throws AttuneError `TFJS_OPTION` unless `count` is a whole number ≥ 1.
 */
export function suggestFreezeRatios(fit: FreezeTradeoff | UndeterminedTradeoff, count = 3): readonly number[] {
  if (!Number.isSafeInteger(count) || count < 1) throw tfjsError('TFJS_OPTION', `count must be a whole number of at least 1, got ${String(count)}.`)
  if (fit.kind === 'undetermined') return evenly([0, 1], count)
  return [...new Set([fit.freezeRatio, ...evenly(fit.interval, count - 1)])]
}

function evenly([low, high]: readonly [number, number], count: number): number[] {
  if (count === 1) return [(low + high) / 2]
  return Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1))
}
