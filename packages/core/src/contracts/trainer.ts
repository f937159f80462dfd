import type { Artifact, ArtifactOptions } from './artifact.ts'
import type { TrainingInput } from './training-input.ts'
import type { Awaitable, Json, Metrics } from './values.ts'

/**
 * One step of an iterative trial: its metrics, and a way to save it. `step` grows strictly.
 * The checkpoint function is called only when the checkpoint is wanted, before the next step is pulled.
 */
export interface Report {
  readonly step: number
  readonly checkpoint?: () => Awaitable<Uint8Array>
  readonly [metric: string]: number | (() => Awaitable<Uint8Array>) | undefined
}

/** What a trial offers to the code that runs it. */
export interface TrainerTrial<P = unknown> {
  /** The name of the study whose trial it is; undefined where a trainer is run outside of one. */
  readonly study?: string
  readonly number: number
  /** 1 for the first start, higher after a retry or a lost owner. */
  readonly attempt: number
  readonly params: P
  /** An integer in [0, 2 ** 32) for the user's own randomness: the same for every attempt of this trial. */
  readonly seed: number
  /** Aborts when the trial should end: pruned, timed out, or the study stops. Made when it is first read. */
  readonly signal: AbortSignal
  /** Where to go on from: the last whole checkpoint of this trial or of the one it was forked from. */
  readonly resumeFrom: { readonly step: number; readonly bytes: Uint8Array } | undefined
  /** The step to stop at, if the pruner gave one. */
  readonly toStep: number | undefined
  /** Says something that the user should know; becomes a warning event. */
  warn(message: string): void
  setAttribute(key: string, value: Json): Promise<void>
  /** Keeps bytes with the trial under a name, in the study's artefact store. */
  setArtifact(name: string, bytes: Uint8Array, options?: ArtifactOptions): Promise<void>
}

/** What a training ends with: an artefact, or its result as a number or as metrics, or nothing if its last report says it all. */
export type TrainingResult = Artifact | Metrics | number | undefined | void

/** Where other threads and processes find a trainer: never code, only the name of some. */
export interface ModuleReference {
  /** `file:` URL of a module. */
  readonly url: string
  /** Name of the export. */
  readonly name: string
}

/**
 * Trains with given parameters. The study pulls one report after the other, and stops pulling when the
 * trial is pruned, aborted or done: `finally` blocks run, nothing is thrown into the generator. What it
 * returns is the artefact or the result. A generator that ignores an abort for longer than the study's grace period
 * fails as a time-out, and whatever it does later is ignored.
 */
export interface Trainer<P = unknown> {
  readonly specVersion: 'v1'
  readonly id: string
  /** `exclusive` trainers cannot run two trials at once in one process; `shared` ones can. */
  readonly concurrency: 'exclusive' | 'shared'
  /** Where executors with threads or processes of their own load it; without it, it runs in this process only. */
  readonly module?: ModuleReference
  /** What every trial starts from. */
  readonly inputs?: readonly TrainingInput[]
  train(trial: TrainerTrial<P>): AsyncGenerator<Report, TrainingResult, void>
  /** Called once when `optimize` ends; the trainer may be used again afterwards. */
  release?(): Awaitable<void>
}
