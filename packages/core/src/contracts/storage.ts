import type { Change, Operation } from './change.ts'
import type { Objective, OutcomeConstraint } from './objective.ts'
import type { TrialState } from './trial-record.ts'
import type { Awaitable, Json } from './values.ts'

/** What a study is. Stored when it is created, changed by renaming and by revisions of the space, compared when it is opened again. */
export interface StudyDefinition {
  readonly name: string
  /** The space's JSON form; null for a study whose space is defined by running. */
  readonly space: Json
  /** Fingerprint of the space; null for a space defined by running. */
  readonly fingerprint: string | null
  readonly objectives: readonly Objective[]
  readonly constraints: readonly OutcomeConstraint[]
  /** Declared metric names; null if any name may be reported. */
  readonly metrics: readonly string[] | null
  readonly seed: number
}

/** A study as a storage lists it, without its trials. Times are milliseconds since the Unix epoch. */
export interface StudySummary {
  /** Unique, also among storages: artefact stores tell studies apart by it. */
  readonly id: string
  readonly definition: StudyDefinition
  /** What the study was created as, where that has changed since: its history begins with it. */
  readonly original?: StudyDefinition
  readonly createdAt: number
  /** Revision of the last change. */
  readonly revision: number
  /** Number of trials in each state. */
  readonly counts: { readonly [state in TrialState]: number }
}

/** Operations that happen together or not at all. */
export interface WriteRequest {
  /**
   * Made by the client, unique. A request that changed something is not applied again: its changes are answered.
   * It is remembered until a thousand later changes and, by a persistent storage, five minutes have passed.
   */
  readonly id: string
  readonly operations: readonly Operation[]
}

/** Expected outcomes are values: `stale` is a write by a former owner, `state` a transition that is not allowed. */
export interface Refusal {
  readonly reason: 'stale' | 'state' | 'missing' | 'number-taken' | 'none-waiting' | 'name-taken'
  readonly message: string
  /** State the trial is in, where that was the reason. */
  readonly actual?: TrialState
}

/** What became of a write: its changes, all of them stored, or why nothing was. */
export type WriteResult =
  | { readonly ok: true; readonly changes: readonly Change[] }
  | { readonly ok: false; readonly refusal: Refusal }

/**
 * The append-only history of studies. It never interprets parameters, metrics or attributes.
 *
 * Called by the study loop: `write` once or twice a trial and once a report, several at a time.
 * Guaranteed: `write` is atomic, ordered and idempotent by its id; when it resolves, the changes
 * survive the end of the process. Trial numbers are unique and gapless from 0, revisions from 1.
 * A terminal state never changes. Only the holder of the current attempt's token writes to a
 * running trial. Use `transition` from core to decide; an implementation then only stores, the definition that
 * `redefined` answers for a change included. A study is known by its id: its name may change.
 * A request that never got an answer may have been applied: the caller repeats it with the same id, within a minute.
 * docs/storage-contract.md says all this at length, and how to write a storage.
 */
export interface Storage {
  readonly specVersion: 'v1'
  /** True if studies outlive the process. Decides whether an existing study is resumed by default. */
  readonly persistent: boolean
  /** Creates a study, or answers undefined if the name is taken. Idempotent by `requestId`. */
  createStudy(definition: StudyDefinition, requestId: string): Awaitable<StudySummary | undefined>
  findStudy(name: string): Awaitable<StudySummary | undefined>
  /** In order of creation. */
  listStudies(): Awaitable<readonly StudySummary[]>
  /**
   * Copies definition and history under another name; undefined if the source is missing or the name is taken. What runs in
   * the source waits in the copy (`requeueCopied` in core decides it): leases, tokens and request ids stay behind. Idempotent by `requestId`.
   */
  copyStudy(name: string, as: string, requestId: string): Awaitable<StudySummary | undefined>
  /** True if there was one. Idempotent by `requestId`: repeated, it leaves a new study of the same name alone. */
  deleteStudy(name: string, requestId: string): Awaitable<boolean>
  write(studyId: string, request: WriteRequest): Awaitable<WriteResult>
  /** Changes after `revision` in order, at most `limit` (default 1,000). */
  changesSince(studyId: string, revision: number, limit?: number): Awaitable<readonly Change[]>
  /**
   * Renews the leases of all running trials whose token begins with `session` and a slash, from a thread of its own: also while
   * the event loop is blocked, from this call on. Errors are tried again for as long as the leases last. Without it, or where
   * it answers undefined, the event loop must turn once in a third of a lease.
   */
  keepAlive?(studyId: string, session: string, milliseconds: number): Awaitable<KeepAlive | undefined>
  /** Frees what the storage holds. Calls after it reject. Safe to call twice. */
  close(): Awaitable<void>
}

/** Leases that are renewed. */
export interface KeepAlive {
  /** This token is renewed no longer: its trial was given up without an end. */
  forget(token: string): void
  /** Resolves once nothing is renewed any more and the thread is gone. */
  stop(): Awaitable<void>
}

/** A description of a storage; whoever creates one from it closes it. */
export interface StorageFactory {
  readonly specVersion: 'v1'
  readonly id: string
  create(): Awaitable<Storage>
}
