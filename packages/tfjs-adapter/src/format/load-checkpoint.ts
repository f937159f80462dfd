import type { LayersModel, TensorFlow } from '../tensorflow.ts'
import { layerWeights } from '../training/layers/layer-weights.ts'
import { checkpointTensors, readCheckpoint } from './checkpoint-file.ts'
import type { WhichWeights } from './model-file.ts'
import { assignWeights } from './model-weights.ts'

/**
 * Puts the weights of a trial's checkpoint into a model, made by the same `build` with the same parameters.
 * `which`: those that the checkpoint was taken at (the default), or of the best report until then. Returns the step they are of.
 * @throws AttuneError `TFJS_FORMAT`, `TFJS_CHECKPOINT`.
 */
export function loadCheckpoint(tf: TensorFlow, model: LayersModel, bytes: Uint8Array, which: WhichWeights = 'last'): { readonly step: number } {
  const checkpoint = readCheckpoint(tf, bytes)
  try {
    const best = which === 'best' ? checkpoint.best : undefined
    assignWeights(layerWeights(model), checkpoint.weights.map(({ key, tensor }, index) => ({ key, tensor: best?.tensors?.[index] ?? tensor })))
    return { step: best?.step ?? checkpoint.step }
  } finally {
    tf.dispose(checkpointTensors(checkpoint))
  }
}
