import { trainingInputs, type LoggerContext, type Objective, type TrialRecord } from '@attune/core'
import type { Texts } from '../../client/types.ts'
import type { Settings } from '../options.ts'
import { distributionText } from './distribution.ts'
import { exactValues } from './exact-values.ts'
import type { TrialRun } from './run-change.ts'
import { attributeTag, pythonTime } from './texts.ts'

/** The run of the attempt that a snapshot is of, or of the one before where it has just failed and is to be tried again. */
export function trialRun(trial: TrialRecord, context: Pick<LoggerContext, 'study' | 'space' | 'view'>, settings: Pick<Settings, 'surroundings'>, hasFailed = false): TrialRun {
  const attempt = trial.earlierFailures.length - (hasFailed ? 1 : 0)
  const key = (index: number): string => (index <= 0 ? `trial/${trial.number}` : `trial/${trial.number}/${index}`)
  return {
    kind: 'trial',
    number: trial.number,
    key: key(attempt),
    start: { name: `trial ${trial.number}`, startTime: trial.startedAt ?? trial.createdAt, tags: { ...settings.surroundings, ...identityTags(trial, context) } },
    adopts: attempt > 0 ? key(attempt - 1) : undefined,
  }
}

/** What is known of a trial once it has been asked for. */
function identityTags(trial: TrialRecord, { study, view }: Pick<LoggerContext, 'study' | 'view'>): Texts {
  return {
    number: String(trial.number),
    direction: callbackDirection(study.definition.objectives),
    datetime_start: pythonTime(trial.startedAt ?? trial.createdAt),
    'attune.study': view.study.definition.name,
    'attune.study_id': study.id,
    'attune.origin': trial.origin,
    ...(trial.parent === undefined ? {} : { 'attune.parent_trial': String(trial.parent) }),
    ...(trial.suggestion === undefined ? {} : { 'attune.sampler': trial.suggestion.sampler }),
  }
}

/** Of a trial that runs: it may have been given another owner, and attributes, since its run was made. */
export function startedTags(trial: TrialRecord, context: Pick<LoggerContext, 'study' | 'space'>): Texts {
  return {
    ...stateTags(trial),
    'attune.attempt': String(trial.attempt),
    ...(trial.owner === undefined ? {} : { 'attune.owner': trial.owner }),
    ...(trial.earlierFailures.length === 0 ? {} : { 'attune.earlier_failures': trial.earlierFailures.map(({ reason, message }) => `${reason}: ${message}`).join('\n') }),
    ...attributeTags(trial),
    ...(context.study.definition.space === null ? {} : distributionTags(trial, context)),
  }
}

export function attributeTags({ attributes }: TrialRecord): Texts {
  return Object.assign({}, ...Object.entries(attributes).filter(([name]) => name !== trainingInputs).map(([name, value]) => attributeTag(name, value))) as Texts
}

/** `<parameter>_distribution`, as Optuna's callback for MLflow. */
export function distributionTags(trial: TrialRecord, { space }: Pick<LoggerContext, 'space'>): Texts {
  return Object.fromEntries(space.dimensions.filter(({ path }) => Object.hasOwn(trial.flatParams, path)).map((dimension) => [`${dimension.path}_distribution`, distributionText(dimension)]))
}

const optunaStates = { waiting: 'WAITING', running: 'RUNNING', paused: 'WAITING', complete: 'COMPLETE', pruned: 'PRUNED', failed: 'FAIL' } as const

/** `state` in Optuna's words, for queries that are written for it; a void trial has a word of its own, so that they leave it out as the study does. */
export function stateTags(trial: TrialRecord): Texts {
  return { state: trial.voided === undefined ? optunaStates[trial.state] : 'VOID', 'attune.state': trial.state }
}

/** Of a trial that has ended. */
export function endTags(trial: TrialRecord): Texts {
  const step = trial.reports.at(-1)?.step
  return {
    ...stateTags(trial),
    ...(trial.endedAt === undefined ? {} : { datetime_complete: pythonTime(trial.endedAt) }),
    ...(trial.state === 'pruned' && step !== undefined ? { 'attune.pruned_at_step': String(step) } : {}),
    ...(trial.violation > 0 ? { 'attune.violation': String(trial.violation) } : {}),
    ...(trial.voided === undefined ? {} : { 'attune.void': trial.voided }),
    ...exactValues(trial),
  }
}

/** As Optuna's callback: `MINIMIZE`, or a list of them in Python. */
function callbackDirection(objectives: readonly Objective[]): string {
  const [first, ...others] = objectives.map(({ direction }) => direction.toUpperCase())
  return others.length === 0 ? String(first) : `[${[first, ...others].map((direction) => `'${direction}'`).join(', ')}]`
}

/** `MINIMIZE`, or `MINIMIZE,MAXIMIZE`, as MLflow's storage for Optuna writes them. */
export function directions(objectives: readonly Objective[]): string {
  return objectives.map(({ direction }) => direction.toUpperCase()).join(',')
}
