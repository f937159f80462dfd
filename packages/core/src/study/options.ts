import type { Module } from '../container/registry.ts'
import type { ArtifactStore } from '../contracts/artifact.ts'
import type { Evaluator } from '../contracts/evaluator.ts'
import type { Executor } from '../contracts/executor.ts'
import type { LoggerFactory } from '../contracts/logger.ts'
import type { Objective } from '../contracts/objective.ts'
import type { PrunerFactory } from '../contracts/pruner.ts'
import type { SamplerFactory } from '../contracts/sampler.ts'
import type { Storage, StorageFactory } from '../contracts/storage.ts'
import type { FailureReason } from '../contracts/trial-record.ts'
import type { OutcomeBound } from '../objective/objectives.ts'
import type { SpaceInput } from '../space/types.ts'
import type { KeepPolicy } from './artifacts/keep.ts'
import type { ExtendOptions } from './corrections/space.ts'
import type { StopRule } from './stop-rules.ts'

/** What happens when a sampler proposes parameters that were tried before. */
export type DuplicatePolicy =
  /** Run them again. The default. */
  | 'allow'
  /** Draw others from the prior instead, if there are any. */
  | 'avoid'
  /** Record the value that is known as a trial of its own, without running it. */
  | 'reuse'
  /** Run them again as a replicate of the earlier trial, to measure noise. */
  | 'repeat'

/** How often failed trials are started again. */
export interface RetryPolicy {
  /** Further attempts after the first. */
  readonly times: number
  /** Reasons worth another attempt. Default: error, timeout, out-of-memory and crashed. */
  readonly on?: readonly FailureReason[]
}

/** How to make or open a study. */
export interface StudyOptions<S extends SpaceInput | undefined = undefined, M extends string = string> {
  /** Identifies the study in its storage. Default: `study`. */
  readonly name?: string
  /** What may vary. Without one the space is defined by running: `trial.float('x', 0, 1)`. */
  readonly space?: S
  /** What to improve: `minimize('loss')`, or several of them. Default: `minimize('value')`. */
  readonly objective?: Objective<NoInfer<M>> | readonly Objective<NoInfer<M>>[]
  /** Limits on metrics of finished trials: `{ latencyMs: atMost(5) }`. */
  readonly constraints?: { readonly [metric in NoInfer<M>]?: OutcomeBound }
  /** Names of all metrics that may be reported; others are refused. Default: any name. */
  readonly metrics?: readonly M[]
  /** An integer from 0. The same seed and history give the same suggestions. Default: random, and stored. */
  readonly seed?: number
  readonly sampler?: SamplerFactory
  readonly pruner?: PrunerFactory
  readonly storage?: Storage | StorageFactory
  readonly loggers?: readonly LoggerFactory[]
  /** Where checkpoints and artefacts go. Without a store they are not kept. */
  readonly artifacts?: ArtifactStore
  /** Which trials keep the model that their training returned: `{ best: 3, last: 1 }`. Default: the best one. The processes that work on one study should agree. */
  readonly keep?: KeepPolicy
  readonly executor?: Executor
  /** If a study of that name exists: go on with it, refuse, or use the next free name (`name-2`). Default: resume where the storage persists, else error. */
  readonly ifExists?: 'resume' | 'error' | 'new'
  readonly duplicates?: DuplicatePolicy
  /** Milliseconds without a sign of life after which a running trial is given to others. Default 60,000. */
  readonly lease?: number
  /**
   * If the study has another space, and the one given here has every point of it: extend the study to it. Says what trials
   * so far have for new parameters, and why. Without effect where the space is the same.
   */
  readonly revise?: ExtendOptions
  /** Replacements of any part, for experts. */
  readonly use?: readonly Module[]
}

/** How long and how to run trials. Times are milliseconds. */
export interface OptimizeOptions {
  /** Trials that the study should have in all, those of earlier sessions and other processes included: complete, pruned and paused ones count. Paused ones go on while the pruner promotes them. */
  readonly trials?: number
  /** Such trials to add to those there are. */
  readonly more?: number
  /** Starts no trial after this time, and aborts those that run. */
  readonly timeout?: number
  /** Ends a trial that takes longer; it fails as a time-out. */
  readonly trialTimeout?: number
  /** How long a trial may take to end after it was aborted. Default 5,000. */
  readonly grace?: number
  /** Trials that run at once in this process. Default: as many as the executor has slots, 1 in this process itself. */
  readonly concurrency?: number
  /** Ends everything at once: running trials are put back and go on at the next start. */
  readonly signal?: AbortSignal
  /** Further rules: the first that holds ends the run. */
  readonly stop?: StopRule | readonly StopRule[]
  readonly evaluators?: readonly Evaluator[]
  /** Further attempts for failed trials: a number, or a policy. Default 0. */
  readonly retry?: number | RetryPolicy
  /** Save a checkpoint at every n-th report, if the trainer offers one and the study has an artefact store. Default 1. */
  readonly checkpointEvery?: number
}

/** How a run of `optimize` ended. */
export interface OptimizeResult {
  /** A sentence for people. */
  readonly reason: string
  /** True if it was the signal. */
  readonly aborted: boolean
}
