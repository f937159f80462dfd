import type { JudgeContext, Problem, Verdict } from '@attune/core'

/** Reports of one trial, or complete trials, after which a metric that never comes is worth a warning. */
const patience = 10

/**
 * The verdict on a report whose loss is NaN. A metric that is NaN has diverged: prune, with a warning if nothing has worked yet. A metric that was
 * not reported says nothing: continue, with a warning if that seems to be the rule.
 */
export function judgeWithoutLoss(problem: Problem, context: JudgeContext): Verdict {
  const metric = problem.objectives[0]?.metric ?? ''
  const { reports } = context.trial
  const last = reports.at(-1)
  if (last !== undefined && Object.hasOwn(last.metrics, metric)) {
    // Divergence comes later, and not in all trials: before anything has worked it is more likely a mistake.
    if (problem.history.completeCount === 0 && reports.every(({ metrics }) => Number.isNaN(metrics[metric] ?? NaN))) {
      problem.warn(`A trial reported "${metric}" as NaN from its first step, and was pruned: it diverged at once, or the metric divides by zero or uses something undefined, as a parameter that the space does not have is.`)
    }
    return 'prune'
  }
  const everReported = reports.some((report) => Object.hasOwn(report.metrics, metric))
  if (!everReported && (reports.length >= patience || problem.history.completeCount >= patience)) {
    problem.warn(`Trials do not report "${metric}" while they run, so none can be pruned. Report it at every step, or use the pruner none().`)
  }
  return 'continue'
}
