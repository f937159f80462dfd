import { AttuneError, type SamplerFactory } from '@attune/core'
import { checkKnown } from '../known-options.ts'
import { TpeSampler, type TpeSettings } from './tpe-sampler.ts'

/** Options of `tpe`. */
export interface TpeOptions {
  /** Trials drawn from the priors before the model is used, at least 2. Default 6. */
  readonly startupTrials?: number
  /** Points drawn from the density of the good trials, of which the most promising becomes the trial. Default 24. */
  readonly candidates?: number
  /** How often that point exchanges each of its parameters for the one of a random other candidate, where this is more promising; 0 is never. Default 4. */
  readonly passes?: number
  /** True: one density over all parameters, so what goes well together is learned. False: a density for each parameter; then there are no passes. Default true. */
  readonly multivariate?: boolean
  /** Which part of the finished trials counts as good, above 0 and below 1. Default 0.12. */
  readonly goodFraction?: number
  /** At most so many trials count as good. Default 25. */
  readonly mostGood?: number
  /** Weight of the prior in the density of the good trials, in trials; above 0. More explores more. Default 1. */
  readonly priorWeight?: number
}

/**
 * The tree-structured Parzen estimator (Bergstra et al. 2011): two densities, one of the good trials and one of the others. Points are drawn from
 * the good one, and the trial is made of what they have, so that the ratio of the densities is high.
 *
 * Works on every space. Kernels span all parameters, conditional ones too. Running trials count as bad, so that parallel trials differ. Pruned and
 * paused trials rank behind complete ones, then infeasible, then failed ones. Several objectives rank by non-domination, then by hypervolume.
 * Throws OPTION for an option out of range. docs/samplers/tpe.md tells more.
 */
export function tpe(options: TpeOptions = {}): SamplerFactory {
  checkKnown('tpe', options, ['startupTrials', 'candidates', 'passes', 'multivariate', 'goodFraction', 'mostGood', 'priorWeight'])
  const { startupTrials = 6, candidates = 24, passes = 4, multivariate = true, goodFraction = 0.12, mostGood = 25, priorWeight = 1 } = options
  checkWhole('startupTrials', startupTrials, 2)
  checkWhole('candidates', candidates, 1)
  checkWhole('passes', passes, 0)
  checkWhole('mostGood', mostGood, 1)
  check('goodFraction', goodFraction, typeof goodFraction === 'number' && goodFraction > 0 && goodFraction < 1, 'a number above 0 and below 1')
  if (typeof multivariate !== 'boolean') throw new AttuneError('OPTION', `tpe({ multivariate }) takes true or false, not ${String(multivariate)}.`, { details: { name: 'multivariate', value: multivariate } })
  check('priorWeight', priorWeight, typeof priorWeight === 'number' && priorWeight > 0 && priorWeight < Infinity, 'a finite number above 0')
  const settings: TpeSettings = { startupTrials, candidates, passes, multivariate, goodFraction, mostGood, priorWeight }
  return { specVersion: 'v1', id: 'tpe', revision: 2, create: (problem) => new TpeSampler(problem, settings) }
}

function checkWhole(name: string, value: number, least: number): void {
  check(name, value, Number.isSafeInteger(value) && value >= least, `a whole number from ${least}`)
}

function check(name: string, value: number, good: boolean, wanted: string): void {
  if (!good) throw new AttuneError('OPTION', `tpe({ ${name} }) takes ${wanted}, not ${String(value)}.`, { details: { name, value } })
}
