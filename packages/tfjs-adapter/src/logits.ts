import { tfjsError } from './error.ts'
import type { Layer, LayersModel, TensorFlow } from './tensorflow.ts'

/** Gives a model's logits: what its last softmax gets, or what it answers if it has none. */
export interface LogitsView {
  /** Whether the model ends in a softmax. */
  readonly softmax: boolean
  /** Runs `body`, which must be synchronous, while the model answers logits instead of probabilities. */
  run<T>(body: () => T): T
}

/** Where tfjs keeps the softmax of a layer: in `activation` (Dense, Conv, Activation), or in `softmax` (the layer of that name). */
type SoftmaxField = 'activation' | 'softmax'

/**
 * A softmax in floating point loses what a temperature brings out: probabilities below 1e-38 are 0, and their logarithm says
 * nothing. So logits are taken before it, without building another model: the layer's softmax is left out for the while.
 * @throws AttuneError `TFJS_MODEL` for a model with several outputs.
 */
export function logitsOf(tf: TensorFlow, model: LayersModel): LogitsView {
  if (model.outputs.length !== 1) throw tfjsError('TFJS_MODEL', `Logits are those of one output; the model has ${model.outputs.length}.`)
  const last = layerOf(model.outputs[0]!)
  const field = softmaxField(last)
  if (field === undefined) return { softmax: false, run: (body) => body() }
  const fields = last as unknown as { [field in SoftmaxField]: unknown }
  const own = fields[field]
  const linear: unknown = field === 'softmax' ? (x: unknown) => x : (tf.layers.activation({ activation: 'linear' }) as unknown as { readonly activation: unknown }).activation
  return {
    softmax: true,
    run(body) {
      fields[field] = linear
      try {
        return body()
      } finally {
        fields[field] = own
      }
    },
  }
}

/** The layer that an output comes from, also where that is in a model within the model. */
function layerOf(output: LayersModel['outputs'][number]): Layer {
  const layer = output.sourceLayer
  return 'layers' in layer ? layerOf((layer as unknown as LayersModel).outputs[output.outputTensorIndex ?? 0]!) : layer
}

function softmaxField(layer: Layer): SoftmaxField | undefined {
  if (layer.getClassName() === 'Softmax') return 'softmax'
  return layer.getConfig()['activation'] === 'softmax' ? 'activation' : undefined
}
