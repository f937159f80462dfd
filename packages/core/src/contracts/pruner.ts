import type { RandomStream } from './random.ts'
import type { Problem } from './sampler.ts'
import type { TrialRecord } from './trial-record.ts'
import type { FlatParams } from './values.ts'

export type Verdict = 'continue' | 'prune' | 'pause'

/** One report of a running trial, already in the history. */
export interface JudgeContext {
  readonly number: number
  readonly step: number
  /** The first objective at this step, with the sign that makes lower better; NaN if it was not reported. */
  readonly loss: number
  readonly random: RandomStream
  /** A snapshot of the trial, made when it is read. */
  readonly trial: TrialRecord
}

/** What to run next instead of a new trial: a paused one, or a fork of another's checkpoint; up to a step, where it is paused again, or to its end. */
export type NextTrial =
  | { readonly promote: number; readonly toStep?: number }
  | { readonly fork: number; readonly params: FlatParams; readonly toStep?: number }

/**
 * Decides whether a running trial goes on. One instance serves one study. Called once a report,
 * after the report is in `problem.history`, one call at a time; it must be quick (no waiting).
 * State, if any, must follow from the history.
 */
export interface Pruner {
  judge(context: JudgeContext): Verdict
  /** Asked before the sampler whenever a trial may start; undefined leaves it to the sampler. */
  next?(random: RandomStream): NextTrial | undefined
}

/** A description of a pruner, as in `asha()`. */
export interface PrunerFactory {
  readonly specVersion: 'v1'
  readonly id: string
  /** Throws UNSUPPORTED, with the remedy, if it cannot work on this problem. */
  create(problem: Problem): Pruner
}
