import type { Awaitable, TrainingInput } from '@attune/core'
import type { Backend } from '../backends/backend.ts'
import type { TrainingData } from '../data/training-data.ts'
import type { GradientClip } from '../optimizers/clip-gradients.ts'
import type { OptimizerSpec } from '../optimizers/optimizer-spec.ts'
import type { ScheduleSpec } from '../schedules/schedule-spec.ts'
import type { Optimizer, TensorFlow } from '../tensorflow.ts'

/** A value for all trials, or a function of a trial's parameters. */
export type PerTrial<P, T> = T | ((params: P) => T)

/** At the end of every epoch, or after every so many steps of the optimiser. */
export type Interval = 'epoch' | { readonly steps: number }

/** A reported metric that tells good from bad. */
export interface Judgement {
  /** As it is reported: `valAccuracy`. Default: `valAccuracy`, else `valLoss`, else `accuracy`, else `loss`, whichever is reported first in this list. */
  readonly metric?: string
  /** Needed for a metric whose name does not say it; `…loss`, `mse` and their like are minimised, `…accuracy` and `…precision` maximised. */
  readonly direction?: 'minimize' | 'maximize'
}

/** Ends a training that no longer improves. */
export interface EarlyStopping extends Judgement {
  /** After so many validations in a row (reports, where there are no validation data) that bring nothing better, training ends. A whole number ≥ 1. */
  readonly patience: number
  /** What counts as better has to be better by more than this; default 0. */
  readonly minDelta?: number
}

/** What becomes of the checkpoints of a trial. */
export interface CheckpointOptions {
  /**
   * Checkpoints that stay with the trial as artefacts, whatever becomes of it: of its `best` so many reports by the metric of `restoreBest`,
   * as `checkpoint-best-1` and so on (which of them is of which report is in their meta data), and of its `last` report, as `checkpoint-last`.
   * Default none: a study keeps the last ones while a trial runs, to go on from, and afterwards the models that its own option `keep` says.
   */
  readonly keep?: { readonly best?: number; readonly last?: boolean }
  /**
   * What a checkpoint may have, and all kept ones of a trial together; default 1 GiB. Where it is too little, a warning says so once, and training
   * goes on without: nothing else is lost.
   */
  readonly maxBytes?: number
}

/** Options that every trainer of this package has. */
export interface TrainingOptions<P> {
  /** The TensorFlow.js namespace, as in `import * as tf from '@tensorflow/tfjs'`. */
  readonly tf: TensorFlow
  /** `cpu()`, `wasm()`, `webgpu()`, `node()` or `nodeGpu()`: there is no default and no fallback. */
  readonly backend: Backend
  /** Checked and made ready once for each `optimize`, before its first trial; freed when it ends. */
  readonly data: TrainingData | (() => Awaitable<TrainingData>)
  /** What the data are called, for trackers. */
  readonly inputs?: readonly TrainingInput[]
  /** Whole numbers ≥ 1. A trial ends earlier when the pruner or early stopping says so. */
  readonly epochs: PerTrial<P, number>
  /** Samples that go through the network at once; default 32. */
  readonly batchSize?: PerTrial<P, number>
  /** Batches whose gradients make one step of the optimiser, weighted by their samples; default 1. The last step of an epoch may have fewer. */
  readonly accumulate?: PerTrial<P, number>
  /** Default Adam with a learning rate of 0.001. */
  readonly optimizer?: OptimizerSpec | ((params: P, tf: TensorFlow) => OptimizerSpec | Optimizer)
  /** What becomes of the optimiser's learning rate while a trial trains. Default: it stays. */
  readonly schedule?: PerTrial<P, ScheduleSpec>
  /** Steps of the optimiser in an epoch; only for streams, whose length is not known before, and schedules that need it. */
  readonly stepsPerEpoch?: PerTrial<P, number>
  /** Bounds of the gradients, after they were accumulated. Default none. */
  readonly clip?: PerTrial<P, GradientClip | undefined>
  /** A new order of the samples every epoch, by the trial's seed; default true. */
  readonly shuffle?: boolean
  /** When a trial reports; default as `validate`, else every epoch. It decides what a step is, for pruners too: an epoch, or a step of the optimiser. */
  readonly report?: PerTrial<P, Interval>
  /** When the validation data are gone through; default as `report`. A report is made whenever that happens. */
  readonly validate?: PerTrial<P, Interval>
  /** Default none. */
  readonly earlyStopping?: PerTrial<P, EarlyStopping | undefined>
  /** Whose weights the artefact has: those of the report that was best by this (true, the default), or the last ones (false). */
  readonly restoreBest?: boolean | Judgement
  readonly checkpoints?: CheckpointOptions
}
