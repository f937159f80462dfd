import type { LayersModel, Variable } from '../../tensorflow.ts'

/**
 * Disposes of a model with all its weights. tfjs counts how often a layer is used and takes back one of these, so that a layer that is used
 * twice (as by two inputs) would stay in memory.
 */
export function disposeModel(model: LayersModel): void {
  const weights = model.weights as unknown as { readonly val: Variable }[]
  model.dispose()
  for (const { val } of weights) if (!val.isDisposed) val.dispose()
}
