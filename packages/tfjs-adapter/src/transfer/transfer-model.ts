import { tfjsError } from '../error.ts'
import { withSeededRandom } from '../keyed-random.ts'
import type { Layer, LayersModel, SymbolicTensor, Tensor, TensorFlow, Variable } from '../tensorflow.ts'

/** What stands on the base: from its features, of shape [null, …], to one output or several: what the last layer's `apply` returns. */
export type Head<P> = (features: SymbolicTensor, params: P, tf: TensorFlow) => ReturnType<Layer['apply']>

/** A base with its head. */
export interface TransferModel {
  readonly model: LayersModel
  /** Output of the base, on which the head stands. */
  readonly features: SymbolicTensor
  /** Layers of the base that lead to the features, from the input on; inputs included, and a model within the base as one. */
  readonly baseLayers: readonly Layer[]
  dispose(): void
}

/** A head is made anew this often until its layers have names that the base does not have. */
const attempts = 1000

/**
 * Puts a head on a copy of the base, which is the caller's no longer, whatever happens.
 * @throws AttuneError `TFJS_OPTION` for an unknown `output`, `TFJS_MODEL` for a head that does not stand on the features or cannot be built.
 */
export function transferModel<P>(tf: TensorFlow, base: LayersModel, output: string | undefined, head: Head<P>, params: P, seed: number): TransferModel {
  const made = new Set<Layer>(base.layers)
  try {
    const features = featuresOf(base, output)
    const leading = upTo([features])
    const baseLayers = base.layers.filter((layer) => leading.has(layer))
    for (const layer of baseLayers) layer.trainable = true
    const taken = new Set(baseLayers.map(({ name }) => name))
    for (let attempt = 1; ; attempt++) {
      // tfjs numbers the names of layers through a process, so that those of a base from elsewhere may come again: the next ones will not.
      const outputs = build(tf, features, head, params, seed)
      const layers = upTo(outputs)
      for (const layer of layers) made.add(layer)
      if (!layers.has(features.sourceLayer)) throw modelError('ignores the features: none of its outputs depends on them. Apply the first layer to what head(features) gets')
      const clash = [...layers].find((layer) => !baseLayers.includes(layer) && taken.has(layer.name))
      if (clash === undefined) {
        const model = tf.model({ inputs: base.inputs, outputs })
        disposeWeights([...made].filter((layer) => !layers.has(layer)))
        return { model, features, baseLayers, dispose: () => disposeWeights([...layers]) }
      }
      if (attempt === attempts) throw modelError(`names a layer "${clash.name}", as the base does: name it otherwise`)
    }
  } catch (error) {
    disposeWeights([...made])
    throw error
  }
}

/** Computes a part of a model: `to` out of values for `from`, which need not be inputs. */
export function between(model: LayersModel, from: readonly SymbolicTensor[], to: readonly SymbolicTensor[], values: readonly Tensor[], training: boolean): Tensor[] {
  // This is all that call() asks of a model: tfjs computes what is fetched from what is fed.
  const part = { inputs: from, outputs: to }
  return model.call.call(part as unknown as LayersModel, [...values], { training }) as Tensor[]
}

function featuresOf(base: LayersModel, output: string | undefined): SymbolicTensor {
  if (output === undefined) {
    if (base.outputs.length !== 1) throw tfjsError('TFJS_MODEL', `The base has ${base.outputs.length} outputs: say which layer's are the features, baseOutput: 'name'.`)
    return base.outputs[0]!
  }
  const layer = base.layers.find(({ name }) => name === output)
  if (layer === undefined) throw tfjsError('TFJS_OPTION', `baseOutput is "${output}", and the base has no layer of that name; there are ${base.layers.map(({ name }) => name).join(', ')}.`)
  if (Array.isArray(layer.output)) throw tfjsError('TFJS_OPTION', `baseOutput is "${output}", a layer with several outputs: name one that has one.`)
  return layer.output
}

function build<P>(tf: TensorFlow, features: SymbolicTensor, head: Head<P>, params: P, seed: number): SymbolicTensor[] {
  const built: unknown = withSeededRandom(seed, () => head(features, params, tf))
  const outputs: readonly unknown[] = Array.isArray(built) ? built : [built]
  if (outputs.length === 0 || !outputs.every((one): one is SymbolicTensor => one instanceof tf.SymbolicTensor)) {
    throw modelError('returned no output: return what the last layer gives, as in (features) => tf.layers.dense({ units: 5, activation: "softmax" }).apply(features)')
  }
  return [...outputs]
}

/** Layers that some tensors are computed by. */
function upTo(tensors: readonly SymbolicTensor[]): Set<Layer> {
  const layers = new Set<Layer>()
  const seen = new Set<SymbolicTensor>()
  const waiting = [...tensors]
  for (let tensor = waiting.pop(); tensor !== undefined; tensor = waiting.pop()) {
    if (seen.has(tensor)) continue
    seen.add(tensor)
    layers.add(tensor.sourceLayer)
    waiting.push(...tensor.inputs)
  }
  return layers
}

/** Layers count their uses, and a graph that was given up never takes its own back: so weights are disposed of one by one. */
function disposeWeights(layers: readonly Layer[]): void {
  for (const layer of layers) {
    // read() throws where the model that had the layer is gone.
    for (const { val } of layer.weights as unknown as { readonly val: Variable }[]) if (!val.isDisposed) val.dispose()
  }
}

function modelError(problem: string): Error {
  return tfjsError('TFJS_MODEL', `head() ${problem}.`)
}
