import type { RunStart, RunWrites } from '../writes.ts'

/** The run of one attempt at a trial. It begins when something is first written to it. */
export interface TrialRun {
  readonly kind: 'trial'
  readonly number: number
  /**
   * Tells the runs of a study apart: `trial/7`, and `trial/7/1` after one failure that was tried again. MLflow cannot take points of a
   * curve back, so an attempt that repeats steps gets a run of its own.
   */
  readonly key: string
  readonly start: RunStart
  /** Key of the run of the attempt before, which becomes a child of this one: the study's run has one child a trial. */
  readonly adopts: string | undefined
}

/** One run that an event changes, and how. */
export interface RunChange {
  readonly run: { readonly kind: 'study' } | TrialRun
  readonly writes: RunWrites
}
