import type { Trainer } from '@attune/core'
import type { Batch, BatchSource } from '../data/batch-source.ts'
import { tfjsError } from '../error.ts'
import type { Layer, LayersModel, Tensor } from '../tensorflow.ts'
import { createTrainer } from '../training/create-trainer.ts'
import { inputPositions } from '../training/layers/check-model.ts'
import { trainableWeight, type LayerWeight } from '../training/layers/layer-weights.ts'
import { openLayersProgram } from '../training/layers/layers-program.ts'
import { allLayers } from '../training/layers/noise.ts'
import type { ObjectiveOptions } from '../training/layers/options.ts'
import { perTrial } from '../training/loop-settings.ts'
import type { PerTrial, TrainingOptions } from '../training/options.ts'
import type { ProgramContext, TrainingProgram } from '../training/training-program.ts'
import { BaseCopies, type Base } from './base-model.ts'
import { drawsNoise, FeatureCache, pickFeatures, type Features } from './feature-cache.ts'
import { freezePlan, type FreezePlan, type FreezeSettings } from './freeze-plan.ts'
import { freezeUnits, type FreezeBy, type FreezeUnits } from './freeze-units.ts'
import { between, transferModel, type Head, type TransferModel } from './transfer-model.ts'

/**
 * What becomes of the moving statistics of batch normalisations in the base.
 * - `frozen`: those of frozen layers are used and kept; those of thawed layers move, as in any training. So Keras does it, where a
 *   frozen batch normalisation runs in inference mode.
 * - `keep`: all are used and kept, also while the layers' other weights learn. So Keras advises for fine-tuning with few samples.
 * - `adapt`: all move with the new data, also those of frozen layers, whose own weights stay. So TensorFlow.js does it by itself.
 */
export type BatchNormRule = 'frozen' | 'keep' | 'adapt'

/** Options of `transferLearning`. */
export interface TransferLearningOptions<P> extends TrainingOptions<P>, ObjectiveOptions<P> {
  /** Loaded once a process; every trial trains a copy. */
  readonly base: Base
  /** The layer of the base whose output are the features; what comes after it is left out. Default: the base's output. */
  readonly baseOutput?: string
  /**
   * Makes the head of a trial: `(features, params, tf) => tf.layers.dense({ units: 5, activation: 'softmax' }).apply(features)`.
   * Initialisers without a seed are seeded by the trial. It may be called more than once, so that its layers get names which the base does not have.
   */
  readonly head: Head<P>
  /** What of the base is trained, when, and how fast; the head always is. With `freezeRatioSpace()` in the space: `(params) => params`. */
  readonly freeze: FreezeSettings | ((params: P) => FreezeSettings)
  /** What a freeze ratio counts; default `layers`, those that have weights. */
  readonly freezeBy?: FreezeBy
  /** Default `frozen`. */
  readonly batchNorm?: PerTrial<P, BatchNormRule>
  /**
   * Whether a base that is frozen for good (f = 1) and draws no noise computes the features of each sample once, for all epochs and trials,
   * if they fit into 256 MiB: the numbers stay the same. Default true; false for a base with a layer of your own that does something else
   * in training than in prediction.
   */
  readonly cacheFeatures?: boolean
}

/**
 * Trains a head on a base that was trained for something else, and as much of the base as the freeze ratio leaves free. All else is as in
 * `tfjsTrainer`: reports, checkpoints (of base and head, so that a fork may have another ratio), and the best report's model as artefact,
 * base and head in one.
 * @throws AttuneError while training: `TFJS_OPTION` for settings out of range and unknown layers, `TFJS_MODEL` for a base or head that cannot
 * be trained or leaves nothing to train, `TFJS_FORMAT` for a base that cannot be read, and all of `tfjsTrainer`.
 */
export function transferLearning<P>(options: TransferLearningOptions<P>): Trainer<P> {
  const copies = new BaseCopies(options.tf, options.base)
  const cache = new FeatureCache()
  return createTrainer(options, async (context) => {
    const { tf, trial } = context
    const settings = typeof options.freeze === 'function' ? options.freeze(trial.params) : options.freeze
    const batchNorm = batchNormRule(perTrial(options.batchNorm ?? 'frozen', trial.params))
    const transfer = transferModel(tf, await copies.copy(), options.baseOutput, options.head, trial.params, trial.seed)
    try {
      const units = freezeUnits(leaves(transfer.baseLayers), options.freezeBy ?? 'layers')
      const plan = freezePlan(units, typeof options.freezeBy === 'object', settings)
      return await openTransfer(context, options, transfer, units, plan, batchNorm, cache)
    } catch (error) {
      transfer.dispose()
      throw error
    }
  })
}

async function openTransfer<P>(context: ProgramContext<P>, options: TransferLearningOptions<P>, transfer: TransferModel, units: FreezeUnits, plan: FreezePlan, batchNorm: BatchNormRule, cache: FeatureCache): Promise<TrainingProgram> {
  const { model } = transfer
  const unitOf = new Map(units.units.flatMap(({ layers }, index) => layers.flatMap((layer) => allLayers({ layers: [layer] })).map((layer): [Layer, number] => [layer, index])))
  const learnable = new Set(model.trainableWeights.map((weight) => weight.read()))
  const trainable = (epoch: number, weights: readonly LayerWeight[]): ReturnType<typeof trainableWeight>[] => {
    const frozen = plan.frozenIn(epoch)
    return weights.flatMap((weight) => {
      const unit = unitOf.get(weight.layer)
      if (!learnable.has(weight.variable) || (unit !== undefined && unit < frozen)) return []
      return [{ ...trainableWeight(weight), rateScale: unit === undefined ? 1 : plan.rateScale(unit) }]
    })
  }
  if (learnable.size === 0 || (plan.frozen === units.units.length && !model.layers.some((layer) => !transfer.baseLayers.includes(layer) && layer.trainableWeights.length > 0))) {
    throw tfjsError('TFJS_MODEL', 'Nothing is left to train: the whole base is frozen, and the head has no weights. Give head() a layer with weights, or lower the freeze ratio.')
  }
  const normalisations = allLayers({ layers: transfer.baseLayers }).filter((layer) => layer.getClassName() === 'BatchNormalization')
  const frozenStatistics = (epoch: number): readonly Layer[] =>
    batchNorm === 'adapt' ? [] : batchNorm === 'keep' ? normalisations : normalisations.filter((layer) => unitOf.get(layer)! < plan.frozenIn(epoch))
  const still = plan.frozen === units.units.length && (batchNorm !== 'adapt' || normalisations.length === 0) && !transfer.baseLayers.some(drawsNoise)
  const outputs = still && options.cacheFeatures !== false ? await outputsOfFeatures(context, transfer, cache) : undefined
  return openLayersProgram(context, { model, objective: options, trainable, frozenStatistics, ...(outputs === undefined ? {} : { outputs }) })
}

/** How the head answers from features that are computed once; undefined where they cannot be kept. */
async function outputsOfFeatures<P>({ tf, trial, data }: ProgramContext<P>, { model, features }: TransferModel, cache: FeatureCache): Promise<((batch: Batch, training: boolean) => Tensor[]) | undefined> {
  const shape = features.shape.slice(1)
  if (!shape.every((size) => size !== null)) return undefined
  const featuresOf = (source: BatchSource): Promise<Features | undefined> => {
    const positions = inputPositions(model, source)
    return cache.of(tf, source, shape, ({ inputs }) => between(model, model.inputs, [features], positions.map((position) => inputs[position]!), false)[0]!, trial.signal)
  }
  const learnt = await featuresOf(data.train)
  const judged = data.validation === undefined ? learnt : await featuresOf(data.validation)
  if (learnt === undefined || judged === undefined) return undefined
  return ({ indices }, training) => between(model, [features], model.outputs, [pickFeatures(tf, training ? learnt : judged, indices!)], training)
}

/** The layers that have weights of their own, also of models within the model. */
function leaves(layers: readonly Layer[]): Layer[] {
  return layers.flatMap((layer) => {
    const { layers: inner } = layer as Partial<Pick<LayersModel, 'layers'>>
    return Array.isArray(inner) ? leaves(inner) : [layer]
  })
}

function batchNormRule(rule: BatchNormRule): BatchNormRule {
  if (rule === 'frozen' || rule === 'keep' || rule === 'adapt') return rule
  throw tfjsError('TFJS_OPTION', `batchNorm is 'frozen', 'keep' or 'adapt', got ${JSON.stringify(rule)}.`)
}
