import type { Batch, BatchSource } from '../data/batch-source.ts'
import { checkpointTensors, readCheckpoint } from '../format/checkpoint-file.ts'
import type { Layer, LayersModel, Tensor, TensorFlow } from '../tensorflow.ts'
import { inputPositions } from '../training/layers/check-model.ts'
import { layerWeights } from '../training/layers/layer-weights.ts'
import type { ProgramContext } from '../training/training-program.ts'
import { pickFeatures, type FeatureCache, type Features } from './feature-cache.ts'
import { between, type TransferModel } from './transfer-model.ts'

/**
 * How a head answers from features that are computed once, by a base that does not change. Undefined where the features cannot be kept, or where
 * the trial goes on from a checkpoint whose base has other weights, as a fork of a trial that trained them does.
 */
export async function frozenBaseOutputs<P>({ tf, trial, data }: ProgramContext<P>, { model, features }: TransferModel, isBase: (layer: Layer) => boolean, cache: FeatureCache): Promise<((batch: Batch, training: boolean) => Tensor[]) | undefined> {
  const shape = features.shape.slice(1)
  if (!shape.every((size) => size !== null)) return undefined
  if (trial.resumeFrom !== undefined && !(await hasThisBase(tf, model, isBase, trial.resumeFrom.bytes))) return undefined
  const featuresOf = (source: BatchSource): Promise<Features | undefined> => {
    const positions = inputPositions(model, source)
    return cache.of(tf, source, shape, ({ inputs }) => between(model, model.inputs, [features], positions.map((position) => inputs[position]!), false)[0]!, trial.signal)
  }
  const learnt = await featuresOf(data.train)
  const judged = data.validation === undefined ? learnt : await featuresOf(data.validation)
  if (learnt === undefined || judged === undefined) return undefined
  return ({ indices }, training) => between(model, [features], model.outputs, [pickFeatures(tf, training ? learnt : judged, indices!)], training)
}

async function hasThisBase(tf: TensorFlow, model: LayersModel, isBase: (layer: Layer) => boolean, checkpoint: Uint8Array): Promise<boolean> {
  const state = readCheckpoint(tf, checkpoint)
  try {
    const saved = new Map(state.weights.map(({ key, tensor }) => [key, tensor]))
    const pairs = layerWeights(model).filter(({ layer }) => isBase(layer)).map(({ key, variable }) => [variable, saved.get(key)] as const)
    // That a checkpoint is of another architecture is said when it is restored.
    if (!pairs.every(([own, other]) => other !== undefined && String(other.shape) === String(own.shape))) return false
    const differing = tf.tidy(() => tf.addN(pairs.map(([own, other]) => tf.sum(tf.cast(tf.notEqual(own, other!), 'float32')))))
    const [count] = await differing.data()
    differing.dispose()
    return count === 0
  } finally {
    tf.dispose(checkpointTensors(state))
  }
}
