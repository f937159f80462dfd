import type { Curve, Problem, Pruner, PrunerFactory } from '@attune/core'
import { lossUntil, lowestLoss, stepBefore } from './curves.ts'
import { endedTrials } from './ended-trials.ts'
import { firstJudgedStep } from './first-judged-step.ts'
import { judgeWithoutLoss } from './missing-loss.ts'
import { checkNumber, refuseUnknownOptions, requireOneObjective } from './options.ts'
import { sortedLosses, type SortedLosses } from './sorted-losses.ts'

/** Options of `percentile` and `median`. */
export interface PercentileOptions {
  /** Complete trials that the study must have before any is pruned. Default 5. */
  readonly startupTrials?: number
  /** Reports at steps below this are not judged. Default: a sixteenth of the last step of the longest complete trial. */
  readonly warmupSteps?: number
  /** Steps from one judgement of a trial to the next: its first report in each interval is judged. Default 1. */
  readonly interval?: number
  /** Complete trials that must be comparable at the step. Default 1. */
  readonly minTrials?: number
}

/**
 * Stops a trial whose best loss so far is worse than the given percentile of the complete trials at the same step:
 * `percentile(25)` keeps the best quarter. Each complete trial counts with its last report at or before
 * the step, so trials need not report at the same steps. A loss of NaN prunes.
 *
 * @param percentile above 0, at most 100; lower prunes more.
 * Throws PRUNER_OPTION for an option out of range; `create` throws UNSUPPORTED with several objectives.
 * Source: the median stopping rule of Golovin et al., "Google Vizier" (KDD 2017), section 3.2.1, with the best loss
 * so far as in Optuna's PercentilePruner.
 */
export function percentile(percentile: number, options: PercentileOptions = {}): PrunerFactory {
  return percentilePruner('percentile', checkNumber('percentile', 'percentile', percentile, { above: 0, most: 100 }), options)
}

interface Settings extends Required<Omit<PercentileOptions, 'warmupSteps'>> {
  readonly id: string
  readonly percentile: number
  readonly warmupSteps: number | undefined
}

/** `percentile` under another name. */
export function percentilePruner(id: string, percentile: number, options: PercentileOptions): PrunerFactory {
  refuseUnknownOptions(id, options, ['startupTrials', 'warmupSteps', 'interval', 'minTrials'])
  const settings: Settings = {
    id,
    percentile,
    startupTrials: checkNumber(id, 'startupTrials', options.startupTrials ?? 5, { least: 0, integer: true }),
    warmupSteps: options.warmupSteps === undefined ? undefined : checkNumber(id, 'warmupSteps', options.warmupSteps, { least: 0 }),
    interval: checkNumber(id, 'interval', options.interval ?? 1, { above: 0 }),
    minTrials: checkNumber(id, 'minTrials', options.minTrials ?? 1, { least: 1, integer: true }),
  }
  return {
    specVersion: 'v1',
    id,
    create: (problem) => {
      requireOneObjective(id, problem)
      return createPruner(problem, settings)
    },
  }
}

/** Complete trials, beyond the startup, after which having none to compare with is worth a warning. */
const patience = 10
/** Steps whose sorted losses are kept. */
const keptSteps = 1024

function createPruner(problem: Problem, settings: Settings): Pruner {
  const { history } = problem
  const ended = endedTrials(history)
  const complete: number[] = []
  const byStep = new Map<number, SortedLosses>()

  /** Ascending losses of the complete trials at a step. */
  function lossesAt(step: number): readonly number[] {
    const column = byStep.get(step) ?? sortedLosses((number) => lossUntil(history.curve(number), step))
    byStep.delete(step)
    byStep.set(step, column)
    if (byStep.size > keptSteps) byStep.delete(byStep.keys().next().value as number)
    column.update(complete)
    return column.values
  }

  return {
    judge(context) {
      ended.update((trial) => {
        if (trial.state === 'complete' && trial.voided === undefined) complete.push(trial.number)
      })
      if (Number.isNaN(context.loss)) return judgeWithoutLoss(problem, context)
      const curve = history.curve(context.number)
      const warmupSteps = settings.warmupSteps ?? firstJudgedStep(ended.longest ?? 0)
      if (history.completeCount < settings.startupTrials || !isDue(curve, context.step, warmupSteps, settings.interval)) return 'continue'
      const others = lossesAt(context.step)
      if (others.length >= settings.minTrials) return lowestLoss(curve) > percentileOf(others, settings.percentile) ? 'prune' : 'continue'
      if (history.completeCount >= settings.startupTrials + patience) {
        problem.warn(`Fewer than ${settings.minTrials} of the complete trials have reported by the step that is judged, so nothing is pruned. Report from the first step on, or lower "minTrials".`)
      }
      return 'continue'
    },
  }
}

/** Whether this report is the first one in its interval. */
function isDue(curve: Curve, step: number, warmupSteps: number, interval: number): boolean {
  if (step < warmupSteps) return false
  const start = warmupSteps + Math.floor((step - warmupSteps) / interval) * interval
  return stepBefore(curve, step) < start
}

/** Percentile of ascending values, between two of them by linear interpolation. */
function percentileOf(ascending: readonly number[], percentile: number): number {
  const rank = ((ascending.length - 1) * percentile) / 100
  const below = ascending[Math.floor(rank)] as number
  const above = ascending[Math.ceil(rank)] as number
  // An infinite end would make the sum NaN; the lenient one of the two decides.
  if (below === above || !Number.isFinite(above - below)) return above
  return below + (above - below) * (rank - Math.floor(rank))
}
