import type { Trainer } from '@attune/core'
import { createTrainer } from './training/create-trainer.ts'
import { openCustomProgram } from './training/custom/custom-program.ts'
import type { CustomTrainerOptions } from './training/custom/options.ts'

/**
 * Trains anything that has a loss: `init` makes variables and models, `step` the loss of a batch, which is differentiated by all
 * of them. Everything else is as in `tfjsTrainer`: optimisers, schedules, clipping, reports, early stopping, checkpoints. Exclusive: one
 * trial at a time in a process.
 * @throws AttuneError while training: as `tfjsTrainer`.
 */
export function customTrainer<P, S>(options: CustomTrainerOptions<P, S>): Trainer<P> {
  return createTrainer(options, (context) => openCustomProgram(context, options))
}
