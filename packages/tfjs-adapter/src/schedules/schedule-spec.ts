/** A stretch of a training: optimiser steps, epochs, or a share (0 to 1) of the whole. The latter two are rounded to whole steps. */
export type Span = { readonly steps: number } | { readonly epochs: number } | { readonly share: number }

/** How schedules begin, and how often they change the rate. */
export interface CommonScheduleSettings {
  /**
   * The rate rises to the base rate in a straight line over this stretch, from the first step's `base/W` to the `W`th step's `base`;
   * what follows has the rest of the training. Default: none.
   */
  readonly warmup?: Span
  /** Whether the rate changes at every step (default) or, apart from warm-up, at the start of every epoch. */
  readonly by?: 'step' | 'epoch'
}

/**
 * What becomes of the base rate, as data, so that the parameters of a study can name it. Below, t is the step (from 0, counted from the end
 * of warm-up), T the steps from there to the end of training. `floor` (default 0) is a share of the base rate.
 */
export type ScheduleSpec =
  | (CommonScheduleSettings & WarmedSchedule)
  /**
   * Smith and Topin 2019 with the defaults of PyTorch: from base/25 up to the base rate at the share `peakAt` (default 0.3) of the training, then
   * down to base/250 000. `startDivisor` (default 25) and `endDivisor` (default 1e4, of the first rate) are at least 1; `shape` is `cosine` (default) or `linear`.
   * Its rise is its warm-up.
   */
  | { readonly type: 'oneCycle'; readonly peakAt?: number; readonly startDivisor?: number; readonly endDivisor?: number; readonly shape?: 'cosine' | 'linear'; readonly by?: 'step' | 'epoch' }
  /** From one rate at the first step to another at the last of so many (at least 2), whatever the base rate is, with the same ratio from each to the next: what `rateRangeTest` trains with. */
  | { readonly type: 'sweep'; readonly from: number; readonly to: number; readonly steps: number }

type WarmedSchedule =
  | { readonly type: 'constant' }
  /** base · factor^⌊t/every⌋; `factor` (default 0.1) is above 0 and at most 1. */
  | { readonly type: 'step'; readonly factor?: number; readonly every: Span }
  /** base · factor^(t/every); `factor` is above 0 and at most 1; `every` defaults to T, so that `factor` is what is left at the end. */
  | { readonly type: 'exponential'; readonly factor: number; readonly every?: Span }
  /** floor + (base − floor) · (1 − t/T)^power; `power` (default 1, a straight line) is above 0. */
  | { readonly type: 'polynomial'; readonly power?: number; readonly floor?: number }
  /** floor + (base − floor) · (1 + cos(π·t/T))/2 (Loshchilov and Hutter 2017). */
  | { readonly type: 'cosine'; readonly floor?: number }
  /** The cosine again and again (Loshchilov and Hutter 2017): the first lasts `period`, each next one `growth` times (default 2, at least 1) as long. */
  | { readonly type: 'cosineRestarts'; readonly period: Span; readonly growth?: number; readonly floor?: number }
  /**
   * The rate is multiplied by `factor` (default 0.1, above 0 and below 1) after `patience` validations (default 10) in which `metric` was not better than
   * the best by more than `minDelta` (default 1e-4); then nothing is counted for `cooldown` validations (default 0). It never goes below
   * `minRate` (default 0). `metric` defaults to `valLoss`, or `loss` without validation data;
   * `direction` is needed for a metric whose name does not say it. As in Keras.
   */
  | { readonly type: 'plateau'; readonly metric?: string; readonly direction?: 'minimize' | 'maximize'; readonly factor?: number; readonly patience?: number; readonly minDelta?: number; readonly cooldown?: number; readonly minRate?: number }

/** The name of a schedule, as in a spec. */
export type ScheduleName = ScheduleSpec['type']
