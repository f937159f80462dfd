import type { Exhausted, Explanation, Json, SamplerFactory, Suggestion, SuggestionTrace, TrialRecord, Wait } from '@attune/core'

/** What a sampler may answer. */
export type Answer = Suggestion | Exhausted | Wait

/** What a wrapper stores as its note: who suggested inside, and that one's own note. */
interface InnerNote {
  /** Names the sampler among several. */
  readonly arm?: string
  /** Names the part of the space that the sampler sees. */
  readonly part?: string
  /** Id and revision of the inner sampler, as in `gp@1`. */
  readonly sampler: string
  readonly note?: Json
}

/** Which sampler it is that a wrapper has inside. */
export interface InnerName {
  /** Id of the wrapper. */
  readonly wrapper: string
  /** Names the sampler among several of one wrapper. */
  readonly arm?: string
  /** Names the part of the space that the sampler sees, where it is not all of it: its notes say nothing of another part. */
  readonly part?: string
}

/** Explanation and note may have so many characters together. */
const noteLimit = 4096

/** `random()` gives no reasons, since they are the same for all: `explain` knows them, but not what is in a wrapper. */
const drawn: Explanation = Object.freeze({ model: 'prior', why: 'Drawn from the priors; results play no part.' })

/** An inner sampler's suggestion as the wrapper's. A note for which there is no room beside what the wrapper adds is left out: its sampler begins anew. */
export function wrapped(answer: Answer, { id, revision }: SamplerFactory, { arm, part }: InnerName): Answer {
  if ('exhausted' in answer || 'wait' in answer) return answer
  const { params, note } = answer
  const given = answer.explanation ?? (id === 'random' ? drawn : undefined)
  const explanation = arm === undefined ? given : named(given, arm)
  const own: InnerNote = { ...(arm === undefined ? {} : { arm }), ...(part === undefined ? {} : { part }), sampler: `${id}@${revision}` }
  const rest = { params, ...(explanation === undefined ? {} : { explanation }) }
  if (note === undefined) return { ...rest, note: { ...own } }
  const full = { ...own, note }
  return { ...rest, note: JSON.stringify({ explanation, note: full }).length > noteLimit ? { ...own } : full }
}

function named(explanation: Explanation | undefined, arm: string): Explanation {
  return explanation === undefined ? { model: arm, why: 'This sampler gives no reasons.' } : { ...explanation, model: `${arm}: ${explanation.model}` }
}

/** Which arm of a wrapper suggested a trial; undefined if none did. */
export function armOf({ suggestion }: TrialRecord, wrapper: string): string | undefined {
  return suggestion?.sampler.startsWith(`${wrapper}@`) === true ? innerNote(suggestion)?.arm : undefined
}

/**
 * A record as the inner sampler is to see it: suggested by whom it was inside, with its own note if it was itself on the same part of the space, and
 * with no note if it was another arm or another part, whose format it could mistake for its own. Records that the wrapper did not suggest
 * are seen as they are, but for notes where the sampler sees a part of the space only.
 */
export function unwrapped(record: TrialRecord, { wrapper, arm, part }: InnerName): TrialRecord {
  const { suggestion } = record
  if (suggestion === undefined) return record
  const { note, ...trace } = suggestion
  if (!suggestion.sampler.startsWith(`${wrapper}@`)) return part === undefined || note === undefined ? record : withTrace(record, trace)
  const inner = innerNote(suggestion)
  if (inner === undefined) return withTrace(record, trace)
  const shown = { ...trace, sampler: inner.sampler }
  return withTrace(record, inner.note === undefined || inner.arm !== arm || inner.part !== part ? shown : { ...shown, note: inner.note })
}

function innerNote({ note }: SuggestionTrace): InnerNote | undefined {
  return typeof note === 'object' && note !== null && 'sampler' in note && typeof note['sampler'] === 'string' ? (note as unknown as InnerNote) : undefined
}

/** The same record with another trace. What records compute when it is read is read off the original. */
function withTrace(record: TrialRecord, suggestion: SuggestionTrace): TrialRecord {
  const { reports: _, ...fields } = record
  return Object.freeze({
    ...fields,
    get params() {
      return record.params
    },
    get value() {
      return record.value
    },
    get reports() {
      return record.reports
    },
    artifact: (name?: string) => record.artifact(name),
    suggestion,
  })
}
