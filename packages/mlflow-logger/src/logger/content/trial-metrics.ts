import type { Metrics, Objective, StepReport, TrialRecord } from '@attune/core'
import type { MetricPoint } from '../../client/types.ts'

/** The name under which Optuna's storage in MLflow keeps what a trial reports of its objective. */
const intermediate = 'intermediate_value'

/** The points of one report, at its step and time. The objective comes first: where MLflow's page compares runs, it begins with the metric that was logged first. */
export function reportPoints({ step, metrics, time }: StepReport, objectives: readonly Objective[]): readonly MetricPoint[] {
  const isObjective = (name: string): boolean => objectives.some((objective) => objective.metric === name)
  const points = Object.entries(metrics)
    .map(([key, value]): MetricPoint => ({ key, value, step, timestamp: time }))
    .toSorted((a, b) => Number(isObjective(b.key)) - Number(isObjective(a.key)))
  const metric = objectives.length === 1 ? objectives[0]?.metric : undefined
  if (metric === undefined || !Object.hasOwn(metrics, metric) || Object.hasOwn(metrics, intermediate)) return points
  return [...points, { key: intermediate, value: metrics[metric] as number, step, timestamp: time }]
}

/**
 * What a trial has in the end: its metrics under their own names, and its objective under Optuna's, `value`, or `value_0`, `value_1`, …
 * for several. MLflow's tables and searches take of each metric the point of the last step, and of that the latest, so metrics whose
 * last report says something else (`from: 'best'`, an evaluator) get a later point at the last step.
 * @param correction metrics that were corrected, and when: their points are later still.
 */
export function finalPoints(trial: TrialRecord, objectives: readonly Objective[], correction?: { readonly metrics: Metrics; readonly time: number }): readonly MetricPoint[] {
  const last = trial.reports.at(-1)
  const step = last?.step ?? 0
  const end = Math.max(trial.endedAt ?? trial.createdAt, (last?.time ?? 0) + 1)
  const timestamp = correction === undefined ? end : Math.max(correction.time, end + 1)
  const own = Object.entries(trial.metrics)
    .filter(([key, value]) => last === undefined || !Object.hasOwn(last.metrics, key) || !Object.is(last.metrics[key], value) || (correction !== undefined && Object.hasOwn(correction.metrics, key)))
    .map(([key, value]): MetricPoint => ({ key, value, step, timestamp }))
  return [...own, ...objectivePoints(trial, objectives, timestamp)]
}

function objectivePoints(trial: TrialRecord, objectives: readonly Objective[], timestamp: number): readonly MetricPoint[] {
  // That of a failed trial is what it had reported when it failed: no result.
  if (trial.state === 'failed') return []
  const name = (index: number): string => (objectives.length === 1 ? 'value' : `value_${index}`)
  return (trial.values ?? [])
    .map((value, index): MetricPoint => ({ key: name(index), value, step: 0, timestamp }))
    .filter(({ key }) => !Object.hasOwn(trial.metrics, key))
}
