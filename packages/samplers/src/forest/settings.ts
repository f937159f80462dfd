import { AttuneError } from '@attune/core'
import { checkKnown } from '../known-options.ts'

/** Options of `forest`. */
export interface ForestOptions {
  /** Trials drawn from the priors before the model is used, at least 2. Default 8. */
  readonly startupTrials?: number
  /** Trees of the forest, at least 2. Default 30. */
  readonly trees?: number
  /** True where the same parameters give different values: trees then see bootstrap samples of the trials and are less deep. Default false. */
  readonly noisy?: boolean
  /** Points drawn from the priors, of which the most promising and the best trials are searched around, at least 1. Default 500. */
  readonly draws?: number
  /** Which part of the trials is drawn from the priors all along, from 0 and below 1. Default 0.2 in spaces with conditions and numbers without a step, 0 in others. */
  readonly randomShare?: number
}

/** The options with their defaults. */
export type ForestSampling = Required<Omit<ForestOptions, 'randomShare'>> & Pick<ForestOptions, 'randomShare'>

/** The options with their defaults. Throws OPTION for one that is unknown or out of range. */
export function settingsOf(options: ForestOptions): ForestSampling {
  checkKnown('forest', options, ['startupTrials', 'trees', 'noisy', 'draws', 'randomShare'])
  const { startupTrials = 8, trees = 30, noisy = false, draws = 500, randomShare } = options
  checkWhole('startupTrials', startupTrials, 2)
  checkWhole('trees', trees, 2)
  checkWhole('draws', draws, 1)
  if (typeof noisy !== 'boolean') refuse('noisy', noisy, 'true or false')
  if (randomShare !== undefined && !(randomShare >= 0 && randomShare < 1)) refuse('randomShare', randomShare, 'a number from 0 and below 1')
  return { startupTrials, trees, noisy, draws, ...(randomShare !== undefined && { randomShare }) }
}

function checkWhole(name: string, value: number, least: number): void {
  if (!(Number.isSafeInteger(value) && value >= least)) refuse(name, value, `a whole number from ${least}`)
}

function refuse(name: string, value: unknown, wanted: string): never {
  throw new AttuneError('OPTION', `forest({ ${name} }) takes ${wanted}, not ${String(value)}.`, { details: { name, value } })
}
