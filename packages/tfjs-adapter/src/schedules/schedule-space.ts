import { float, int, ordinal, type LevelLeaf, type NumberLeaf, type OneOf } from '@attune/core'
import { chosenBranches } from '../chosen-branches.ts'

// Aliases, since an interface has no index signature, and so is no definition of a space.

type Warmed = { readonly warmup: { readonly share: NumberLeaf | LevelLeaf<number> } }

/** What of each schedule is worth tuning; the rest keeps its default. */
export type ScheduleBranches = {
  readonly constant: Warmed
  readonly step: Warmed & { readonly factor: NumberLeaf; readonly every: { readonly share: NumberLeaf } }
  readonly exponential: Warmed & { readonly factor: NumberLeaf }
  readonly polynomial: Warmed & { readonly power: NumberLeaf }
  readonly cosine: Warmed & { readonly floor: NumberLeaf }
  readonly cosineRestarts: Warmed & { readonly period: { readonly share: NumberLeaf }; readonly growth: LevelLeaf<1 | 2> }
  readonly oneCycle: { readonly peakAt: NumberLeaf }
  readonly plateau: Warmed & { readonly factor: NumberLeaf; readonly patience: NumberLeaf }
}

/** Options of `scheduleSpace`. */
export interface ScheduleSpaceOptions<N extends keyof ScheduleBranches> {
  /** Which are searched; default all. */
  readonly schedules?: readonly N[]
  /** How long warm-up may be, as a share of the training; default 0 to 0.2. One parameter for all that have it; `constant(0)` for none. */
  readonly warmup?: NumberLeaf | LevelLeaf<number>
}

/**
 * Schedules as branches, to be spread into a space of one's own: `{ ...scheduleSpace({ schedules: ['cosine', 'oneCycle'] }), units: int(8, 64) }`. The parameter `schedule`
 * is a whole `ScheduleSpec`, so the trainer takes it as it is: `schedule: ({ schedule }) => schedule`. Stretches are shares, so they mean the same
 * however many epochs a trial has.
 * @throws AttuneError `TFJS_OPTION` for a name that is no schedule's.
 */
export function scheduleSpace<const N extends keyof ScheduleBranches = keyof ScheduleBranches>(options: ScheduleSpaceOptions<N> = {}): { readonly schedule: OneOf<Pick<ScheduleBranches, N>> } {
  const warmup = { share: options.warmup ?? float(0, 0.2) }
  const branches: ScheduleBranches = {
    constant: { warmup },
    step: { warmup, factor: float(0.05, 0.8, { scale: 'log' }), every: { share: float(0.1, 0.5) } },
    exponential: { warmup, factor: float(1e-4, 0.5, { scale: 'log' }) },
    polynomial: { warmup, power: float(0.5, 4, { scale: 'log' }) },
    cosine: { warmup, floor: float(0, 0.1) },
    cosineRestarts: { warmup, period: { share: float(0.1, 0.5) }, growth: ordinal([1, 2]) },
    oneCycle: { peakAt: float(0.1, 0.5) },
    plateau: { warmup, factor: float(0.1, 0.7), patience: int(1, 10) },
  }
  return { schedule: chosenBranches('scheduleSpace', branches, options.schedules) as OneOf<Pick<ScheduleBranches, N>> }
}
