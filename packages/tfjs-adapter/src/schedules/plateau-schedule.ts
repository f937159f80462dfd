import type { Json } from '@attune/core'
import { Judge } from '../training/judge.ts'
import { scheduleError } from './check-schedule-spec.ts'
import type { RateSchedule, SchedulePosition } from './rate-schedule.ts'
import type { ScheduleSpec } from './schedule-spec.ts'

type PlateauSpec = Extract<ScheduleSpec, { readonly type: 'plateau' }>

/** What it remembers. */
interface Progress {
  /** null before the first validation. */
  readonly best: number | null
  /** Validations since the best, or since the last reduction. */
  readonly wait: number
  /** Validations of the cooldown that are left. */
  readonly cooldown: number
  /** What is left of the base rate: a share, so that a fork with another base rate learns at its own. */
  readonly share: number
}

/** Keras's ReduceLROnPlateau. `warmed` is the share of the rate that warm-up lets through. */
export function plateauSchedule(spec: PlateauSpec, baseRate: number, warmed: (position: SchedulePosition) => number): RateSchedule {
  const { factor = 0.1, patience = 10, minDelta = 1e-4, minRate = 0 } = spec
  let known: Judge | undefined
  const judgeOf = (reported: readonly string[]): { readonly judge: Judge; readonly metric: string } => {
    const { metric = reported.includes('valLoss') ? 'valLoss' : 'loss', direction } = spec
    const judge = (known ??= new Judge('schedule', { metric, ...(direction === undefined ? {} : { direction }) }))
    return { judge, metric: judge.metricOf(reported) }
  }
  let progress: Progress = { best: null, wait: 0, cooldown: 0, share: 1 }
  return {
    rateAt: (position) => baseRate * progress.share * warmed(position),
    follows(reported) {
      judgeOf(reported)
    },
    observe(metrics) {
      const { judge, metric } = judgeOf(Object.keys(metrics))
      const value = metrics[metric] as number
      const cooldown = Math.max(0, progress.cooldown - 1)
      if (judge.better(value, progress.best ?? Number.NaN, minDelta)) progress = { ...progress, best: value, wait: 0, cooldown }
      else if (cooldown > 0) progress = { ...progress, wait: 0, cooldown }
      else if (progress.wait + 1 < patience) progress = { ...progress, wait: progress.wait + 1, cooldown }
      else progress = { ...progress, wait: 0, cooldown: spec.cooldown ?? 0, share: Math.min(progress.share, Math.max(progress.share * factor, minRate / baseRate)) }
    },
    state: () => ({ ...progress }),
    restore(state) {
      progress = progressOf(state)
    },
  }
}

function progressOf(state: Json): Progress {
  const { best, wait, cooldown, share } = Object(state) as { readonly [field: string]: Json | undefined }
  if ((best === null || typeof best === 'number') && typeof wait === 'number' && typeof cooldown === 'number' && typeof share === 'number') return { best, wait, cooldown, share }
  throw scheduleError('the checkpoint does not hold the state of a plateau schedule')
}
