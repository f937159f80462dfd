import type { Trainer } from '@attune/core'
import { tfjsError } from '../error.ts'
import { createTrainer } from '../training/create-trainer.ts'
import { perTrial } from '../training/loop-settings.ts'
import { trainingOptionNames } from '../training/option-names.ts'
import { refuseUnknownOptions, type OptionNames } from '../unknown-options.ts'
import { BaseCopies } from './base-model.ts'
import { FeatureCache } from './feature-cache.ts'
import type { TransferLearningOptions } from './options.ts'
import { transferModel } from './transfer-model.ts'
import { openTransferProgram } from './transfer-program.ts'

const optionNames: OptionNames<TransferLearningOptions<never>> = {
  ...trainingOptionNames, loss: true, lossWeights: true, labelSmoothing: true, metrics: true, base: true, baseOutput: true, head: true, freeze: true, freezeBy: true, batchNorm: true, cacheFeatures: true,
}

/**
 * Trains a head on a base that was trained for something else, and as much of the base as the freeze ratio leaves free. All else is as in
 * `tfjsTrainer`: reports, checkpoints (of base and head, so that a fork may have another ratio), and the best report's model as artefact,
 * base and head in one.
 * @throws AttuneError `TFJS_OPTION` without a head, and for options that do not exist; while training: `TFJS_OPTION` for settings out of range and unknown layers, `TFJS_MODEL` for a base or head that cannot
 * be trained or leaves nothing to train, `TFJS_FORMAT` for a base that cannot be read, and all of `tfjsTrainer`.
 */
export function transferLearning<P>(options: TransferLearningOptions<P>): Trainer<P> {
  refuseUnknownOptions('transferLearning', options, optionNames)
  if (typeof options.head !== 'function') throw tfjsError('TFJS_OPTION', 'head must be a function of the features: (features) => tf.layers.dense({ units: 5, activation: "softmax" }).apply(features).')
  const copies = new BaseCopies(options.tf, options.base)
  const cache = new FeatureCache()
  return createTrainer(options, async (context) => {
    const { params, seed } = context.trial
    const settings = {
      freeze: typeof options.freeze === 'function' ? options.freeze(params) : options.freeze,
      freezeBy: options.freezeBy ?? 'layers',
      batchNorm: perTrial(options.batchNorm ?? 'frozen', params),
      cache: options.cacheFeatures === false ? undefined : cache,
    }
    const transfer = transferModel(context.tf, await copies.copy(), options.baseOutput, options.head, params, seed)
    try {
      return await openTransferProgram(context, options, transfer, settings)
    } catch (error) {
      transfer.dispose()
      throw error
    }
  })
}
