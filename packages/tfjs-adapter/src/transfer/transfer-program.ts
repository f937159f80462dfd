import { tfjsError } from '../error.ts'
import type { TrainableWeight } from '../optimizers/step-optimizer.ts'
import type { Layer, LayersModel, Tensor } from '../tensorflow.ts'
import { trainableWeight, type LayerWeight } from '../training/layers/layer-weights.ts'
import { openLayersProgram } from '../training/layers/layers-program.ts'
import { allLayers } from '../training/layers/noise.ts'
import type { ObjectiveOptions } from '../training/layers/options.ts'
import type { ProgramContext, TrainingProgram } from '../training/training-program.ts'
import { drawsNoise, type FeatureCache } from './feature-cache.ts'
import { freezePlan, type FreezeSettings } from './freeze-plan.ts'
import { freezeUnits, type FreezeBy } from './freeze-units.ts'
import { frozenBaseOutputs } from './frozen-base.ts'
import type { BatchNormRule } from './options.ts'
import type { TransferModel } from './transfer-model.ts'

/** What of the options holds for one trial. */
export interface TransferSettings {
  readonly freeze: FreezeSettings
  readonly freezeBy: FreezeBy
  readonly batchNorm: BatchNormRule
  /** Undefined if features are to be computed for every batch. */
  readonly cache: FeatureCache | undefined
}

/** The program of a base with its head. @throws AttuneError `TFJS_OPTION`, `TFJS_MODEL`, `TFJS_DATA`. */
export async function openTransferProgram<P>(context: ProgramContext<P>, objective: ObjectiveOptions<P>, transfer: TransferModel, settings: TransferSettings): Promise<TrainingProgram> {
  const { model, baseLayers } = transfer
  const { batchNorm, freezeBy, cache } = settings
  if (batchNorm !== 'frozen' && batchNorm !== 'keep' && batchNorm !== 'adapt') throw tfjsError('TFJS_OPTION', `batchNorm is 'frozen', 'keep' or 'adapt', got ${JSON.stringify(batchNorm)}.`)
  const units = freezeUnits(leaves(baseLayers), freezeBy)
  const plan = freezePlan(units, typeof freezeBy === 'object', settings.freeze)
  const all = units.units.length
  const headLearns = model.layers.some((layer) => !baseLayers.includes(layer) && layer.trainableWeights.length > 0)
  if (!headLearns && plan.frozenIn(1) === all) {
    throw tfjsError('TFJS_MODEL', 'Nothing is left to train: the whole base is frozen, at least at first, and the head has no weights. Give head() a layer with weights, or lower the freeze ratio.')
  }

  const unitOf = new Map(units.units.flatMap(({ layers }, index) => allLayers({ layers }).map((layer): [Layer, number] => [layer, index])))
  // tfjs lists moving statistics among the weights that are not trained.
  const learnable = new Set<Tensor>(model.trainableWeights.map((weight) => weight.read()))
  function trainable(epoch: number, weights: readonly LayerWeight[]): TrainableWeight[] {
    const frozen = plan.frozenIn(epoch)
    return weights.flatMap((weight) => {
      const unit = unitOf.get(weight.layer)
      if (!learnable.has(weight.variable) || (unit !== undefined && unit < frozen)) return []
      return [{ ...trainableWeight(weight), rateScale: unit === undefined ? 1 : plan.rateScale(unit) }]
    })
  }

  const normalisations = allLayers({ layers: baseLayers }).filter((layer) => layer.getClassName() === 'BatchNormalization')
  function frozenStatistics(epoch: number): readonly Layer[] {
    if (batchNorm === 'adapt') return []
    return batchNorm === 'keep' ? normalisations : normalisations.filter((layer) => unitOf.get(layer)! < plan.frozenIn(epoch))
  }

  const still = plan.frozen === all && (batchNorm !== 'adapt' || normalisations.length === 0) && !baseLayers.some(drawsNoise)
  const outputs = still && cache !== undefined ? await frozenBaseOutputs(context, transfer, (layer) => unitOf.has(layer), cache) : undefined
  return openLayersProgram(context, { model, objective, trainable, frozenStatistics, ...(outputs === undefined ? {} : { outputs }) })
}

/** Layers, with those of models within the model in their place. */
function leaves(layers: readonly Layer[]): Layer[] {
  return layers.flatMap((layer) => {
    const { layers: inner } = layer as Partial<Pick<LayersModel, 'layers'>>
    return Array.isArray(inner) ? leaves(inner) : [layer]
  })
}
