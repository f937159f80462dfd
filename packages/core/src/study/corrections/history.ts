import type { Change, StudyReference } from '../../contracts/change.ts'
import type { FlatParams, Json, Metrics } from '../../contracts/values.ts'
import type { StudyHistory } from '../../history/study-history.ts'
import { differenceOfForms } from '../../space/difference-of-forms.ts'
import type { StudyAccess } from '../study-access.ts'

interface Entry {
  /** Revision of the change in the study's history. */
  readonly revision: number
  /** Milliseconds since the epoch, by the storage's clock. */
  readonly time: number
  /** A `Host` identity, or the name that a person gave. */
  readonly by: string
  readonly note: string | undefined
}

/** One correction of a study: who changed what. */
export type HistoryEntry =
  /** `before` and `after` are the reasons for which the trial is void, if it is. */
  | (Entry & { readonly what: 'void' | 'restore'; readonly number: number; readonly before: string | undefined; readonly after: string | undefined })
  /** `before` and `after` are the values of the metrics that it is about. */
  | (Entry & { readonly what: 'edit' | 'metrics'; readonly number: number; readonly before: Metrics; readonly after: Metrics })
  | (Entry & { readonly what: 'rename'; readonly before: string; readonly after: string })
  /** `before` and `after` are JSON forms of the space, `changes` says in words what differs, `values` is what trials so far have for new parameters. */
  | (Entry & { readonly what: 'space'; readonly before: Json; readonly after: Json; readonly changes: readonly string[]; readonly values: FlatParams })
  /** `before` and `after` are numbers of trials. */
  | (Entry & { readonly what: 'merge'; readonly from: StudyReference; readonly before: number; readonly after: number })
  /** The study was made as a copy; entries before this one are those of the other study. `before` and `after` are names. */
  | (Entry & { readonly what: 'copy'; readonly from: StudyReference; readonly before: string; readonly after: string })

/** Every correction of a study, oldest first, read from the storage. */
export async function correctionsOf(access: StudyAccess): Promise<readonly HistoryEntry[]> {
  const history = access.newHistory()
  const entries: HistoryEntry[] = []
  for await (const change of access.changes()) {
    const finish = begin(change, history)
    history.apply(change)
    if (finish !== undefined) entries.push(Object.freeze(finish()))
  }
  return entries
}

/** Looks at what a correction is about to change. The answer is called right after. */
function begin({ revision, time, body }: Change, history: StudyHistory): (() => HistoryEntry) | undefined {
  const at = { revision, time }
  switch (body.type) {
    case 'amend': {
      const { number, amendment, by } = body
      const before = history.trial(number)
      if ('void' in amendment || 'restore' in amendment) {
        const [what, note] = 'void' in amendment ? (['void', amendment.void] as const) : (['restore', amendment.restore] as const)
        return () => ({ ...at, by, note, what, number, before: before.voided, after: history.trial(number).voided })
      }
      const [what, names, note] = 'add' in amendment ? (['metrics', Object.keys(amendment.add), amendment.note] as const) : (['edit', Object.keys(amendment.metrics), amendment.note] as const)
      return () => ({ ...at, by, note, what, number, before: only(names, before.metrics), after: only(names, history.trial(number).metrics) })
    }
    case 'rename':
      return () => ({ ...at, by: body.by, note: body.note, what: 'rename', before: body.before, after: body.name })
    case 'revise': {
      const before = history.definition.space
      return () => ({ ...at, by: body.by, note: body.note, what: 'space', before, after: body.space, changes: differenceOfForms(before, body.space), values: body.values })
    }
    case 'merge': {
      const before = history.length
      return () => ({ ...at, by: body.by, note: body.note, what: 'merge', from: body.from, before, after: before + body.trials })
    }
    case 'copied':
      return () => ({ ...at, by: body.by, note: undefined, what: 'copy', from: body.from, before: body.from.name, after: body.name })
    default:
      return undefined
  }
}

function only(names: readonly string[], metrics: Metrics): Metrics {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(metrics, name)).map((name) => [name, metrics[name]!]))
}
