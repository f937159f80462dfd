import { encodeJson, trainingInputs, type StudyEvent } from '@attune/core'
import type { RunStatus } from '../../client/types.ts'
import type { Settings } from '../options.ts'
import type { RunStart, RunWrites } from '../writes.ts'
import { inputsIn } from './inputs.ts'
import { attributeTag, warningTag } from './texts.ts'
import { artifactWrite, type ContentContext } from './trial-change.ts'
import { directions } from './trial-run.ts'
import { ownVersion } from './version.ts'

/** How the run of a study begins. */
export function studyStart({ study }: Pick<ContentContext, 'study'>, settings: Pick<Settings, 'runName' | 'surroundings' | 'tags'>): RunStart {
  return { name: settings.runName ?? study.definition.name, startTime: study.createdAt, tags: { ...settings.surroundings, ...studyTags(study.id, study.definition), ...settings.tags } }
}

function studyTags(id: string, { name, objectives, constraints, seed }: ContentContext['study']['definition']): { readonly [tag: string]: string } {
  return {
    'optuna.study_direction': directions(objectives),
    'attune.study': name,
    'attune.study_id': id,
    'attune.objectives': objectives.map(({ direction, metric }) => `${direction} ${metric}`).join(', '),
    ...(constraints.length === 0 ? {} : { 'attune.constraints': constraints.map(({ metric, bound, limit }) => `${metric} ${bound === 'atMost' ? '<=' : '>='} ${limit}`).join(', ') }),
    'attune.seed': String(seed),
    'attune.version': ownVersion(),
  }
}

/** What an event changes in the run of the study. */
export function studyWrites(event: StudyEvent, context: ContentContext, settings: Pick<Settings, 'runId' | 'runName' | 'tags'>): RunWrites | undefined {
  const { view } = context
  switch (event.type) {
    case 'study.opened':
    case 'study.resumed':
      return {
        // A run that was there before the study, and is attached to, has none of them.
        tags: { ...studyTags(context.study.id, view.study.definition), ...(event.sampler === undefined ? {} : { 'attune.sampler': event.sampler }), ...(event.pruner === undefined ? {} : { 'attune.pruner': event.pruner }), ...settings.tags },
        artifacts: [spaceArtifact(context)],
      }
    case 'study.started':
      return { status: { status: 'RUNNING' }, tags: event.goal === undefined ? {} : { 'attune.goal': String(event.goal) } }
    case 'study.stopped': {
      const best = bestWrites(event, context)
      return { status: stoppedStatus(event, context), ...best, tags: { ...best?.tags, 'attune.stopped': event.reason }, artifacts: [spaceArtifact(context)] }
    }
    case 'best.improved':
      return improvedWrites(event, context)
    case 'trial.amended':
      return bestWrites(event, context)
    case 'attribute.set':
      if (event.number !== undefined) return undefined
      return event.key === trainingInputs ? { inputs: inputsIn(event.value) } : { tags: attributeTag(event.key, event.value) }
    case 'artifact.added':
      return event.number === undefined ? { artifacts: [artifactWrite(event.name, event.artifact, context)] } : undefined
    case 'study.renamed':
      return { ...(settings.runName === undefined && settings.runId === undefined ? { name: event.name } : {}), tags: { 'attune.study': event.name } }
    case 'space.revised':
      return { artifacts: [spaceArtifact(context)] }
    case 'warning':
      return event.number === undefined ? { tags: warningTag(event) } : undefined
    case 'study.merged':
      return { tags: { 'attune.merged_from': event.from.name } }
    case 'study.copied':
      return { tags: { 'attune.copied_from': event.from.name } }
    default:
      return undefined
  }
}

/** Another process may still run trials of the study: then the study goes on. */
function stoppedStatus(event: Extract<StudyEvent, { type: 'study.stopped' }>, { view }: ContentContext): { readonly status: RunStatus; readonly endTime?: number } {
  if (view.study.counts.running > 0) return { status: 'RUNNING' }
  const status = event.reason.startsWith('it failed') ? 'FAILED' : event.reason === 'it was interrupted' ? 'KILLED' : 'FINISHED'
  return { status, endTime: event.time }
}

/** As the storage has it: a space that is defined by running has none, and its parameters so far instead. */
function spaceArtifact({ view, space }: ContentContext): { readonly path: string; readonly content: string } {
  return { path: 'attune/space.json', content: `${encodeJson(view.study.definition.space ?? space.toJSON())}\n` }
}

/**
 * The best value so far, at the highest number of the trials that had ended by then: a curve whose last point is the best value, also
 * where trials end in another order than they began. A correction counts more than what it corrects, also in the same millisecond. Reckoned from what the event came after, so that it is the same when it is sent again.
 */
function bestWrites({ type, time }: StudyEvent, { view, study }: ContentContext): RunWrites | undefined {
  const sign = study.definition.objectives[0]?.direction === 'maximize' ? -1 : 1
  let step = 0
  let best: { readonly number: number; readonly value: number } | undefined
  for (const { number, state, value, voided, violation, endedAt } of view.trials()) {
    if (endedAt === undefined || endedAt > time) continue
    step = Math.max(step, number)
    if (state !== 'complete' || voided !== undefined || violation > 0 || value === undefined || Number.isNaN(value)) continue
    if (best === undefined || sign * value < sign * best.value) best = { number, value }
  }
  return best === undefined ? undefined : { metrics: [{ key: 'best_value', value: best.value, step, timestamp: type === 'trial.amended' ? time + 1 : time }], tags: { 'attune.best_trial': String(best.number) } }
}

/**
 * As `bestWrites`, of a trial that has just become the best: from the event alone and from trials that ended before it. Others that ended in the
 * same millisecond may be known when it is sent again, and not when it was sent first.
 */
function improvedWrites({ trial, time }: Extract<StudyEvent, { type: 'best.improved' }>, { view }: ContentContext): RunWrites {
  const step = view.trials().reduce((last, { number, endedAt }) => (endedAt !== undefined && endedAt < time ? Math.max(last, number) : last), trial.number)
  return { metrics: trial.value === undefined ? [] : [{ key: 'best_value', value: trial.value, step, timestamp: time }], tags: { 'attune.best_trial': String(trial.number) } }
}
