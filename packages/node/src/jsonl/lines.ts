import { encodeJson } from '@attune/core'
import type { Failure, FlatParams, Json, Metrics, StudyEvent, TrialRecord } from '@attune/core'

/** The version of the schema that docs/jsonl.md describes. */
export const format = 1

/** What a line holds beside what it has in common with the other lines of its event. */
interface Detail {
  readonly kind: 'event' | 'param' | 'metric' | 'objective' | 'detail'
  readonly name?: string | undefined
  readonly type?: 'number' | 'text' | 'boolean' | 'null' | 'json'
  readonly value?: number | undefined
  readonly text?: string | undefined
}

/** Longest text in UTF-16 units: escaped, it stays below the 16 MiB that DuckDB takes for a line. */
export const longestText = 2_000_000
const longestName = 100_000

/** Whose lines these are. `name` is the study's name when they are written. */
export interface LineStudy {
  readonly id: string
  readonly name: string
}

/** The lines of all events of one revision, in order, without the newline at their ends; `cut` says how many texts had to be. */
export function linesOf(events: readonly StudyEvent[], study: LineStudy): { readonly lines: readonly string[]; readonly cut: number } {
  const all = events.flatMap((event) => details(event).map((detail) => ({ event, detail })))
  let cut = 0
  const text = (value: string | undefined, limit: number): string => {
    if (value === undefined) return 'null'
    if (value.length <= limit) return JSON.stringify(value.toWellFormed())
    cut++
    return JSON.stringify(`${value.slice(0, limit)} … (cut: ${value.length} characters in all)`.toWellFormed())
  }
  const head = `{"format":${format},"study":${text(study.name, longestName)},"study_id":${text(study.id, longestName)}`
  const lines = all.map(({ event, detail }, line) => {
    const trial = 'trial' in event ? event.trial : undefined
    const number = trial?.number ?? ('number' in event ? event.number : undefined)
    const step = event.type === 'trial.reported' ? event.report.step : event.type === 'checkpoint.saved' ? event.step : undefined
    const who = 'owner' in event ? event.owner : 'by' in event ? event.by : trial?.owner
    const { kind, name, type, value } = detail
    const plain = value === undefined || isPlain(value)
    return `${head},"revision":${event.revision},"line":${line},"lines":${all.length},"timestamp":${timestamp(event.time)},"event":"${event.type}","kind":"${kind}"`
      + `,"trial":${number ?? null},"attempt":${trial?.attempt ?? null},"state":${trial === undefined ? 'null' : `"${trial.state}"`},"step":${step ?? null}`
      + `,"name":${text(name, longestName)},"type":${type === undefined ? 'null' : `"${type}"`},"value":${value === undefined || !plain ? 'null' : decimal(value)}`
      + `,"text":${text(plain ? detail.text : String(value), longestText)},"who":${text(who, longestName)}}`
  })
  return { lines, cut }
}

/** Numbers that JSON has, and that pandas reads: its exact reader refuses what is below the smallest normal number. */
function isPlain(value: number): boolean {
  return Number.isFinite(value) && (value === 0 || Math.abs(value) >= 2.2250738585072014e-308)
}

/** Always with a point or an exponent: a column whose first rows are integers would else be one of integers. */
function decimal(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}

function timestamp(time: number): string {
  return Math.abs(time) <= 8.64e15 ? `"${new Date(time).toISOString()}"` : 'null'
}

function ofJson(value: Json): Pick<Detail, 'type' | 'value' | 'text'> {
  if (value === null) return { type: 'null' }
  if (typeof value === 'number') return { type: 'number', value }
  if (typeof value === 'string') return { type: 'text', text: value }
  if (typeof value === 'boolean') return { type: 'boolean', value: Number(value), text: String(value) }
  return { type: 'json', text: encodeJson(value) }
}

const number = (value: number | undefined): Pick<Detail, 'type' | 'value'> => (value === undefined ? {} : { type: 'number', value })
const params = (values: FlatParams): readonly Detail[] => Object.entries(values).map(([name, value]) => ({ kind: 'param', name, ...ofJson(value) }))
const metrics = (values: Metrics): readonly Detail[] => Object.entries(values).map(([name, value]) => ({ kind: 'metric', name, type: 'number', value }))

/** Details by name, without those that there are not. */
function named(entries: { readonly [name: string]: Json | undefined }): readonly Detail[] {
  return Object.entries(entries).flatMap(([name, value]) => (value === undefined ? [] : [{ kind: 'detail' as const, name, ...ofJson(value) }]))
}

function failure(value: Failure | undefined): readonly Detail[] {
  return value === undefined ? [] : named({ reason: value.reason, message: value.message, stack: value.stack })
}

/** What a trial has at an end or after a correction. */
function results({ flatParams, metrics: values, failure: reason, voided, violation }: TrialRecord): readonly Detail[] {
  return [...params(flatParams), ...metrics(values), ...named({ voided, violation: violation === 0 ? undefined : violation }), ...failure(reason)]
}

/** The line of the event itself, then one for each thing that there are several of. */
function details(event: StudyEvent): readonly Detail[] {
  const own = (detail: Omit<Detail, 'kind'>, ...more: readonly (readonly Detail[])[]): readonly Detail[] => [{ kind: 'event', ...detail }, ...more.flat()]
  switch (event.type) {
    case 'study.opened':
    case 'study.resumed': {
      const { objectives, seed } = event.study.definition
      return own({}, objectives.map(({ metric, direction }) => ({ kind: 'objective', name: metric, type: 'text', text: direction })), named({ seed }))
    }
    case 'study.started':
      return own(number(event.goal))
    case 'study.stopped':
      return own({ type: 'text', text: event.reason })
    case 'trial.asked': {
      const { origin, parent, toStep, suggestion, flatParams } = event.trial
      return own({}, params(flatParams), named({ origin, parent, to_step: toStep, sampler: suggestion?.sampler, note: suggestion?.note }))
    }
    case 'trial.started':
    case 'trial.paused':
    case 'trial.resumed':
      return own({})
    case 'trial.requeued':
      return own({}, failure(event.trial.earlierFailures.at(-1)))
    case 'trial.reported':
      return own({}, metrics(event.report.metrics))
    case 'trial.completed':
    case 'trial.pruned':
    case 'trial.failed':
      return own(number(event.trial.value), results(event.trial))
    case 'trial.amended': {
      const { amendment, trial } = event
      const note = 'note' in amendment ? amendment.note : 'void' in amendment ? amendment.void : 'restore' in amendment ? amendment.restore : undefined
      return own({ ...number(trial.value), name: Object.keys(amendment).find((key) => key !== 'note') }, results(trial), named({ note }))
    }
    case 'best.improved':
      return own(number(event.trial.value))
    case 'checkpoint.saved':
      return own({ name: event.artifact.kind, type: 'number', value: event.artifact.size, text: event.artifact.hash })
    case 'artifact.added':
      return own({ name: event.name, type: 'number', value: event.artifact.size, text: event.artifact.hash }, named({ kind: event.artifact.kind, meta: event.artifact.meta }))
    case 'attribute.set':
      return own({ name: event.key, ...ofJson(event.value) })
    case 'space.extended':
      return own({ name: event.path })
    case 'study.renamed':
      return own({ type: 'text', text: event.name }, named({ before: event.before, note: event.note }))
    case 'space.revised':
      return own({ type: 'text', text: event.fingerprint }, params(event.values), named({ note: event.note }))
    case 'study.merged':
      return own({ ...number(event.trials), text: event.from.name }, named({ from_id: event.from.id, note: event.note }))
    case 'study.copied':
      return own({ type: 'text', text: event.from.name }, named({ from_id: event.from.id }))
    case 'warning':
    case 'remark':
      return own({ name: event.source, type: 'text', text: event.message })
  }
}
