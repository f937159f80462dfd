import { AttuneError } from '@attune/core'
import { checkKnown } from '../known-options.ts'
import type { KernelName } from '../gaussian-process/kernel.ts'

/** What the next trial is chosen by: log expected improvement, a confidence bound, log probability of improvement, or the minimum of a function drawn from the model. */
export type AcquisitionName = 'ei' | 'ucb' | 'pi' | 'thompson'

/** Options of `gp`. */
export interface GpOptions {
  /** Trials spread over the space before the model is used, at least 2. Default 6; 10 if there is no number without a step. */
  readonly startupTrials?: number
  /** How alike near points are. Default `matern52`. */
  readonly kernel?: KernelName
  /** Default `ei`. Several objectives have their own, see `hypervolume`. */
  readonly acquisition?: AcquisitionName
  /** Whether scales of numbers are bent to make the objective as even as it can be. Default true. */
  readonly warping?: boolean
  /** `learned`: the model finds out how noisy the objective is. `none`: it takes every value as exact. Default `learned`. */
  readonly noise?: 'learned' | 'none'
}

export type GpSettings = Required<Omit<GpOptions, 'startupTrials'>> & Pick<GpOptions, 'startupTrials'>

const choices = {
  kernel: ['matern52', 'matern32', 'rbf'],
  acquisition: ['ei', 'ucb', 'pi', 'thompson'],
  warping: [true, false],
  noise: ['learned', 'none'],
} as const

/** Options with their defaults. Throws OPTION for one that is unknown or out of range. */
export function settingsOf(options: GpOptions): GpSettings {
  checkKnown('gp', options, ['startupTrials', ...Object.keys(choices)])
  const settings = { kernel: 'matern52', acquisition: 'ei', warping: true, noise: 'learned', ...withoutUndefined(options) } as GpSettings
  const { startupTrials } = settings
  if (startupTrials !== undefined && !(Number.isSafeInteger(startupTrials) && startupTrials >= 2)) refuse('startupTrials', startupTrials, 'a whole number from 2')
  for (const [name, allowed] of Object.entries(choices)) {
    const value: unknown = settings[name as keyof typeof choices]
    if (!(allowed as readonly unknown[]).includes(value)) refuse(name, value, allowed.map((one) => JSON.stringify(one)).join(' or '))
  }
  return settings
}

function withoutUndefined(options: GpOptions): GpOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function refuse(name: string, value: unknown, wanted: string): never {
  throw new AttuneError('OPTION', `gp({ ${name} }) takes ${wanted}, not ${typeof value === 'string' ? JSON.stringify(value) : String(value)}.`, { details: { name, value: String(value) } })
}
