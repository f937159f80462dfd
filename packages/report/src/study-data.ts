import type { HistoryEntry, SearchSpace, StudyDefinition, TrialRecord } from '@attune/core'

/** Something the user should know, as in a `warning` event. */
export interface StudyWarning {
  /** Who says it: the id of a sampler, pruner, trainer or logger. */
  readonly source: string
  readonly message: string
  /** The trial it is about, if it is about one. */
  readonly number?: number | undefined
}

/** A study as plain data: all that a report reads. */
export interface StudyData {
  readonly definition: Pick<StudyDefinition, 'name' | 'objectives' | 'constraints' | 'seed'>
  readonly space: Pick<SearchSpace, 'dimensions'>
  /** Trials of any state, ascending by number. */
  readonly trials: readonly TrialRecord[]
  /** In the order in which they were raised. */
  readonly warnings?: readonly StudyWarning[]
  /** Who corrected what, oldest first. */
  readonly corrections?: readonly HistoryEntry[]
}
