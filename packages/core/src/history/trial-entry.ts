import type { ArtifactReference, Failure, StepReport, SuggestionTrace, TrialOrigin, TrialRecord, TrialState } from '../contracts/trial-record.ts'
import type { FlatParams, Json, Metrics } from '../contracts/values.ts'

export const noMetrics: Metrics = Object.freeze({})
export const noParams: FlatParams = Object.freeze({})
const noReports: readonly StepReport[] = Object.freeze([])
const noFailures: readonly Failure[] = Object.freeze([])
const noArtifacts: { readonly [name: string]: ArtifactReference } = Object.freeze({})
const noAttributes: { readonly [key: string]: Json } = Object.freeze({})

/** Turns parameters by path into the nested form. */
export type Nest = (flatParams: FlatParams) => unknown

/** A snapshot. Nested parameters are made when they are first read. */
class TrialSnapshot implements TrialRecord {
  readonly number: number
  readonly state: TrialState
  readonly attempt: number
  readonly flatParams: FlatParams
  readonly origin: TrialOrigin
  readonly suggestion: SuggestionTrace | undefined
  readonly reports: readonly StepReport[]
  readonly metrics: Metrics
  readonly values: readonly number[] | undefined
  readonly violation: number
  readonly failure: Failure | undefined
  readonly earlierFailures: readonly Failure[]
  readonly attributes: { readonly [key: string]: Json }
  readonly artifacts: { readonly [name: string]: ArtifactReference }
  readonly checkpoint: { readonly step: number; readonly artifact: ArtifactReference } | undefined
  readonly owner: string | undefined
  readonly parent: number | undefined
  readonly voided: string | undefined
  readonly createdAt: number
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
  readonly #nest: Nest
  #params: unknown

  constructor(entry: TrialEntry, nest: Nest) {
    this.number = entry.number
    this.state = entry.state
    this.attempt = entry.attempt
    this.flatParams = entry.flatParams
    this.origin = entry.origin
    this.suggestion = entry.suggestion
    this.reports = entry.reports.length === 0 ? noReports : Object.freeze(entry.reports.slice())
    this.metrics = entry.metrics
    this.values = entry.values
    this.violation = entry.violation
    this.failure = entry.failure
    this.earlierFailures = entry.earlierFailures
    this.attributes = entry.attributes
    this.artifacts = entry.artifacts
    this.checkpoint = entry.checkpoint
    this.owner = entry.owner
    this.parent = entry.parent
    this.voided = entry.voided
    this.createdAt = entry.createdAt
    this.startedAt = entry.startedAt
    this.endedAt = entry.endedAt
    this.#nest = nest
    Object.freeze(this)
  }

  get params(): unknown {
    this.#params ??= this.#nest(this.flatParams)
    return this.#params
  }

  get value(): number | undefined {
    return this.values?.[0]
  }

  /** What JSON and structured logs see: all fields, nested parameters included. */
  toJSON(): object {
    return { ...this, params: this.params, value: this.value }
  }

  /** What Node prints: what a person looks for. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    const { number, state, params, metrics, failure, reports } = this
    return { number, state, params, metrics, ...(failure === undefined ? {} : { failure }), ...(reports.length === 0 ? {} : { reports }) }
  }
}

/** What is known of a trial while the history is folded. Only the fold writes to it. */
export class TrialEntry {
  readonly number: number
  readonly origin: TrialOrigin
  readonly parent: number | undefined
  readonly createdAt: number
  state: TrialState = 'waiting'
  attempt = 0
  flatParams: FlatParams
  suggestion: SuggestionTrace | undefined
  reports: StepReport[] = noReports as StepReport[]
  metrics: Metrics = noMetrics
  values: readonly number[] | undefined
  violation = 0
  failure: Failure | undefined
  earlierFailures: readonly Failure[] = noFailures
  attributes: { readonly [key: string]: Json } = noAttributes
  artifacts: { readonly [name: string]: ArtifactReference } = noArtifacts
  checkpoint: { readonly step: number; readonly artifact: ArtifactReference } | undefined
  owner: string | undefined
  voided: string | undefined
  startedAt: number | undefined
  endedAt: number | undefined
  #snapshot: TrialRecord | undefined

  constructor(number: number, origin: TrialOrigin, parent: number | undefined, flatParams: FlatParams, createdAt: number) {
    this.number = number
    this.origin = origin
    this.parent = parent
    this.flatParams = flatParams
    this.createdAt = createdAt
  }

  addReport(report: StepReport): void {
    if (this.reports === noReports) this.reports = [report]
    else this.reports.push(report)
  }

  /** Forgets the snapshot: the entry has changed. */
  touch(): void {
    this.#snapshot = undefined
  }

  snapshot(nest: Nest): TrialRecord {
    this.#snapshot ??= new TrialSnapshot(this, nest)
    return this.#snapshot
  }
}
