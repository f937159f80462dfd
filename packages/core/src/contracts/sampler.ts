import type { Explanation } from './explanation.ts'
import type { History } from './history.ts'
import type { Objective, OutcomeConstraint } from './objective.ts'
import type { Random, RandomStream } from './random.ts'
import type { SearchSpace } from './space.ts'
import type { TrialRecord } from './trial-record.ts'
import type { Awaitable, FlatParams, Json } from './values.ts'

/** What a sampler or pruner is told once, when its study is opened. */
export interface Problem {
  /** The space now; for one defined by running it grows, so read it at each use. */
  readonly space: SearchSpace
  readonly objectives: readonly Objective[]
  readonly constraints: readonly OutcomeConstraint[]
  readonly random: Random
  readonly history: History
  /** Says something that the user should know ("fell back to random because …"). The same message is shown once. */
  warn(message: string): void
  /** Tells a decision and its reason ("goes on with CMA-ES, because …"), where nothing is wrong. The same message is told once. */
  remark(message: string): void
}

/** What is known when one trial is suggested. */
export interface SuggestContext {
  /** Number of the trial to be. */
  readonly number: number
  /**
   * Which of this sampler's own trials this is, from 0, where a wrapper gives it some of a study's trials only (`blend`); else undefined: all are
   * its own. For sequences, of which every other point would be worth little.
   */
  readonly turn?: number
  /** Stream of this trial and sampler: the only randomness a sampler may use. */
  readonly random: RandomStream
  /** Trials that run, with their parameters, ascending by number. Those that are paused are in `history.paused()`. */
  readonly running: readonly TrialRecord[]
  /** Aborts when the study stops. */
  readonly signal: AbortSignal
}

/** The parameters of one trial, and where they come from. */
export interface Suggestion {
  /** Complete: every active parameter, nothing else, keeping the constraints. Checked by the study. */
  readonly params: FlatParams
  readonly explanation?: Explanation
  /** The sampler's own provenance. It is stored with the trial and can be read from `history` and `running`, so what was fitted for one suggestion can be begun with at the next; with the explanation at most 4 kB. */
  readonly note?: Json
}

/** A sampler with nothing left to try ends the study, with this reason. */
export interface Exhausted {
  readonly exhausted: string
}

/** A sampler that wants to know how trials that run end before another one starts. Answered only while some run; it is asked again when something has happened to a trial. */
export interface Wait {
  readonly wait: true
}

/**
 * Proposes parameters. One instance serves one study.
 *
 * `observe` is called once for each trial that ends (or is void afterwards: then a new instance is made and
 * told everything again), in the order of the history, never during `suggest`. `suggest` is never called twice at once.
 * State is changed by `observe` alone (save caches, which change no answer), so that the same seed, trial number and history
 * give the same answer, however the history was loaded: one by one or at once, in this process or another, with other suggestions
 * in between or without. The history has the notes of earlier suggestions. Work above 50 ms yields to the event loop.
 */
export interface Sampler {
  observe?(trial: TrialRecord): void
  suggest(context: SuggestContext): Awaitable<Suggestion | Exhausted | Wait>
}

/** A description of a sampler, as in `tpe()`. */
export interface SamplerFactory {
  readonly specVersion: 'v1'
  /** Names the algorithm, as in `tpe`. */
  readonly id: string
  /** Grows whenever the same seed and history would be answered differently than before. */
  readonly revision: number
  /** Throws UNSUPPORTED, with the remedy, if it cannot work on this problem. */
  create(problem: Problem): Sampler
}
