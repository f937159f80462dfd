import { trainingInputs, type Failure, type LoggerContext, type StudyEvent, type TrialRecord } from '@attune/core'
import type { RunStatus } from '../../client/types.ts'
import type { Settings } from '../options.ts'
import type { ArtifactWrite, RunWrites } from '../writes.ts'
import { artifactPath } from './artifact-path.ts'
import { exactSoFar } from './exact-values.ts'
import { inputsIn, inputsOf } from './inputs.ts'
import type { RunChange } from './run-change.ts'
import { attributeTag, firstLine, scalarText, warningTag } from './texts.ts'
import { finalPoints, reportPoints } from './trial-metrics.ts'
import { attributeTags, distributionTags, endTags, startedTags, stateTags, trialRun } from './trial-run.ts'

export type ContentContext = Pick<LoggerContext, 'study' | 'space' | 'view' | 'artifact'>
export type ContentSettings = Pick<Settings, 'surroundings' | 'model'>

/** As Optuna's storage in MLflow: what ended early by a pruner is KILLED, what may go on is SCHEDULED. */
export const runStatuses: { readonly [state in TrialRecord['state']]: RunStatus } = {
  waiting: 'SCHEDULED',
  paused: 'SCHEDULED',
  running: 'RUNNING',
  complete: 'FINISHED',
  pruned: 'KILLED',
  failed: 'FAILED',
}

/** What an event changes in the run of its trial. */
export function trialChange(event: StudyEvent, context: ContentContext, settings: ContentSettings): RunChange | undefined {
  const trial = trialOf(event, context)
  const writes = trial === undefined ? undefined : trialWrites(event, trial, context, settings)
  if (trial === undefined || writes === undefined) return undefined
  return { run: trialRun(trial, context, settings, event.type === 'trial.requeued'), writes }
}

/** Events that only name a trial get the one that is known now: what they change does not depend on it. */
function trialOf(event: StudyEvent, { view }: ContentContext): TrialRecord | undefined {
  if ('trial' in event) return event.trial
  return (event.type === 'attribute.set' || event.type === 'artifact.added' || event.type === 'warning') && event.number !== undefined ? view.trial(event.number) : undefined
}

function trialWrites(event: StudyEvent, trial: TrialRecord, context: ContentContext, settings: ContentSettings): RunWrites | undefined {
  const { objectives } = context.study.definition
  switch (event.type) {
    case 'trial.started':
    case 'trial.resumed':
      return {
        tags: startedTags(trial, context),
        // Of a space that is defined by running, only the end tells what a trial has met.
        params: context.study.definition.space === null ? {} : paramTexts(trial),
        // The run of another attempt begins with what is kept of those before.
        metrics: trial.earlierFailures.length === 0 ? [] : trial.reports.flatMap((report) => reportPoints(report, objectives)),
        status: { status: 'RUNNING' },
        inputs: inputsOf(trial, context.view),
      }
    case 'trial.reported':
      return { metrics: reportPoints(event.report, objectives), tags: exactSoFar(event.report, trial.reports) }
    case 'trial.paused':
      return { tags: stateTags(trial), status: { status: 'SCHEDULED' } }
    case 'trial.requeued': {
      const failure = trial.earlierFailures.at(-1)
      // An attribute that is sent again goes to the run of the latest attempt, so this one gets those it had here.
      const tags = { ...attributeTags(trial), ...endTags({ ...trial, state: 'failed', metrics: {} }), 'attune.state': 'requeued' }
      return { name: `trial ${trial.number}, attempt ${trial.earlierFailures.length}`, tags: { ...tags, ...failureTags(failure) }, status: { status: 'FAILED', endTime: event.time }, artifacts: failureArtifacts(failure) }
    }
    case 'trial.completed':
    case 'trial.pruned':
    case 'trial.failed':
      return {
        metrics: finalPoints(trial, objectives),
        params: paramTexts(trial),
        tags: { ...startedTags(trial, context), ...distributionTags(trial, context), ...endTags(trial), ...failureTags(trial.failure) },
        status: { status: runStatuses[trial.state], endTime: trial.endedAt ?? event.time },
        artifacts: failureArtifacts(trial.failure),
        inputs: inputsOf(trial, context.view),
      }
    case 'trial.amended':
      return amendmentWrites(event, context)
    case 'attribute.set':
      return event.key === trainingInputs ? { inputs: inputsIn(event.value) } : { tags: attributeTag(event.key, event.value) }
    case 'artifact.added':
      // Models are large: that of the best trial is uploaded, once it is known to be the best.
      if (event.name === 'model' || event.name === settings.model?.artifact) return undefined
      return { artifacts: [artifactWrite(event.name, event.artifact, context)] }
    case 'warning':
      return { tags: warningTag(event) }
    default:
      return undefined
  }
}

function amendmentWrites(event: Extract<StudyEvent, { type: 'trial.amended' }>, context: ContentContext): RunWrites {
  const { trial, amendment, by } = event
  const tags = endTags(trial)
  if ('void' in amendment) return { tags: { ...tags, 'attune.void': amendment.void, 'attune.amended_by': by } }
  if ('restore' in amendment) return { tags: { ...tags, 'attune.restored': amendment.restore, 'attune.amended_by': by }, removedTags: ['attune.void'] }
  const values = 'add' in amendment ? amendment.add : amendment.metrics
  const note = `${'add' in amendment ? 'added' : 'edited'} ${Object.keys(values).join(', ')}${amendment.note === undefined ? '' : `: ${amendment.note}`}`
  return { metrics: finalPoints(trial, context.study.definition.objectives, { metrics: values, time: event.time }), tags: { ...tags, 'attune.amended': note, 'attune.amended_by': by } }
}

export function artifactWrite(name: string, artifact: Parameters<LoggerContext['artifact']>[0], context: Pick<LoggerContext, 'artifact'>): ArtifactWrite {
  return { path: artifactPath(name, artifact), content: () => context.artifact(artifact) }
}

function paramTexts({ flatParams }: TrialRecord): { readonly [path: string]: string } {
  return Object.fromEntries(Object.entries(flatParams).map(([path, value]) => [path, scalarText(value)]))
}

function failureTags(failure: Failure | undefined): { readonly [tag: string]: string } {
  return failure === undefined ? {} : { 'attune.error': `${failure.reason}: ${firstLine(failure.message)}` }
}

function failureArtifacts(failure: Failure | undefined): readonly ArtifactWrite[] {
  if (failure === undefined) return []
  const { reason, message, stack } = failure
  return [{ path: 'attune/error.txt', content: `${reason}: ${message}\n${stack === undefined ? '' : `\n${stack}\n`}` }]
}
