import type { Trainer } from '@attune/core'
import { tfjsError } from './error.ts'
import { createTrainer } from './training/create-trainer.ts'
import { openCustomProgram } from './training/custom/custom-program.ts'
import type { CustomTrainerOptions } from './training/custom/options.ts'
import { trainingOptionNames } from './training/option-names.ts'
import { refuseUnknownOptions, type OptionNames } from './unknown-options.ts'

const optionNames: OptionNames<CustomTrainerOptions<never, never>> = { ...trainingOptionNames, init: true, step: true, model: true }

/**
 * Trains anything that has a loss: `init` makes variables and models, `step` the loss of a batch, which is differentiated by all
 * of them. Everything else is as in `tfjsTrainer`: optimisers, schedules, clipping, reports, early stopping, checkpoints. Exclusive: one
 * trial at a time in a process.
 * @throws AttuneError `TFJS_OPTION` without `init` or `step`, and for options that do not exist; while training: as `tfjsTrainer`.
 */
export function customTrainer<P, S>(options: CustomTrainerOptions<P, S>): Trainer<P> {
  refuseUnknownOptions('customTrainer', options, optionNames)
  if (typeof options.init !== 'function' || typeof options.step !== 'function') throw tfjsError('TFJS_OPTION', 'init and step must be functions: init: (params, tf) => state, step: (state, batch) => ({ loss }).')
  return createTrainer(options, (context) => openCustomProgram(context, options))
}
