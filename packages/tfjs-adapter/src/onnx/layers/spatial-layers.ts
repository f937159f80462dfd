import type { LayerScope, LayerWriter } from '../layer-scope.ts'
import { axisOf, channelsSecond, natural, type Value } from '../value.ts'
import { channelsIn, dataFormat } from './convolutions.ts'

type Pair = readonly [number, number]

/** Cells of zeros around images, in whatever order the axes are. */
export const zeroPadding: LayerWriter = (scope, [input], [shape]) => {
  const [rows, columns] = spaceOf(scope, input)
  const [above, beside] = scope.config.raw('padding') as readonly [Pair, Pair]
  const axes = natural(input.shape.length)
  const at = (end: 0 | 1): number[] => axes.map((axis) => (axis === rows ? above[end] : axis === columns ? beside[end] : 0))
  // ONNX Runtime makes a Pad the padding of a pooling behind it, which is not of zeros; not so one that names its axes.
  // All of them, because those that it moves a transposition through must name all.
  const inputs = [input.name, scope.integers('pads', [...at(0), ...at(1)]), '', scope.integers('axes', axes)]
  return { ...input, shape, name: scope.node('Pad', inputs) }
}

export const cropping: LayerWriter = (scope, [input], [shape]) => {
  const axes = spaceOf(scope, input)
  const cut = scope.config.raw('cropping') as readonly [Pair, Pair]
  const starts = scope.integers('starts', cut.map(([before]) => before))
  const ends = scope.integers('ends', cut.map(([, after]) => (after === 0 ? 2 ** 31 - 1 : -after)))
  return { ...input, shape, name: scope.node('Slice', [input.name, starts, ends, scope.integers('axes', axes)]) }
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

/** Where the rows and the columns are. */
function spaceOf(scope: LayerScope, input: Value): readonly number[] {
  return channelsSecond(4, dataFormat(scope)).slice(2).map((axis) => axisOf(input, axis))
}
