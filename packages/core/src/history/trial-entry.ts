import type { ArtifactReference, Checkpoint, Failure, StepReport, StoredArtifact, SuggestionTrace, TrialOrigin, TrialRecord, TrialState } from '../contracts/trial-record.ts'
import type { FlatParams, Json, Metrics } from '../contracts/values.ts'
import { freezeDeep } from '../freeze.ts'

export const noMetrics: Metrics = Object.freeze({})
export const noParams: FlatParams = Object.freeze({})
const noReports: readonly StepReport[] = Object.freeze([])
const noFailures: readonly Failure[] = Object.freeze([])
const noArtifacts: { readonly [name: string]: ArtifactReference } = Object.freeze({})
const noAttributes: { readonly [key: string]: Json } = Object.freeze({})

/** What records are read with. One for all of them, so that none is heavier for it. */
export interface RecordSource {
  /** Turns parameters by path into the nested form. */
  nest(flatParams: FlatParams): unknown
  /** The bytes of an artefact; undefined if they are lost or there is no store. */
  read(hash: string): Promise<Uint8Array | undefined> | undefined
}

/**
 * What is known of a trial. Once somebody was given it, it is a frozen snapshot, and the fold goes on with a copy:
 * most trials are asked for after their end only, and are kept once. While one reports, the copy is given away instead.
 */
export class TrialEntry implements TrialRecord {
  readonly number: number
  readonly origin: TrialOrigin
  readonly parent: number | undefined
  readonly createdAt: number
  state: TrialState = 'waiting'
  attempt = 0
  flatParams: FlatParams
  suggestion: SuggestionTrace | undefined
  reports: readonly StepReport[] = noReports
  metrics: Metrics = noMetrics
  values: readonly number[] | undefined
  violation = 0
  failure: Failure | undefined
  earlierFailures: readonly Failure[] = noFailures
  attributes: { readonly [key: string]: Json } = noAttributes
  artifacts: { readonly [name: string]: ArtifactReference } = noArtifacts
  checkpoint: Checkpoint | undefined
  earlierCheckpoint: Checkpoint | undefined
  toStep: number | undefined
  owner: string | undefined
  voided: string | undefined
  startedAt: number | undefined
  endedAt: number | undefined
  readonly #source: RecordSource
  #params: unknown

  constructor(number: number, origin: TrialOrigin, parent: number | undefined, flatParams: FlatParams, createdAt: number, source: RecordSource) {
    this.number = number
    this.origin = origin
    this.parent = parent
    this.flatParams = flatParams
    this.createdAt = createdAt
    this.#source = source
  }

  /** Nested parameters, made when they are first read. */
  get params(): unknown {
    this.#params ??= freezeDeep(this.#source.nest(this.flatParams))
    return this.#params
  }

  get value(): number | undefined {
    return this.values?.[0]
  }

  async artifact(name: string = 'model'): Promise<StoredArtifact | undefined> {
    const reference = Object.hasOwn(this.artifacts, name) ? this.artifacts[name] : undefined
    return reference === undefined ? undefined : storedArtifact(reference, await this.#source.read(reference.hash))
  }

  /** What JSON and structured logs see: all fields, nested parameters included. */
  toJSON(): object {
    return { ...this, params: this.params, value: this.value }
  }

  static {
    Object.defineProperty(this.prototype, Symbol.for('nodejs.util.inspect.custom'), { value: printed })
  }
}

/** An artefact with its bytes, if they are there. */
export function storedArtifact({ kind, meta }: ArtifactReference, bytes: Uint8Array | undefined): StoredArtifact | undefined {
  if (bytes === undefined) return undefined
  return meta === undefined ? { kind, bytes } : { kind, meta, bytes }
}

/** What Node prints: what a person looks for. */
function printed(this: TrialRecord): object {
  const { number, state, params, metrics, failure, reports } = this
  return { number, state, params, metrics, ...(failure === undefined ? {} : { failure }), ...(reports.length === 0 ? {} : { reports }) }
}

/** Hands an entry out: from here on it does not change. Of a trial that goes on reporting, a copy that shares the list of its reports. */
export function snapshotOf(entry: TrialEntry, source: RecordSource): TrialRecord {
  if (Object.isFrozen(entry)) return entry
  if (entry.state === 'running' && entry.reports.length > 0) {
    const copy = copyOf(entry, entry.flatParams, source)
    // Own and enumerable, as other fields are, so that copies of the record have it.
    Object.defineProperty(copy, 'reports', { get: beginningOf(entry.reports), enumerable: true })
    return Object.freeze(copy)
  }
  Object.freeze(entry.reports)
  return Object.freeze(entry)
}

/** What a list that only grows has now, copied when it is first read: few who are told of a report look at all of them. */
function beginningOf<T>(list: readonly T[]): () => readonly T[] {
  const { length } = list
  let beginning: readonly T[] | undefined
  return () => (beginning ??= Object.freeze(list.slice(0, length)))
}

/** The entry to write to: itself, or a copy if somebody has it. */
export function writable(entry: TrialEntry, source: RecordSource): TrialEntry {
  return Object.isFrozen(entry) ? copyOf(entry, entry.flatParams, source) : entry
}

/** The same trial with other parameters. */
export function copyOf(entry: TrialEntry, flatParams: FlatParams, source: RecordSource): TrialEntry {
  const copy = new TrialEntry(entry.number, entry.origin, entry.parent, flatParams, entry.createdAt, source)
  copy.state = entry.state
  copy.attempt = entry.attempt
  copy.suggestion = entry.suggestion
  copy.reports = entry.reports
  copy.metrics = entry.metrics
  copy.values = entry.values
  copy.violation = entry.violation
  copy.failure = entry.failure
  copy.earlierFailures = entry.earlierFailures
  copy.attributes = entry.attributes
  copy.artifacts = entry.artifacts
  copy.checkpoint = entry.checkpoint
  copy.earlierCheckpoint = entry.earlierCheckpoint
  copy.toStep = entry.toStep
  copy.owner = entry.owner
  copy.voided = entry.voided
  copy.startedAt = entry.startedAt
  copy.endedAt = entry.endedAt
  return copy
}

export function addReport(entry: TrialEntry, report: StepReport): void {
  if (Object.isFrozen(entry.reports)) entry.reports = [...entry.reports, report]
  else (entry.reports as StepReport[]).push(report)
}
