import type { LayersModel, NamedTensorMap, Tensor, TensorFlow } from '../tensorflow.ts'

/** What tfjs keeps of a weight; its types hide the names. */
interface LayerVariable {
  readonly originalName: string
  readonly constraint?: unknown
  readonly val: Tensor & { assign(value: Tensor): void }
}

/**
 * Loads a layers model whose weights are those that were saved, bit by bit. tfjs applies constraints once more to what it loads, which changes
 * last bits, and leaves a tensor in memory for each.
 */
export async function loadExactly(tf: TensorFlow, artifacts: Parameters<TensorFlow['io']['fromMemory']>[0]): Promise<LayersModel> {
  const prototype = tf.LayersModel.prototype as LayersModel & { loadWeights(weights: NamedTensorMap, strict?: boolean): void }
  const inherited = Object.getPrototypeOf(prototype) as typeof prototype
  // The class has no method of its own of this name; while it has, tfjs calls it.
  prototype.loadWeights = function (weights, strict) {
    tf.tidy(() => {
      inherited.loadWeights.call(this, weights, strict)
      for (const { originalName, constraint, val } of this.weights as unknown as LayerVariable[]) {
        const saved = weights[originalName]
        if (constraint !== undefined && constraint !== null && saved !== undefined) val.assign(saved)
      }
    })
  }
  try {
    return await tf.loadLayersModel(tf.io.fromMemory(artifacts))
  } finally {
    delete (prototype as Partial<typeof prototype>).loadWeights
  }
}
