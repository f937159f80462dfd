import type { Layer, LayersModel, Variable } from '../../tensorflow.ts'

/**
 * Disposes of a model with all its weights. tfjs counts how often a layer is used and takes back one of these, so that a layer that is used
 * twice (as by two inputs) would stay in memory.
 */
export function disposeModel(model: LayersModel): void {
  const weights = model.weights as unknown as { readonly val: Variable }[]
  model.dispose()
  for (const { val } of weights) if (!val.isDisposed) val.dispose()
}

/** A layer whose weights are gone, as they are when a model that had it was disposed of. */
export function disposedLayer(model: LayersModel): Layer | undefined {
  return model.layers.find((layer) => (layer.weights as unknown as { readonly val: Variable }[]).some(({ val }) => val.isDisposed))
}
