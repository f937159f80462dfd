import type { LayerWriter } from '../layer-scope.ts'
import { natural, value } from '../value.ts'

export const flatten: LayerWriter = (scope, [input], [shape]) => {
  const rank = input.shape.length
  const channelsFirst = scope.config.text('dataFormat', 'channelsLast') === 'channelsFirst'
  const from = scope.arranged(input, channelsFirst ? [0, ...natural(rank).slice(2), 1] : natural(rank))
  return value(scope.node('Flatten', [from.name], { axis: { int: 1 } }), shape, input.type)
}

export const reshape: LayerWriter = (scope, [input], [shape]) => {
  // 0 copies the size of the batch.
  const target = [0, ...shape.slice(1).map((size) => size ?? -1)]
  return value(scope.node('Reshape', [scope.natural(input).name, scope.integers('shape', target)]), shape, input.type)
}

/** Writes nothing: the axes get other names, and whoever needs another order asks for it. */
export const permute: LayerWriter = (scope, [input], [shape]) => {
  const dims = [0, ...(scope.config.raw('dims') as readonly number[])]
  return { ...input, shape, layout: input.layout.map((axis) => dims.indexOf(axis)) }
}

export const repeatVector: LayerWriter = (scope, [input], [shape]) => {
  const once = scope.node('Unsqueeze', [scope.natural(input).name, scope.integers('axes', [1])])
  return value(scope.node('Tile', [once, scope.integers('repeats', [1, scope.config.number('n', 1), 1])]), shape, input.type)
}
