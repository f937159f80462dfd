import { seedFor } from '../keyed-random.ts'
import type { Layer, LayersModel } from '../tensorflow.ts'

/** Seeds the masks of dropout layers: another mask every batch, the same one when a trial is run again. */
export interface DropoutSeeds {
  /** Names of layers whose noise tfjs cannot seed. */
  readonly unseeded: readonly string[]
  beginBatch(epoch: number, batch: number): void
  /** Puts the layers' own seeds back. */
  restore(): void
}

const SEEDED: readonly string[] = ['Dropout', 'SpatialDropout1D']
const UNSEEDED: readonly string[] = ['GaussianNoise', 'GaussianDropout', 'AlphaDropout']

/**
 * With a fixed seed a dropout layer of tfjs draws the same mask for every batch, and without one it draws from
 * `Math.random`: so every layer gets a seed of its own before every batch.
 */
export function dropoutSeeds(model: LayersModel, trialSeed: number): DropoutSeeds {
  const layers = allLayers(model)
  const seeded = layers.filter((layer) => SEEDED.includes(layer.getClassName())) as (Layer & { seed: number | undefined })[]
  const own = seeded.map((layer) => layer.seed)
  return {
    unseeded: layers.filter(drawsUnseededNoise).map((layer) => layer.name),
    beginBatch(epoch, batch) {
      for (const [index, layer] of seeded.entries()) layer.seed = seedFor(trialSeed, batch, `dropout.${epoch}.${index}`)
    },
    restore() {
      for (const [index, layer] of seeded.entries()) layer.seed = own[index]
    },
  }
}

function allLayers(container: { readonly layers: readonly Layer[] }): Layer[] {
  return container.layers.flatMap((layer) => {
    const { layers, layer: wrapped } = layer as Layer & { readonly layers?: readonly Layer[]; readonly layer?: Layer }
    return [layer, ...(Array.isArray(layers) ? allLayers({ layers }) : []), ...(wrapped === undefined ? [] : allLayers({ layers: [wrapped] }))]
  })
}

function drawsUnseededNoise(layer: Layer): boolean {
  if (UNSEEDED.includes(layer.getClassName())) return true
  if (!('cell' in layer)) return false
  const { dropout, recurrentDropout } = layer.getConfig()
  return Number(dropout ?? 0) > 0 || Number(recurrentDropout ?? 0) > 0
}
