import { AttuneError, type SamplerFactory } from '@attune/core'
import { BreedingSampler } from './breeding-sampler.ts'
import { simplexSize } from './das-dennis.ts'
import { byNiches } from './niches.ts'
import { checkOption, type NsgaOptions, nsgaOptionNames, settingsOf } from './options.ts'
import { byCrowding } from './survivors.ts'

/** More reference directions than this would make a suggestion slow, and far outnumber any parents. */
const mostDirections = 10_000

/** Options of `nsgaIII`. */
export interface NsgaIIIOptions extends NsgaOptions {
  /** Into how many parts each objective is divided by the reference directions, at least 1 and no more than give 10,000 directions. Default: as many as give no more directions than parents. */
  readonly divisions?: number
}

/**
 * NSGA-II (Deb, Pratap, Agarwal & Meyarivan, IEEE Transactions on Evolutionary Computation 6, 2002): children of the trials that no others dominate, the
 * less crowded of them preferred. A trial that ends takes its place at once, so nothing waits for a generation (Durillo et al.,
 * EMO 2009). Works on every space and for one objective too.
 *
 * Trials that keep the outcome constraints come before those that do not, and these by how little they violate; pruned ones in between.
 * Failed trials are no parents. Throws OPTION for an option out of range.
 */
export function nsgaII(options: NsgaOptions = {}): SamplerFactory {
  const settings = settingsOf('nsgaII', options, nsgaOptionNames)
  return { specVersion: 'v1', id: 'nsga-ii', revision: 1, create: (problem) => new BreedingSampler(problem, settings, byCrowding, 'NSGA-II') }
}

/**
 * NSGA-III (Deb & Jain, IEEE Transactions on Evolutionary Computation 18, 2014): as `nsgaII`, but parents are spread along reference directions, which is meant
 * for three and more objectives. What is to be maximised is turned first, so signs make no difference.
 * Throws OPTION for an option out of range, and UNSUPPORTED when a study is created whose objectives are too many for `divisions`.
 */
export function nsgaIII(options: NsgaIIIOptions = {}): SamplerFactory {
  const settings = settingsOf('nsgaIII', options, [...nsgaOptionNames, 'divisions'])
  const { divisions } = options
  if (divisions !== undefined) checkOption('nsgaIII', 'divisions', divisions, Number.isSafeInteger(divisions) && divisions >= 1 && divisions <= 1000, 'a whole number from 1 to 1000')
  return {
    specVersion: 'v1',
    id: 'nsga-iii',
    revision: 1,
    create(problem) {
      const objectives = problem.objectives.length
      const directions = divisions === undefined ? 0 : simplexSize(objectives, divisions)
      if (directions > mostDirections) {
        throw new AttuneError('UNSUPPORTED', `nsgaIII({ divisions: ${divisions} }) would have ${directions} reference directions for ${objectives} objectives, and ${mostDirections} is the most. Give fewer divisions, or leave the option out.`, { details: { divisions, objectives, directions } })
      }
      return new BreedingSampler(problem, settings, byNiches(divisions), 'NSGA-III')
    },
  }
}
