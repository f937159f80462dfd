import type { ArtifactReference, Checkpoint, Failure, SuggestionTrace, TrialOrigin } from './trial-record.ts'
import type { FlatParams, Json, Metrics } from './values.ts'

/** A claim on a running trial: writes carry the token, and a lease that ends unrenewed frees the trial. */
export interface LeaseRequest {
  /** `Host` identity of the runner. */
  readonly owner: string
  /** Unique for this attempt. */
  readonly token: string
  /** Milliseconds from now, by the storage's clock. */
  readonly milliseconds: number
}

/** How a trial ends. */
export type Outcome =
  | { readonly state: 'complete' | 'pruned'; readonly metrics: Metrics }
  | { readonly state: 'failed'; readonly failure: Failure; readonly metrics?: Metrics }

/** A correction of a trial, appended: what was there before stays in the history. */
export type Amendment =
  /** Everybody forgets the trial, for this reason. One that waits or is paused ends by it, as failed. */
  | { readonly void: string }
  /** The trial is not void any more. */
  | { readonly restore: string }
  /** These metrics have other values than they had. */
  | { readonly metrics: Metrics; readonly note: string }
  /** Metrics that were measured after the end. Names that the trial has already keep their values. */
  | { readonly add: Metrics; readonly note?: string }

/** Another study, as it was called when something was taken from it. */
export interface StudyReference {
  readonly id: string
  readonly name: string
}

/** The study has another name. */
export interface Renaming {
  readonly type: 'rename'
  readonly name: string
  readonly by: string
  readonly note?: string
}

/** The study has a larger space, in which every point of the one before is valid once it is completed by `values`. */
export interface Revision {
  readonly type: 'revise'
  /** Fingerprint of the space before; refused as `state` if the study has another one by now. */
  readonly from: string
  readonly space: Json
  readonly fingerprint: string
  /** What trials of the space before have for parameters that they lack, by path. */
  readonly values: FlatParams
  readonly by: string
  readonly note?: string
}

/** The trials that follow in the same request come from another study. */
export interface Merging {
  readonly type: 'merge'
  readonly from: StudyReference
  readonly trials: number
  readonly by: string
  readonly note?: string
}

/** Everything before was copied from another study, under the name that this one has. */
export interface Copying {
  readonly type: 'copied'
  readonly from: StudyReference
  readonly name: string
  readonly by: string
}

/** Another study is being made from this one: what it refers to meanwhile may be needed by that one for ever. */
export interface BeingCopied {
  readonly type: 'copying'
  readonly as: string
  readonly phase: 'begins' | 'ends'
}

/** What a process tells of its work on a study: it has opened or resumed it, started or stopped a run, declined loggers that it could not create, closed it. */
export type SessionPhase = 'opened' | 'resumed' | 'started' | 'stopped' | 'declined' | 'closed'

/** What a session tells. One that has opened the study has a name until it closes it: then nothing more comes from it. */
export interface SessionNews {
  readonly type: 'session'
  readonly owner: string
  readonly phase: SessionPhase
  /** Its name: told when it opens the study, declines loggers, or closes the study. */
  readonly session?: string
  /** Ids of the shared loggers that it has opened the study with, or declines. */
  readonly loggers?: readonly string[]
  /** What it has opened the study with: the sampler, as in `tpe@1`, and the pruner. */
  readonly sampler?: string
  readonly pruner?: string
  /** Trials in all that the run that it starts goes up to. */
  readonly goal?: number
  /** Why a run stopped. */
  readonly reason?: string
}

/** Asks for a new trial, which gets the next number; refused as `number-taken` if that is not `expect`. */
export interface CreateOperation {
  readonly type: 'create'
  readonly expect?: number
  readonly origin: TrialOrigin
  /** Undefined reserves the number: the owner assigns parameters later. */
  readonly params?: FlatParams
  readonly suggestion?: SuggestionTrace
  readonly parent?: number
  /** Where a fork starts from: its parent's checkpoint. */
  readonly checkpoint?: Checkpoint
  /** The step to pause at. */
  readonly toStep?: number
  readonly attributes?: { readonly [key: string]: Json }
  /** With a lease the trial starts at once; with an outcome it is born ended; with neither it waits. */
  readonly lease?: LeaseRequest
  readonly outcome?: Outcome
}

/** What is asked of a storage. Operations with a token are refused as `stale` unless it is the current one. */
export type Operation =
  | CreateOperation
  | { readonly type: 'assign'; readonly number: number; readonly token: string; readonly params: FlatParams; readonly suggestion?: SuggestionTrace }
  /** Starts a waiting or paused trial: the given one, else the waiting one with the lowest number. A paused one goes on to `toStep`, without it to its end; one that waits, to where it was to go. */
  | { readonly type: 'claim'; readonly number?: number; readonly lease: LeaseRequest; readonly toStep?: number }
  /** Extends a lease. Leaves no change. */
  | { readonly type: 'renew'; readonly number: number; readonly token: string; readonly milliseconds: number }
  | { readonly type: 'report'; readonly number: number; readonly token: string; readonly step: number; readonly metrics: Metrics }
  /** The last checkpoint of a trial: a new one, or the one before where the last is damaged. Null says that it is lost. What was reported after it does not count. */
  | { readonly type: 'checkpoint'; readonly number: number; readonly token: string; readonly step: number; readonly artifact: ArtifactReference | null }
  | { readonly type: 'pause'; readonly number: number; readonly token: string }
  /** Ends a running trial; without a token a paused one. `requeue` records a failure and puts the trial back among the waiting, in one step.
   *  `params` replaces the parameters by those a define-by-run trial really met. */
  | { readonly type: 'finish'; readonly number: number; readonly token?: string; readonly outcome: Outcome; readonly params?: FlatParams; readonly requeue?: boolean }
  /** Requeues each running trial whose lease has ended or whose owner is in `gone`. No change if there is none. */
  | { readonly type: 'sweep'; readonly gone: readonly string[] }
  | { readonly type: 'attribute'; readonly number?: number; readonly key: string; readonly value: Json }
  | { readonly type: 'artifact'; readonly number?: number; readonly name: string; readonly artifact: ArtifactReference | null }
  /** `by` is a `Host` identity, or the name that a person gave. */
  | { readonly type: 'amend'; readonly number: number; readonly amendment: Amendment; readonly by: string }
  /** Refused as `name-taken` if another study of the storage has the name; no change if it is this one's. */
  | Renaming
  | Revision
  | Merging
  | Copying
  | BeingCopied
  /** Adds a leaf to a space defined by running. Refused as `state` if the path has another definition; no change if it has this one. */
  | { readonly type: 'extend'; readonly path: string; readonly leaf: Json }
  | { readonly type: 'warn'; readonly number?: number; readonly source: string; readonly message: string }
  /** Something worth knowing that is no cause for concern, as which model a sampler goes on with. */
  | { readonly type: 'remark'; readonly source: string; readonly message: string }
  | SessionNews

/** What happened: an operation as it took effect. Tokens are not kept. */
export type ChangeBody =
  | { readonly type: 'create'; readonly number: number; readonly origin: TrialOrigin; readonly params?: FlatParams; readonly suggestion?: SuggestionTrace; readonly parent?: number; readonly checkpoint?: Checkpoint; readonly toStep?: number; readonly attributes?: { readonly [key: string]: Json }; readonly owner?: string; readonly outcome?: Outcome }
  | { readonly type: 'assign'; readonly number: number; readonly params: FlatParams; readonly suggestion?: SuggestionTrace }
  | { readonly type: 'claim'; readonly number: number; readonly owner: string; readonly attempt: number; readonly toStep?: number }
  | { readonly type: 'report'; readonly number: number; readonly step: number; readonly metrics: Metrics }
  | { readonly type: 'checkpoint'; readonly number: number; readonly step: number; readonly artifact: ArtifactReference | null }
  | { readonly type: 'pause'; readonly number: number }
  | { readonly type: 'finish'; readonly number: number; readonly outcome: Outcome; readonly params?: FlatParams; readonly requeue?: boolean }
  /** A running trial went back to waiting because its owner was lost. */
  | { readonly type: 'requeue'; readonly number: number; readonly failure: Failure }
  | { readonly type: 'attribute'; readonly number?: number; readonly key: string; readonly value: Json }
  | { readonly type: 'artifact'; readonly number?: number; readonly name: string; readonly artifact: ArtifactReference | null }
  | { readonly type: 'amend'; readonly number: number; readonly amendment: Amendment; readonly by: string }
  | (Renaming & { readonly before: string })
  | Revision
  | Merging
  | Copying
  | BeingCopied
  | { readonly type: 'extend'; readonly path: string; readonly leaf: Json }
  | { readonly type: 'warn'; readonly number?: number; readonly source: string; readonly message: string }
  | { readonly type: 'remark'; readonly source: string; readonly message: string }
  | SessionNews

/** One entry of a study's history. */
export interface Change {
  /** 1, 2, 3, … within a study. */
  readonly revision: number
  /** Milliseconds since the epoch, by the storage's clock. */
  readonly time: number
  readonly body: ChangeBody
}
