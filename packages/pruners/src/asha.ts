import type { Problem, Pruner, PrunerFactory } from '@attune/core'
import { lossFrom, stepBefore } from './curves.ts'
import { endedTrials } from './ended-trials.ts'
import { firstJudgedStep } from './first-judged-step.ts'
import { judgeWithoutLoss } from './missing-loss.ts'
import { checkNumber, refuseUnknownOptions, requireOneObjective } from './options.ts'
import { countBelow, sortedLosses, type SortedLosses } from './sorted-losses.ts'

/** Options of `asha`. Resources are steps, in the unit of the reported steps. */
export interface AshaOptions {
  /** Step of the first rung, in the unit of the reported steps. Default: a sixteenth of `maxResource`, at least 1. */
  readonly minResource?: number
  /** Rung k is at `minResource * reductionFactor ** k`, and about one trial in `reductionFactor` passes it. Default 3. */
  readonly reductionFactor?: number
  /**
   * Step at which trials end by themselves. Trials that got there are not judged: stopping them saves nothing.
   * Default: the last step of the longest complete trial; until there is one, nothing is judged unless `minResource` is given.
   */
  readonly maxResource?: number
}

/**
 * Asynchronous successive halving by stopping. A trial that reaches a rung goes on if its loss is among the best
 * ⌊n / reductionFactor⌋ of the n trials that have reached it, itself included; equal losses pass together.
 * As long as n is lower than reductionFactor, every trial passes: too few are known to call one of them bad.
 *
 * The loss at a rung is that of the first report at or after it, so trials need not report at the rungs.
 * A report that passes several rungs counts on each and is judged on the highest. A loss of NaN prunes.
 *
 * Throws PRUNER_OPTION for an option out of range; `create` throws UNSUPPORTED with several objectives.
 * Source: Li et al., "A System for Massively Parallel Hyperparameter Tuning" (MLSys 2020), in the variant that
 * stops trials instead of pausing them.
 */
export function asha(options: AshaOptions = {}): PrunerFactory {
  refuseUnknownOptions('asha', options, ['minResource', 'reductionFactor', 'maxResource'])
  const minResource = options.minResource === undefined ? undefined : checkNumber('asha', 'minResource', options.minResource, { above: 0 })
  const settings = {
    minResource,
    reductionFactor: checkNumber('asha', 'reductionFactor', options.reductionFactor ?? 3, { above: 1 }),
    maxResource: options.maxResource === undefined ? undefined : checkNumber('asha', 'maxResource', options.maxResource, { above: minResource ?? 1 }),
  }
  return {
    specVersion: 'v1',
    id: 'asha',
    create: (problem) => {
      requireOneObjective('asha', problem)
      return createPruner(problem, settings)
    },
  }
}

interface Settings {
  readonly minResource: number | undefined
  readonly reductionFactor: number
  readonly maxResource: number | undefined
}

function createPruner(problem: Problem, { minResource, reductionFactor, maxResource }: Settings): Pruner {
  const { history } = problem
  const trials = endedTrials(history)
  const ended: number[] = []
  let first = 0
  let rungs = new Map<number, SortedLosses>()

  /** Rungs move when a longer trial completes. */
  function placeRungs(length: number | undefined): void {
    const now = minResource ?? (length === undefined ? Infinity : firstJudgedStep(length))
    if (now !== first) rungs = new Map()
    first = now
  }

  /** The highest rung at or below a step, undefined below the first. */
  function rungAt(step: number): number | undefined {
    if (step < first) return undefined
    let rung = first
    while (rung * reductionFactor <= step) rung *= reductionFactor
    return rung
  }

  /** Losses at a rung of the trials that ended, ascending. */
  function lossesOfEnded(rung: number): readonly number[] {
    const column = rungs.get(rung) ?? sortedLosses((number) => lossFrom(history.curve(number), rung))
    rungs.set(rung, column)
    column.update(ended)
    return column.values
  }

  return {
    judge(context) {
      const { number, step, loss } = context
      trials.update((trial) => {
        if (trial.voided === undefined) ended.push(trial.number)
      })
      const length = maxResource ?? trials.longest
      placeRungs(length)
      if (maxResource !== undefined && step > maxResource) {
        problem.warn(`Trials report at steps beyond "maxResource", where none is judged. Raise it, or leave it out.`)
      }
      if (Number.isNaN(loss)) return judgeWithoutLoss(problem, context)
      const rung = rungAt(step)
      if (rung === undefined || step >= (length ?? Infinity) || stepBefore(history.curve(number), step) >= rung) return 'continue'
      const losses = lossesOfEnded(rung)
      let reached = losses.length + 1
      let better = countBelow(losses, loss)
      for (const other of trials.open) {
        // What open trials reported is read afresh: a later attempt may replace it.
        const at = other === number ? NaN : lossFrom(history.curve(other), rung)
        if (!Number.isNaN(at)) reached++
        if (at < loss) better++
      }
      return reached < reductionFactor || better < Math.floor(reached / reductionFactor) ? 'continue' : 'prune'
    },
  }
}
