import type { HistoryEntry, StudyEvent } from '@attune/core'
import type { StudyData, StudyWarning } from './study-data.ts'

/** What is read of a study: core's `Study` is one. */
export interface ReadableStudy {
  readonly definition: StudyData['definition']
  readonly space: StudyData['space']
  trials(): StudyData['trials']
  /** Everything that happened so far; warnings are among it. */
  events(): AsyncIterable<StudyEvent>
  /** Who corrected what, oldest first. */
  history(): Promise<readonly HistoryEntry[]>
}

/** A study as data for a report: its trials now, and the warnings and corrections of its whole history. */
export async function readStudy(study: ReadableStudy): Promise<StudyData> {
  const warnings: StudyWarning[] = []
  for await (const event of study.events()) {
    if (event.type === 'warning') warnings.push({ source: event.source, message: event.message, number: event.number })
  }
  return { definition: study.definition, space: study.space, trials: study.trials(), warnings, corrections: await study.history() }
}
