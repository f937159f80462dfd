import { decaysByDefault } from '../../optimizers/decay-exclusions.ts'
import type { TrainableWeight } from '../../optimizers/step-optimizer.ts'
import type { Layer, LayersModel, Tensor, Variable } from '../../tensorflow.ts'
import type { ProgramWeight } from '../training-program.ts'

/** A weight of a layers model. */
export interface LayerWeight extends ProgramWeight {
  /** The layer that has it: within a model inside the model, the layer in there. */
  readonly layer: Layer
  /** Its own name, without its layer's: `kernel`. */
  readonly ownName: string
  /** What its values have to keep to; fit() of tfjs passes it over. */
  readonly constraint: { apply(weight: Tensor): Tensor } | undefined
}

/** What tfjs keeps of a weight; its types hide the names. */
interface LayerVariable {
  readonly originalName: string
  readonly constraint?: { apply(weight: Tensor): Tensor } | null
  read(): Tensor
}

/**
 * All weights of a model, each once, by position of the layer: `3/kernel`, `1/0/bias` in a model within the model. The order does not depend on which
 * layers are frozen, which `model.weights` does.
 */
export function layerWeights(model: Pick<LayersModel, 'layers'>): LayerWeight[] {
  const seen = new Set<Tensor>()
  const keys = new Set<string>()
  const collect = (container: { readonly layers: readonly Layer[] }, path: string): LayerWeight[] =>
    container.layers.flatMap((layer, index) => {
      const place = `${path}${index}`
      const { layers } = layer as Layer & { readonly layers?: readonly Layer[] }
      if (Array.isArray(layers)) return collect({ layers }, `${place}/`)
      return (layer.weights as unknown as LayerVariable[]).flatMap((weight): LayerWeight[] => {
        const variable = weight.read() as Variable
        if (seen.has(variable)) return []
        seen.add(variable)
        const ownName = weight.originalName.slice(weight.originalName.lastIndexOf('/') + 1)
        const key = unique(keys, `${place}/${ownName}`)
        return [{ key, name: weight.originalName, variable, layer, ownName, constraint: weight.constraint ?? undefined }]
      })
    })
  return collect(model, '')
}

/** How a weight is trained if nobody says otherwise. */
export function trainableWeight({ key, variable, ownName }: Pick<LayerWeight, 'key' | 'variable' | 'ownName'>): TrainableWeight {
  return { key, variable, rateScale: 1, decay: decaysByDefault(ownName, variable) }
}

/** Wrappers and cells have several weights of one name. */
function unique(keys: Set<string>, wanted: string): string {
  let key = wanted
  for (let count = 2; keys.has(key); count++) key = `${wanted}.${count}`
  keys.add(key)
  return key
}
