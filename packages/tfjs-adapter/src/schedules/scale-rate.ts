import { shown } from '../setting-range.ts'
import { scheduleError } from './check-schedule-spec.ts'

/**
 * A learning rate that was found at one batch size, for another: `linear`, rate · batch/reference (Goyal et al. 2017), the usual rule for
 * gradient descent, at large batches together with a warm-up; `sqrt`, rate · √(batch/reference) (Krizhevsky 2014; Malladi et al. 2022), the usual one for Adam and its kin.
 * With gradient accumulation the batch is what one step of the optimiser sees.
 * @throws AttuneError `TFJS_OPTION` for a number that is not above 0, or another rule.
 */
export function scaleRate(rate: number, scaling: { readonly batchSize: number; readonly referenceBatchSize: number; readonly rule: 'linear' | 'sqrt' }): number {
  const { batchSize, referenceBatchSize, rule } = scaling
  for (const [name, value] of Object.entries({ rate, batchSize, referenceBatchSize })) {
    if (!(Number.isFinite(value) && value > 0)) throw scheduleError(`${name} must be a number above 0, got ${shown(value)}`)
  }
  if (rule !== 'linear' && rule !== 'sqrt') throw scheduleError(`a rate is scaled by the rule 'linear' or 'sqrt', got ${shown(rule)}`)
  const ratio = batchSize / referenceBatchSize
  return rate * (rule === 'linear' ? ratio : Math.sqrt(ratio))
}
