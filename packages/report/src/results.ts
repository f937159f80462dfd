import type { Objective, TrialRecord } from '@attune/core'
import type { StudyData } from './study-data.ts'

/** True if `a` is strictly better than `b` in this direction. */
export function isBetter(objective: Pick<Objective, 'direction'>, a: number, b: number): boolean {
  return objective.direction === 'maximize' ? a > b : a < b
}

/** True for a trial that counts as a result: complete, feasible, not void, with all objective values. */
export function isResult(trial: TrialRecord): trial is TrialRecord & { readonly values: readonly number[] } {
  return trial.state === 'complete' && trial.voided === undefined && trial.violation === 0 && trial.values !== undefined
}

/** The result with the best value of one objective (the earliest of equals), or undefined. */
export function bestTrial(study: StudyData, objective = 0): TrialRecord | undefined {
  return improvements(study, objective).at(-1)
}

/** The results that were each the best of one objective when they came, in the order of their numbers. */
export function improvements(study: StudyData, objective = 0): readonly TrialRecord[] {
  const goal = study.definition.objectives[objective]
  const steps: TrialRecord[] = []
  if (goal === undefined) return steps
  let best: number | undefined
  for (const trial of study.trials) {
    const value = isResult(trial) ? trial.values[objective] : undefined
    if (value === undefined || Number.isNaN(value) || (best !== undefined && !isBetter(goal, value, best))) continue
    best = value
    steps.push(trial)
  }
  return steps
}

/** The results that no other result beats in all objectives, in the order of their numbers. */
export function paretoFront(study: StudyData): readonly TrialRecord[] {
  const { objectives } = study.definition
  let front: (TrialRecord & { readonly values: readonly number[] })[] = []
  for (const trial of study.trials) {
    if (!isResult(trial) || front.some((other) => dominates(objectives, other.values, trial.values))) continue
    front = front.filter((other) => !dominates(objectives, trial.values, other.values))
    front.push(trial)
  }
  return front
}

function dominates(objectives: readonly Objective[], a: readonly number[], b: readonly number[]): boolean {
  let better = false
  for (const [index, objective] of objectives.entries()) {
    const left = a[index] ?? Number.NaN
    const right = b[index] ?? Number.NaN
    if (isBetter(objective, right, left)) return false
    better ||= isBetter(objective, left, right)
  }
  return better
}

/** The trials worth looking at first: the best one, or with several objectives the Pareto front. */
export function leaders(study: StudyData): readonly TrialRecord[] {
  if (study.definition.objectives.length > 1) return paretoFront(study)
  const best = bestTrial(study)
  return best === undefined ? [] : [best]
}

/** Steps that ran, and steps that pruned trials were spared, if trials have steps. */
export interface StepCount {
  readonly run: number
  readonly saved: number
}

/** Counts steps of iterative trials. A pruned trial is taken to have been meant as long as the longest complete one. */
export function countSteps(trials: readonly TrialRecord[]): StepCount | undefined {
  const last = (trial: TrialRecord): number => trial.reports.at(-1)?.step ?? 0
  const full = trials.reduce((most, trial) => (trial.state === 'complete' ? Math.max(most, last(trial)) : most), 0)
  if (full <= 1) return undefined
  let run = 0
  let saved = 0
  for (const trial of trials) {
    run += last(trial)
    if (trial.state === 'pruned') saved += Math.max(0, full - last(trial))
  }
  return { run, saved }
}

/** Milliseconds that a trial ran, if it ended. */
export function trialDuration(trial: TrialRecord): number | undefined {
  return trial.startedAt === undefined || trial.endedAt === undefined ? undefined : Math.max(0, trial.endedAt - trial.startedAt)
}
