import type { Explanation } from './explanation.ts'
import type { FlatParams, Json, Metrics } from './values.ts'

/** waiting → running → complete | pruned | failed, or paused and running again. The last three are final. */
export type TrialState = 'waiting' | 'running' | 'paused' | 'complete' | 'pruned' | 'failed'

/** What ended a trial: `error` is what the training threw, `timeout` and `out-of-memory` are limits that it broke. */
export type FailureReason = 'error' | 'timeout' | 'out-of-memory' | 'invalid-metric' | 'aborted' | 'lost' | 'crashed'

/** Why a trial failed. `lost` is a trial whose owner disappeared, `crashed` one whose thread or child process ended under it. */
export interface Failure {
  readonly reason: FailureReason
  readonly message: string
  readonly stack?: string
}

/** One set of metrics of an iterative trial. Steps of a trial grow strictly. */
export interface StepReport {
  readonly step: number
  readonly metrics: Metrics
  /** Milliseconds since the epoch, by the storage's clock. */
  readonly time: number
}

/** Where parameters came from: a sampler, a queue of known points, a result from elsewhere, a fork or a repetition. */
export type TrialOrigin = 'sampler' | 'enqueued' | 'added' | 'fork' | 'replicate'

/** What a suggestion saw: with it the suggestion can be replayed. */
export interface SuggestionTrace {
  /** Sampler id and algorithm revision, as in `tpe@1`. */
  readonly sampler: string
  /** The revision of the history that the sampler had observed. */
  readonly revision: number
  /** Numbers of the trials that were running. */
  readonly running: readonly number[]
  readonly explanation?: Explanation
  /** The sampler's own note (generation, arm, …). */
  readonly note?: Json
}

/** Bytes kept in the artefact store. */
export interface ArtifactReference {
  /** SHA-256 of the bytes, in lower-case hexadecimal. */
  readonly hash: string
  /** Bytes. */
  readonly size: number
  /** What the bytes are, as in `tfjs-layers-model`. */
  readonly kind: string
  readonly meta?: Json
}

/** A kept artefact, read. */
export interface StoredArtifact {
  readonly kind: string
  readonly meta?: Json
  readonly bytes: Uint8Array
}

/** A saved state of a trial: after `step`, as bytes in the artefact store. */
export interface Checkpoint {
  readonly step: number
  readonly artifact: ArtifactReference
}

/**
 * Everything known of one trial: an immutable snapshot.
 * @typeParam P nested parameters, as inferred from the space.
 */
export interface TrialRecord<P = unknown> {
  readonly number: number
  readonly state: TrialState
  /** How often the trial was started: 0 while it waits for the first time. */
  readonly attempt: number
  /** Nested parameters, typed by the space. */
  readonly params: P
  /** The same parameters by path. */
  readonly flatParams: FlatParams
  readonly origin: TrialOrigin
  readonly suggestion: SuggestionTrace | undefined
  readonly reports: readonly StepReport[]
  /** Final metrics; empty until the trial ends. A pruned trial has those of its last report. */
  readonly metrics: Metrics
  /** Objective values in the order of the objectives, in their own direction; undefined if one is missing. */
  readonly values: readonly number[] | undefined
  /** The first objective's value, in its own direction. */
  readonly value: number | undefined
  /** Sum of the amounts by which outcome constraints are violated; 0 is feasible. */
  readonly violation: number
  readonly failure: Failure | undefined
  /** Failures of earlier attempts. */
  readonly earlierFailures: readonly Failure[]
  readonly attributes: { readonly [key: string]: Json }
  readonly artifacts: { readonly [name: string]: ArtifactReference }
  /**
   * Reads an artefact of the trial, by default the model that its training returned. Resolves with undefined if none of that name is kept,
   * if its bytes are lost or damaged, or if the study was opened without an artefact store.
   */
  artifact(name?: string): Promise<StoredArtifact | undefined>
  readonly checkpoint: Checkpoint | undefined
  /** The checkpoint before the last, kept in case that one is damaged. */
  readonly earlierCheckpoint: Checkpoint | undefined
  /** The step at which it is to be paused; undefined if it is to run to its end. */
  readonly toStep: number | undefined
  /** Who runs it or ran it last: a `Host` identity. */
  readonly owner: string | undefined
  /** The trial that this one was forked from or repeats. */
  readonly parent: number | undefined
  /** Why the trial was declared void, if it was: samplers, `best` and counts ignore it. */
  readonly voided: string | undefined
  /** Milliseconds since the epoch, by the storage's clock; undefined if it has not happened. */
  readonly createdAt: number
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
}

/** A trial that has values for all objectives: a complete one. */
export interface CompleteTrial<P = unknown> extends TrialRecord<P> {
  readonly state: 'complete'
  readonly values: readonly number[]
  readonly value: number
}
