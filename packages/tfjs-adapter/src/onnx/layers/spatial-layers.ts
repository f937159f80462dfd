import type { LayerWriter } from '../layer-scope.ts'
import { channelsSecond, inLayout } from '../value.ts'
import { channelsIn, dataFormat } from './convolutions.ts'

type Pair = readonly [number, number]

/** Cells of zeros around images, in whatever order the axes are. */
export const zeroPadding: LayerWriter = (scope, [input], [shape]) => {
  const [rows, columns] = channelsSecond(4, dataFormat(scope)).slice(2) as [number, number]
  const [above, beside] = scope.config.raw('padding') as readonly [Pair, Pair]
  const at = (end: 0 | 1): number[] => inLayout(input, input.shape.map((_, axis) => (axis === rows ? above[end] : axis === columns ? beside[end] : 0)))
  const pads = [...at(0), ...at(1)]
  return { ...input, shape, name: scope.node('Pad', [input.name, scope.integers(`pads_${input.layout.join('')}`, pads)]) }
}

export const cropping: LayerWriter = (scope, [input], [shape]) => {
  const axes = channelsSecond(4, dataFormat(scope)).slice(2).map((axis) => input.layout.indexOf(axis))
  const cut = scope.config.raw('cropping') as readonly [Pair, Pair]
  const starts = scope.integers('starts', cut.map(([before]) => before))
  const ends = scope.integers('ends', cut.map(([, after]) => (after === 0 ? 2 ** 31 - 1 : -after)))
  return { ...input, shape, name: scope.node('Slice', [input.name, starts, ends, scope.integers(`axes_${axes.join('_')}`, axes)]) }
}

/** Without half pixels: cell i of the output looks at i / size of the input. */
export const upSampling: LayerWriter = (scope, [input], [shape]) => {
  const from = channelsIn(scope, input)
  const size = scope.config.numbers('size', 2, 2)
  const scales = scope.constant('scales', () => ({ data: Float32Array.of(1, 1, ...size), dims: [4] }))
  const linear = scope.config.text('interpolation', 'nearest') === 'bilinear'
  const mode = linear ? { mode: { string: 'linear' } } : { mode: { string: 'nearest' }, nearest_mode: { string: 'floor' } }
  const name = scope.node('Resize', [from.name, '', scales], { ...mode, coordinate_transformation_mode: { string: 'asymmetric' } })
  return { ...from, name, shape }
}
