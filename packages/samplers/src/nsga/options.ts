import { AttuneError } from '@attune/core'
import { checkKnown } from '../known-options.ts'
import type { BreedingSettings } from './breeding-sampler.ts'
import { type Crossover, crossovers } from './crossover.ts'

/** Options of `nsgaII`, and most of those of `nsgaIII`. */
export interface NsgaOptions {
  /** How many of the best trials may become parents, at least 2. Default: the square root of the number of trials that have ended, from 6 to 50. */
  readonly population?: number
  /** Trials spread over the priors first, at least 2. Default 10. */
  readonly startupTrials?: number
  /** How the numbers of parents are combined. Default `sbx`. */
  readonly crossover?: Crossover
  /** How often a child has several parents, from 0 to 1; otherwise it is a changed copy. Default 1. */
  readonly crossoverProbability?: number
  /** Of `sbx` and `vsbx`: the higher, the nearer are children to their parents; from 0. Default 1. */
  readonly crossoverIndex?: number
  /** How often each parameter of a child is changed, from 0 to 1. Default: one and a half of its active parameters on average. */
  readonly mutationProbability?: number
  /** The higher, the smaller the changes of numbers; from 0. Default 2. */
  readonly mutationIndex?: number
}

export const nsgaOptionNames: readonly string[] = ['population', 'startupTrials', 'crossover', 'crossoverProbability', 'crossoverIndex', 'mutationProbability', 'mutationIndex']

/** Throws OPTION for what is not an option of `sampler` or is out of range. */
export function settingsOf(sampler: string, options: NsgaOptions, names: readonly string[]): BreedingSettings {
  checkKnown(sampler, options, names)
  const { population, startupTrials = 10, crossover = 'sbx', crossoverProbability = 1, crossoverIndex = 1, mutationProbability, mutationIndex = 2 } = options
  const isPart = (value: number): boolean => value >= 0 && value <= 1
  const isIndex = (value: number): boolean => value >= 0 && value < Infinity
  if (population !== undefined) checkOption(sampler, 'population', population, Number.isSafeInteger(population) && population >= 2, 'a whole number from 2')
  checkOption(sampler, 'startupTrials', startupTrials, Number.isSafeInteger(startupTrials) && startupTrials >= 2, 'a whole number from 2')
  checkOption(sampler, 'crossover', crossover, crossovers.includes(crossover), `one of ${crossovers.join(', ')}`)
  checkOption(sampler, 'crossoverProbability', crossoverProbability, isPart(crossoverProbability), 'a number from 0 to 1')
  checkOption(sampler, 'crossoverIndex', crossoverIndex, isIndex(crossoverIndex), 'a finite number from 0')
  if (mutationProbability !== undefined) checkOption(sampler, 'mutationProbability', mutationProbability, isPart(mutationProbability), 'a number from 0 to 1')
  checkOption(sampler, 'mutationIndex', mutationIndex, isIndex(mutationIndex), 'a finite number from 0')
  return { population, startupTrials, crossover, crossoverProbability, crossoverIndex, mutationProbability, mutationIndex }
}

export function checkOption(sampler: string, name: string, value: unknown, good: boolean, wanted: string): void {
  if (!good) throw new AttuneError('OPTION', `${sampler}({ ${name} }) takes ${wanted}, not ${String(value)}.`, { details: { name, value: String(value) } })
}
