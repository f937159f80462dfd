import type { Trainer } from '@attune/core'
import { tfjsError } from './error.ts'
import { createTrainer } from './training/create-trainer.ts'
import { creating } from './training/creating.ts'
import { openLayersProgram } from './training/layers/layers-program.ts'
import type { TfjsTrainerOptions } from './training/layers/options.ts'
import { trainingOptionNames } from './training/option-names.ts'
import { refuseUnknownOptions, type OptionNames } from './unknown-options.ts'

const optionNames: OptionNames<TfjsTrainerOptions<never>> = { ...trainingOptionNames, build: true, loss: true, lossWeights: true, labelSmoothing: true, metrics: true }

/**
 * Trains layers models of TensorFlow.js. Reports `{ step, loss, valLoss, …metrics }` every epoch, or every so many steps, each with a whole
 * checkpoint on demand; returns the model of the best report. The same trial seed gives the same numbers, whether a trial
 * runs through or is stopped and restored at any report. Exclusive: one trial at a time in a process.
 * @throws AttuneError `TFJS_OPTION` without `build`, and for options that do not exist; while training: `TFJS_OPTION`, `TFJS_DATA`, `TFJS_MODEL`, `TFJS_BACKEND`, `TFJS_KERNEL`, `TFJS_CHECKPOINT`,
 * `TFJS_FORMAT`, `OUT_OF_MEMORY`, and `INVALID_METRIC` when the loss is no finite number any more.
 */
export function tfjsTrainer<P>(options: TfjsTrainerOptions<P>): Trainer<P> {
  refuseUnknownOptions('tfjsTrainer', options, optionNames)
  if (typeof options.build !== 'function') throw tfjsError('TFJS_OPTION', 'build must be a function of the parameters that returns a layers model: ({ units }) => tf.sequential({ layers: […] }).')
  return createTrainer(options, async (context) => {
    const { tf, trial } = context
    const model = await creating(tf, trial.seed, () => options.build(trial.params, tf, { seed: trial.seed }))
    return openLayersProgram(context, { model, objective: options })
  })
}
