import type { PrunerFactory } from '@attune/core'
import { percentilePruner, type PercentileOptions } from './percentile.ts'

/**
 * Stops a trial whose best loss so far is worse than the median of the complete trials at the same step: `percentile(50)`.
 * Throws PRUNER_OPTION for an option out of range.
 */
export function median(options: PercentileOptions = {}): PrunerFactory {
  return percentilePruner('median', 50, options)
}
