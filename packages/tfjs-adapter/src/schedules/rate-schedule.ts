import type { Json } from '@attune/core'

/** Where a training is. */
export interface SchedulePosition {
  /** Optimiser steps done since the training began, from 0. */
  readonly step: number
  /** Epochs done, from 0. */
  readonly epoch: number
}

/** How long a training will be; known before its first step. */
export interface TrainingLength {
  readonly stepsPerEpoch: number
  readonly epochs: number
}

/** The learning rate of every step, out of a spec, a base rate and the length of the training. */
export interface RateSchedule {
  /** The rate for the step that comes next. Same position and same observations, same rate. */
  rateAt(position: SchedulePosition): number
  /**
   * Told before the first step which metrics there will be, where that is known.
   * @throws AttuneError `TFJS_OPTION` if it follows one that is none of them.
   */
  follows?(reported: readonly string[]): void
  /** Told the metrics of each validation, by a schedule that follows them (reduce on plateau). */
  observe?(metrics: { readonly [metric: string]: number }): void
  /** What a checkpoint has to keep of it: null where the position says it all. */
  state(): Json
  restore(state: Json): void
}
