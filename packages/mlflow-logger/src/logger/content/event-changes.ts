import type { StudyEvent } from '@attune/core'
import type { Settings } from '../options.ts'
import type { RunChange } from './run-change.ts'
import { studyWrites } from './study-change.ts'
import { trialChange, type ContentContext } from './trial-change.ts'

/** All that an event changes in MLflow, but for summary, links and the best model, which come when the study stops. */
export function eventChanges(event: StudyEvent, context: ContentContext, settings: Pick<Settings, 'runId' | 'runName' | 'surroundings' | 'tags' | 'model'>): readonly RunChange[] {
  const changes: RunChange[] = []
  const ofStudy = studyWrites(event, context, settings)
  if (ofStudy !== undefined) changes.push({ run: { kind: 'study' }, writes: ofStudy })
  const ofTrial = trialChange(event, context, settings)
  if (ofTrial !== undefined) changes.push(ofTrial)
  return changes
}
