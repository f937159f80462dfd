import type { Layer, LayersModel, Tensor } from '../../tensorflow.ts'

/** Layers that a seed of their own would give the same mask for every batch. */
type SeededLayer = Layer & { seed: number | undefined }

/** What recurrent layers with dropout keep until their next batch. */
interface RecurrentCell {
  dropoutMask?: Tensor | Tensor[] | null
  recurrentDropoutMask?: Tensor | Tensor[] | null
}

/**
 * With a fixed seed a dropout layer of tfjs draws the same mask for every batch; without one it asks `Math.random`, which is seeded
 * for every batch. So layers lose their seeds while they train. Returns what puts these back.
 */
export function withoutOwnSeeds(models: readonly LayersModel[]): () => void {
  const layers = models.flatMap(allLayers).filter((layer): layer is SeededLayer => typeof (layer as Partial<SeededLayer>).seed === 'number')
  const own = layers.map(({ seed }) => seed)
  for (const layer of layers) layer.seed = undefined
  return () => {
    for (const [index, layer] of layers.entries()) layer.seed = own[index]
  }
}

/** tfjs keeps the masks of recurrent layers until their next batch, and for ever after the last one. */
export function recurrentMasks(models: readonly LayersModel[]): () => void {
  const cells = models.flatMap(allLayers).flatMap((layer) => cellsOf(layer as Layer & { readonly cell?: unknown }))
  return () => {
    for (const cell of cells) {
      for (const mask of [cell.dropoutMask, cell.recurrentDropoutMask].flat()) if (mask !== undefined && mask !== null && !mask.isDisposed) mask.dispose()
      if (cell.dropoutMask !== undefined) cell.dropoutMask = null
      if (cell.recurrentDropoutMask !== undefined) cell.recurrentDropoutMask = null
    }
  }
}

/** The states of stateful recurrent layers, which model.dispose() forgets. */
export function disposeStates(model: LayersModel): void {
  for (const layer of allLayers(model)) {
    const { states_: states } = layer as Layer & { readonly states_?: readonly Tensor[] | null }
    for (const state of states ?? []) if (!state.isDisposed) state.dispose()
  }
}

function cellsOf({ cell }: { readonly cell?: unknown }): RecurrentCell[] {
  if (typeof cell !== 'object' || cell === null) return []
  const { cells } = cell as { readonly cells?: readonly RecurrentCell[] }
  return Array.isArray(cells) ? cells : [cell]
}

/** All layers of a model, those inside of others included. */
export function allLayers(container: { readonly layers: readonly Layer[] }): Layer[] {
  return container.layers.flatMap((layer) => {
    const { layers, layer: wrapped, forwardLayer, backwardLayer } = layer as Layer & { readonly layers?: readonly Layer[]; readonly layer?: Layer; readonly forwardLayer?: Layer; readonly backwardLayer?: Layer }
    const inner = [wrapped, forwardLayer, backwardLayer].filter((one) => one !== undefined)
    return [layer, ...(Array.isArray(layers) ? allLayers({ layers }) : []), ...(inner.length === 0 ? [] : allLayers({ layers: inner }))]
  })
}
