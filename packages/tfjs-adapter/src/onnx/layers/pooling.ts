import type { LayerWriter } from '../layer-scope.ts'
import { axisOf, channelsSecond, value } from '../value.ts'
import { windowAttributes } from '../windows.ts'
import { channelsIn, dataFormat } from './convolutions.ts'

/** In one, two or three dimensions. As in TensorFlow, an average leaves the padding out, which is ONNX's default too. */
export function pooling(operator: 'MaxPool' | 'AveragePool'): LayerWriter {
  return (scope, [input], [shape]) => {
    const from = channelsIn(scope, input)
    const rank = input.shape.length - 2
    const size = scope.config.numbers('poolSize', rank, 2)
    const strides = scope.config.raw('strides') === undefined ? size : scope.config.numbers('strides', rank, 1)
    const name = scope.node(operator, [from.name], windowAttributes(scope, from, { size, strides, dilations: size.map(() => 1) }))
    return { ...from, name, shape, layout: channelsSecond(shape.length, dataFormat(scope)) }
  }
}

/** Over time or space, in whatever order the axes are. */
export function globalPooling(operator: 'ReduceMax' | 'ReduceMean'): LayerWriter {
  return (scope, [input], [shape]) => {
    const space = channelsSecond(input.shape.length, dataFormat(scope)).slice(2)
    const axes = space.map((axis) => axisOf(input, axis))
    const name = scope.node(operator, [input.name, scope.integers('axes', axes)], { keepdims: { int: 0 } })
    // What is left, batch and channels, stays in the order that it had.
    return { ...value(name, shape), layout: input.layout.filter((axis) => !space.includes(axis)).map((axis) => (axis === 0 ? 0 : 1)) }
  }
}
