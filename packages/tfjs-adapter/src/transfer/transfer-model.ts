import { tfjsError } from '../error.ts'
import type { Layer, LayersModel, SymbolicTensor, Tensor, TensorFlow, Variable } from '../tensorflow.ts'
import { creating } from '../training/creating.ts'
import { allLayers } from '../training/layers/noise.ts'

/** What stands on the base: from its features, of shape [null, …], to one output or several: what the last layer's `apply` returns. */
export type Head<P> = (features: SymbolicTensor, params: P, tf: TensorFlow) => ReturnType<Layer['apply']>

/** A base with its head. */
export interface TransferModel {
  readonly model: LayersModel
  /** Output of the base, on which the head stands. */
  readonly features: SymbolicTensor
  /** Layers of the base that lead to the features, from the input on; a model within the base is one. */
  readonly baseLayers: readonly Layer[]
  dispose(): void
}

/**
 * Puts a head on a copy of the base, which is the caller's no longer, whatever happens.
 * @throws AttuneError `TFJS_OPTION` for an unknown `output`, `TFJS_MODEL` for a head that does not stand on the features or cannot be built.
 */
export function transferModel<P>(tf: TensorFlow, base: LayersModel, output: string | undefined, head: Head<P>, params: P, seed: number): TransferModel {
  const made = new Set<Layer>(base.layers)
  // tfjs numbers layers through a process, and those of the copy were made right now.
  const newest = Math.max(...allLayers(base).map(({ id }) => id))
  try {
    const features = featuresOf(base, output)
    // As the graph has them: a Sequential that begins with a model has the layers of that model in its graph, and the model in its list.
    const leading = upTo([features])
    const baseLayers = tf.model({ inputs: base.inputs.filter(({ sourceLayer }) => leading.has(sourceLayer)), outputs: features }).layers.filter((layer) => layer.getClassName() !== 'InputLayer')
    // Whatever was frozen when the base was saved.
    for (const layer of allLayers({ layers: baseLayers })) layer.trainable = true
    const taken = new Set(baseLayers.map(({ name }) => name))
    let clashed: string | undefined
    for (;;) {
      // tfjs numbers the names of layers through a process, so that those of a base from elsewhere may come again: then the head is made anew, with the next ones.
      const outputs = build(tf, features, head, params, seed)
      const layers = upTo(outputs)
      const foreign = [...layers].find((layer) => layer.id <= newest && layer.weights.length > 0 && !leading.has(layer))
      for (const layer of layers) if (layer.id > newest) made.add(layer)
      if (!layers.has(features.sourceLayer)) throw modelError('ignores the features: none of its outputs depends on them. Apply the first layer to what head(features) gets')
      if (foreign !== undefined) throw modelError(`uses layer "${foreign.name}", which was made before: make all layers within head(), so that no trial trains those of another, or of your base`)
      if ([...layers].some((layer) => layer.getClassName() === 'InputLayer' && !base.inputs.some(({ sourceLayer }) => sourceLayer === layer))) throw modelError('has an input of its own: it may use the features alone')
      const clash = [...layers].find((layer) => !baseLayers.includes(layer) && taken.has(layer.name))
      if (clash === undefined) {
        const model = tf.model({ inputs: base.inputs.filter(({ sourceLayer }) => layers.has(sourceLayer)), outputs })
        const used = variablesOf(layers)
        disposeAll([...variablesOf(made)].filter((variable) => !used.has(variable)))
        return { model, features, baseLayers, dispose: () => disposeAll(used) }
      }
      if (clash.name === clashed) throw modelError(`names a layer "${clashed}", as the base does: name it otherwise`)
      clashed = clash.name
    }
  } catch (error) {
    disposeAll(variablesOf(made))
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
  const tensors = [...graphOf(base.outputs)]
  const found = tensors.filter(({ sourceLayer }) => sourceLayer.name === output)
  if (found.length === 1) return found[0]!
  if (found.length > 1) throw tfjsError('TFJS_OPTION', `baseOutput is "${output}", a layer with ${found.length} outputs, or one that is used as often: name one that has one.`)
  throw tfjsError('TFJS_OPTION', `baseOutput is "${output}", and the base has no layer of that name; there are ${tensors.map(({ sourceLayer }) => sourceLayer.name).reverse().join(', ')}.`)
}

function build<P>(tf: TensorFlow, features: SymbolicTensor, head: Head<P>, params: P, seed: number): SymbolicTensor[] {
  // All that may fail is within, so that the layers of a head that does are freed.
  return creating(tf, seed, () => {
    const built: unknown = head(features, params, tf)
    if (built instanceof Promise) {
      // Were it to fail later, the process would end with it.
      built.catch(() => undefined)
      throw modelError('is asynchronous: it has to return its output at once. Load what it needs before the study')
    }
    const outputs: readonly unknown[] = Array.isArray(built) ? built : [built]
    if (outputs.length === 0 || !outputs.every((one): one is SymbolicTensor => one instanceof tf.SymbolicTensor)) {
      throw modelError('returned no output: return what the last layer gives, as in (features) => tf.layers.dense({ units: 5, activation: "softmax" }).apply(features)')
    }
    return [...outputs]
  }) as SymbolicTensor[]
}

/** Tensors that some are computed of, and these. */
function graphOf(tensors: readonly SymbolicTensor[]): Set<SymbolicTensor> {
  const graph = new Set<SymbolicTensor>()
  const waiting = [...tensors]
  for (let tensor = waiting.pop(); tensor !== undefined; tensor = waiting.pop()) {
    if (graph.has(tensor)) continue
    graph.add(tensor)
    waiting.push(...tensor.inputs)
  }
  return graph
}

/** Layers that some tensors are computed by. */
function upTo(tensors: readonly SymbolicTensor[]): Set<Layer> {
  return new Set([...graphOf(tensors)].map(({ sourceLayer }) => sourceLayer))
}

function variablesOf(layers: Iterable<Layer>): Set<Variable> {
  // read() throws where the model that had the layer is gone.
  return new Set([...layers].flatMap((layer) => (layer.weights as unknown as { readonly val: Variable }[]).map(({ val }) => val)))
}

/** Layers count their uses, and a graph that was given up never takes its own back: so variables are disposed of one by one. */
function disposeAll(variables: Iterable<Variable>): void {
  for (const variable of variables) if (!variable.isDisposed) variable.dispose()
}

function modelError(problem: string): Error {
  return tfjsError('TFJS_MODEL', `head() ${problem}.`)
}
