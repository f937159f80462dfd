import type { Value } from './value.ts'

/** A recurrent layer that has run. */
export interface Run {
  /** What it put out at each step, in the order of its input, whichever way it went. */
  readonly sequence: Value
  /** After the last step: what it put out, and for LSTM what it kept. */
  readonly states: readonly Value[]
}
