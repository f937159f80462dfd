import type { RandomStream } from './random.ts'
import type { Exhausted, Problem } from './sampler.ts'
import type { TrialRecord } from './trial-record.ts'
import type { FlatParams, Json } from './values.ts'

/** What a pruner says after a report: go on, end the trial as pruned, or put it back to go on later. */
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

/** What a trial that the pruner starts is to carry. */
interface Start {
  /** The step to pause at: stored with the trial, so it holds after a crash and in other processes. Without it the trial runs to its end. */
  readonly toStep?: number
}

/** What a new trial that the pruner starts is to carry. */
interface NewStart extends Start {
  /** Kept with the trial from its first moment: what a scheduler must know of it later, as in `{ bracket: 2 }`. Plain JSON. */
  readonly attributes?: { readonly [key: string]: Json }
}

/** What is to happen next. */
export type NextTrial =
  /** A paused trial goes on from its checkpoint. `toStep` lies beyond the step it is paused at. */
  | (Start & { readonly promote: number })
  /** A new trial from the last checkpoint of another one, with parameters of its own; it names that one as its parent. */
  | (NewStart & { readonly fork: number; readonly params: FlatParams })
  /** A new trial whose parameters the sampler chooses. */
  | (NewStart & { readonly suggest: true })
  /** A paused trial ends here, as pruned. Nothing starts by that: `next` is asked again. */
  | { readonly prune: number }
  /** Nothing starts now. Asked again when a trial has ended or was paused, here or elsewhere; where none runs, the sampler goes on, with a warning. */
  | 'wait'
  /** No more trials: the run ends with this reason when those that run have ended. */
  | Exhausted

/** What is known when a trial may start. */
export interface NextContext {
  /** A stream that is keyed by the number of trials there are. */
  readonly random: RandomStream
  /** False where the total of `optimize` has no room for a new trial: paused ones can be promoted or pruned all the same. A new one that is wanted then does not start. */
  readonly mayCreate: boolean
}

/**
 * Decides whether a running trial goes on, and, if it has `next`, schedules trials. One instance serves one study in one process;
 * others may serve it in others. Calls come one at a time and must be quick (no waiting). State, if any, must follow from the history.
 *
 * `judge` is called once a report, after the report is in `problem.history`, and not when the process dies between the two: what must
 * hold after a crash is said as `toStep`. A trial that is wanted and meanwhile started by another process is no mistake: `next` is asked again.
 */
export interface Pruner {
  judge(context: JudgeContext): Verdict
  /** Asked whenever a trial may start and none waits (enqueued, retried or lost ones go first); undefined leaves it to the sampler. */
  next?(context: NextContext): NextTrial | undefined
}

/** A description of a pruner, as in `asha()`. */
export interface PrunerFactory {
  readonly specVersion: 'v1'
  readonly id: string
  /** Throws UNSUPPORTED, with the remedy, if it cannot work on this problem. */
  create(problem: Problem): Pruner
}
