/** What a study improves: one metric in one direction. Made by `minimize` and `maximize`. */
export interface Objective<M extends string = string> {
  readonly metric: M
  readonly direction: 'minimize' | 'maximize'
  /** Which report of an iterative trial counts: its last (the default) or its best. */
  readonly from: 'last' | 'best'
}

/** A bound on a metric of a finished trial. Made by `atMost` and `atLeast`. */
export interface OutcomeConstraint {
  readonly metric: string
  readonly bound: 'atMost' | 'atLeast'
  readonly limit: number
}
