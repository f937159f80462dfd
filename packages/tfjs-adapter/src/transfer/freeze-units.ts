import { tfjsError } from '../error.ts'
import type { Layer } from '../tensorflow.ts'

/**
 * How a freeze ratio is counted: by `layers` that have weights, by `parameters` (numbers in those layers; layers stay whole), or
 * by blocks, each named by the layer that it ends with, from the input on.
 */
export type FreezeBy = 'layers' | 'parameters' | { readonly blocks: readonly string[] }

/** Layers of the base that are frozen and thawed together; all of them have weights. */
export interface FreezeUnit {
  /** The block's name, or the layer's. */
  readonly name: string
  readonly layers: readonly Layer[]
}

/** The units of a base, from its input to its output, and where between 0 and 1 each of them ends. */
export interface FreezeUnits {
  readonly units: readonly FreezeUnit[]
  /** One more than there are units: 0 first, 1 last, never falling. */
  readonly ends: readonly number[]
}

/**
 * Divides the layers of a base, given in the order of computation.
 * @throws AttuneError `TFJS_OPTION` for blocks that are unknown, out of order, without weights, or do not reach the end; `TFJS_MODEL` for a base without weights.
 */
export function freezeUnits(layers: readonly Layer[], by: FreezeBy): FreezeUnits {
  const weighted = layers.filter(hasWeights)
  if (weighted.length === 0) throw tfjsError('TFJS_MODEL', 'The base has no layer with weights: there is nothing to freeze or to train on. Give a trained model.')
  if (by === 'layers' || by === 'parameters') {
    const units = weighted.map((layer) => ({ name: layer.name, layers: [layer] }))
    return { units, ends: ends(by === 'layers' ? units.map(() => 1) : weighted.map(parametersOf)) }
  }
  if (!Array.isArray((by as Partial<typeof by> | undefined)?.blocks) || by.blocks.length === 0) throw tfjsError('TFJS_OPTION', `freezeBy is 'layers', 'parameters' or { blocks: [names of the layers that blocks end with] }, got ${JSON.stringify(by)}.`)
  const units = blocks(layers, by.blocks)
  return { units, ends: ends(units.map(() => 1)) }
}

function blocks(layers: readonly Layer[], names: readonly string[]): FreezeUnit[] {
  const units: FreezeUnit[] = []
  let from = 0
  for (const name of names) {
    const at = layers.findIndex((layer) => layer.name === name)
    if (at < 0) throw tfjsError('TFJS_OPTION', `freezeBy.blocks names "${name}", and the base has no layer of that name; there are ${layers.map((layer) => layer.name).join(', ')}.`)
    const block = layers.slice(from, at + 1).filter(hasWeights)
    if (at < from) throw tfjsError('TFJS_OPTION', `freezeBy.blocks names "${name}" ${units.at(-1)?.name === name ? 'twice' : `after "${units.at(-1)?.name}"`}: name each block once, in the order from input to output.`)
    if (block.length === 0) throw tfjsError('TFJS_OPTION', `The block that ends with "${name}" has no weights: leave it out, so that its layers belong to the next.`)
    units.push({ name, layers: block })
    from = at + 1
  }
  const rest = layers.slice(from).filter(hasWeights)
  if (rest.length > 0) throw tfjsError('TFJS_OPTION', `freezeBy.blocks ends with "${units.at(-1)?.name}", and ${rest.map((layer) => layer.name).join(', ')} come after it: name the last layer of the base, "${layers.at(-1)?.name}", as the end of the last block.`)
  return units
}

function ends(sizes: readonly number[]): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const cumulated = [0]
  for (const size of sizes) cumulated.push(cumulated.at(-1)! + size)
  return cumulated.map((sum) => sum / total)
}

function hasWeights(layer: Layer): boolean {
  return layer.weights.length > 0
}

function parametersOf(layer: Layer): number {
  return layer.weights.reduce((sum, { shape }) => sum + shape.reduce<number>((product, size) => product * (size ?? 1), 1), 0)
}
