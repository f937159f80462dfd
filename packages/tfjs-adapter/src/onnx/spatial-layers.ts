import type { AttributeValue } from '@attune/onnx-format'
import type { Layer } from '../tensorflow.ts'
import { activate } from './activations.ts'
import { exportError } from './export-error.ts'
import type { Weight } from './graph-writer.ts'
import { layerConfig, type LayerConfig } from './layer-config.ts'
import type { LayerWriter } from './layer-writer.ts'
import type { Value } from './value.ts'

export const conv2d: LayerWriter = async (graph, layer, [input], shape) => {
  const config = layerConfig(layer)
  requireChannelsLast(layer, config)
  const kernel = await graph.requiredWeight(layer, 'kernel')
  const bias = await graph.weight(layer, 'bias')
  const value = graph.channelsFirst(layer, input)
  const [rows, columns] = [kernel.dims[0] as number, kernel.dims[1] as number]
  const inputs = [value.name, graph.constant(layer, 'kernel', () => toOihw(kernel))]
  if (bias !== undefined) inputs.push(graph.constant(layer, 'bias', () => bias))
  const dilations = config.pair('dilationRate', 1)
  const output = graph.node(layer, 'Conv', inputs, { kernel_shape: { ints: [rows, columns] }, dilations: { ints: dilations }, ...windows(layer, config, value, [rows, columns], config.pair('strides', 1), dilations) })
  return activate(graph, layer, config.text('activation', 'linear'), { name: output, shape, order: 'channelsFirst' })
}

export function pooling2d(operator: 'MaxPool' | 'AveragePool'): LayerWriter {
  return (graph, layer, [input], shape) => {
    const config = layerConfig(layer)
    requireChannelsLast(layer, config)
    const value = graph.channelsFirst(layer, input)
    const size = config.pair('poolSize', 2)
    const strides = config.raw('strides') === undefined ? size : config.pair('strides', 1)
    // As TensorFlow does, an average leaves the padding out (ONNX's default, said for readers).
    const counting: Record<string, AttributeValue> = operator === 'AveragePool' ? { count_include_pad: { int: 0 } } : {}
    const name = graph.node(layer, operator, [value.name], { kernel_shape: { ints: size }, ...windows(layer, config, value, size, strides, [1, 1]), ...counting })
    return { name, shape, order: 'channelsFirst' }
  }
}

export function globalPooling2d(operator: 'GlobalMaxPool' | 'GlobalAveragePool'): LayerWriter {
  return (graph, layer, [input], shape) => {
    requireChannelsLast(layer, layerConfig(layer))
    const pooled = graph.node(layer, operator, [graph.channelsFirst(layer, input).name])
    return { name: graph.node(layer, 'Flatten', [pooled], { axis: { int: 1 } }), shape, order: 'channelsLast' }
  }
}

export function globalPooling1d(operator: 'ReduceMax' | 'ReduceMean'): LayerWriter {
  return (graph, layer, [input], shape) => {
    const value = graph.channelsLast(layer, input)
    return { name: graph.node(layer, operator, [value.name, graph.integers(layer, 'axes', [1])], { keepdims: { int: 0 } }), shape, order: 'channelsLast' }
  }
}

/** HWIO, as in TensorFlow, to OIHW, as in ONNX. */
function toOihw(kernel: Weight): Weight {
  const [rows, columns, inputs, outputs] = kernel.dims as [number, number, number, number]
  const data = new Float32Array(kernel.data.length)
  let from = 0
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let input = 0; input < inputs; input++) {
        for (let output = 0; output < outputs; output++) data[((output * inputs + input) * rows + row) * columns + column] = kernel.data[from++] as number
      }
    }
  }
  return { data, dims: [outputs, inputs, rows, columns] }
}

function windows(layer: Layer, config: LayerConfig, value: Value, size: readonly number[], strides: readonly number[], dilations: readonly number[]): Record<string, AttributeValue> {
  const padding = config.text('padding', 'valid')
  if (padding === 'valid') return { strides: { ints: strides }, pads: { ints: [0, 0, 0, 0] } }
  if (padding !== 'same') throw exportError(layer, `its padding is "${padding}"`)
  const spatial = value.shape.slice(1, 3)
  if (spatial.includes(null)) {
    if (dilations.some((dilation) => dilation !== 1)) throw exportError(layer, 'it is dilated, padded "same", and the size of its input is not known')
    return { strides: { ints: strides }, auto_pad: { string: 'SAME_UPPER' } }
  }
  // Written out, because ONNX Runtime refuses auto_pad for dilated windows.
  const pads = spatial.map((length, axis) => samePads(length as number, size[axis] as number, strides[axis] as number, dilations[axis] as number))
  return { strides: { ints: strides }, pads: { ints: [...pads.map(([before]) => before), ...pads.map(([, after]) => after)] } }
}

/** TensorFlow's rule: ⌈length / stride⌉ outputs, the odd cell of padding at the end. */
function samePads(length: number, size: number, stride: number, dilation: number): readonly [number, number] {
  const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + (size - 1) * dilation + 1 - length)
  return [Math.floor(total / 2), Math.ceil(total / 2)]
}

function requireChannelsLast(layer: Layer, config: LayerConfig): void {
  if (config.text('dataFormat', 'channelsLast') !== 'channelsLast') throw exportError(layer, 'its dataFormat is not "channelsLast"')
}
