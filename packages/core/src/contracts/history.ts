import type { TrialRecord, TrialState } from './trial-record.ts'

/** Losses of the first objective reported at one step, in the order in which they were reported. */
export interface StepColumn {
  readonly length: number
  /** Trial numbers, `length` of them. */
  readonly numbers: Int32Array
  /** Losses (lower is better), `length` of them. */
  readonly losses: Float64Array
}

/** Losses of the first objective over the steps of one trial. */
export interface Curve {
  readonly length: number
  readonly steps: Float64Array
  readonly losses: Float64Array
}

/**
 * The read-only, columnar view of a study's trials. Row `i` is trial number `i`. Arrays may be longer
 * than `length`, are appended to in place, and may be replaced when they grow: fetch them at each use.
 * Losses are objective values with the sign that makes lower better, so nobody needs directions.
 */
export interface History {
  /** Revision of the last change taken in. */
  readonly revision: number
  /** Number of trials, of any state. */
  readonly length: number
  /** Number of trials that are complete and not void. */
  readonly completeCount: number
  /** Number of the complete feasible trial with the lowest first loss (the earliest of equals), or -1. */
  readonly best: number
  /** Unit-cube coordinates of a dimension of the space, NaN where inactive or unknown. */
  units(dimension: number): Float64Array
  /** Losses of an objective (default the first), NaN where unknown. */
  losses(objective?: number): Float64Array
  /** Total violation of outcome constraints, 0 where feasible or unknown. */
  violations(): Float64Array
  /** Numbers of the trials that run, ascending. */
  running(): readonly number[]
  /** Numbers of the trials that are paused and not void, ascending. The last step of its `curve` is where one is paused. */
  paused(): readonly number[]
  /** State of a trial, without a snapshot. Throws TRIAL_NOT_FOUND. */
  state(number: number): TrialState
  /** Reports of the first objective of one trial. */
  curve(number: number): Curve
  /** Reports of the first objective of all trials at exactly this step; empty if there are none. */
  atStep(step: number): StepColumn
  /** A snapshot of one trial. Throws TRIAL_NOT_FOUND. */
  trial(number: number): TrialRecord
}
