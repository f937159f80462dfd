import type { LayersModel, TensorFlow } from '../tensorflow.ts'
import { checkpointTensors, readCheckpoint } from './checkpoint-file.ts'
import { assignWeights, requireSameShapes } from './model-weights.ts'

/**
 * Puts the weights of a trial's checkpoint into a model, made by the same `build` with the same parameters.
 * `which`: those of the checkpoint's epoch (the default), or of the best epoch until then. Returns the epoch they are of.
 * @throws AttuneError `TFJS_FORMAT`, `TFJS_CHECKPOINT`.
 */
export function loadCheckpoint(tf: TensorFlow, model: LayersModel, bytes: Uint8Array, which: 'last' | 'best' = 'last'): { readonly step: number } {
  const checkpoint = readCheckpoint(tf, bytes)
  try {
    const best = which === 'best' ? checkpoint.best : undefined
    const weights = best?.weights ?? checkpoint.weights
    requireSameShapes(model, weights)
    assignWeights(model, weights)
    return { step: best?.step ?? checkpoint.step }
  } finally {
    tf.dispose(checkpointTensors(checkpoint))
  }
}
