import type { Layer } from '../tensorflow.ts'
import { activate, clip } from './activations.ts'
import { exportError } from './export-error.ts'
import type { GraphWriter } from './graph-writer.ts'
import { layerConfig } from './layer-config.ts'
import type { LayerWriter } from './layer-writer.ts'
import { conv2d, globalPooling1d, globalPooling2d, pooling2d } from './spatial-layers.ts'
import { axisOf, type Value } from './value.ts'

const identity: LayerWriter = (_graph, _layer, [input]) => input

const dense: LayerWriter = async (graph, layer, [input], shape) => {
  const kernel = await graph.requiredWeight(layer, 'kernel')
  const bias = await graph.weight(layer, 'bias')
  const value = graph.channelsLast(layer, input)
  const weights = [graph.constant(layer, 'kernel', () => kernel), ...(bias === undefined ? [] : [graph.constant(layer, 'bias', () => bias)])]
  let name: string
  if (value.shape.length === 2) {
    name = graph.node(layer, 'Gemm', [value.name, ...weights])
  } else {
    name = graph.node(layer, 'MatMul', [value.name, weights[0] as string])
    if (weights[1] !== undefined) name = graph.node(layer, 'Add', [name, weights[1]])
  }
  return activate(graph, layer, layerConfig(layer).text('activation', 'linear'), { name, shape, order: 'channelsLast' })
}

const batchNormalization: LayerWriter = async (graph, layer, [input], shape) => {
  const config = layerConfig(layer)
  const axis = config.number('axis', -1)
  if (axis !== -1 && axis !== input.shape.length - 1) throw exportError(layer, `it normalises axis ${axis}, not the last one`)
  const mean = await graph.requiredWeight(layer, 'moving_mean')
  const variance = await graph.requiredWeight(layer, 'moving_variance')
  const filled = (value: number): { data: Float32Array; dims: readonly number[] } => ({ data: new Float32Array(mean.data.length).fill(value), dims: mean.dims })
  const gamma = (await graph.weight(layer, 'gamma')) ?? filled(1)
  const beta = (await graph.weight(layer, 'beta')) ?? filled(0)
  const value = graph.channelsFirst(layer, input)
  const parameters = [['gamma', gamma], ['beta', beta], ['moving_mean', mean], ['moving_variance', variance]] as const
  const name = graph.node(layer, 'BatchNormalization', [value.name, ...parameters.map(([key, weight]) => graph.constant(layer, key, () => weight))], { epsilon: { float: config.number('epsilon', 1e-3) } })
  return { name, shape, order: value.order }
}

const layerNormalization: LayerWriter = async (graph, layer, [input], shape) => {
  const config = layerConfig(layer)
  const given = config.raw('axis') ?? -1
  const axis = Array.isArray(given) && given.length === 1 ? (given[0] as unknown) : given
  if (axis !== -1 && axis !== input.shape.length - 1) throw exportError(layer, `it normalises axis ${JSON.stringify(given)}, not the last one`)
  const size = input.shape.at(-1)
  if (typeof size !== 'number') throw exportError(layer, 'the size of its last axis is not known')
  const gamma = (await graph.weight(layer, 'gamma')) ?? { data: new Float32Array(size).fill(1), dims: [size] }
  const beta = await graph.weight(layer, 'beta')
  const value = graph.channelsLast(layer, input)
  const inputs = [value.name, graph.constant(layer, 'gamma', () => gamma), ...(beta === undefined ? [] : [graph.constant(layer, 'beta', () => beta)])]
  return { name: graph.node(layer, 'LayerNormalization', inputs, { axis: { int: -1 }, epsilon: { float: config.number('epsilon', 1e-3) } }), shape, order: 'channelsLast' }
}

const flatten: LayerWriter = (graph, layer, [input], shape) => {
  if (layerConfig(layer).text('dataFormat', 'channelsLast') !== 'channelsLast') throw exportError(layer, 'its dataFormat is not "channelsLast"')
  return { name: graph.node(layer, 'Flatten', [graph.channelsLast(layer, input).name], { axis: { int: 1 } }), shape, order: 'channelsLast' }
}

const reshape: LayerWriter = (graph, layer, [input], shape) => {
  const target = shape.slice(1).map((size) => size ?? -1)
  if (target.filter((size) => size === -1).length > 1) throw exportError(layer, 'more than one size of its output is not known')
  // 0 copies the size of the batch.
  const name = graph.node(layer, 'Reshape', [graph.channelsLast(layer, input).name, graph.integers(layer, 'shape', [0, ...target])])
  return { name, shape, order: 'channelsLast' }
}

const permute: LayerWriter = (graph, layer, [input], shape) => {
  const dims = layerConfig(layer).raw('dims') as readonly number[]
  return { name: graph.node(layer, 'Transpose', [graph.channelsLast(layer, input).name], { perm: { ints: [0, ...dims] } }), shape, order: 'channelsLast' }
}

const activation: LayerWriter = (graph, layer, [input]) => activate(graph, layer, layerConfig(layer).text('activation', 'linear'), input)

const relu: LayerWriter = (graph, layer, [input]) => {
  const maxValue = layerConfig(layer).raw('maxValue')
  return { ...input, name: typeof maxValue === 'number' ? clip(graph, layer, input.name, maxValue) : graph.node(layer, 'Relu', [input.name]) }
}

const softmax: LayerWriter = (graph, layer, [input]) => {
  const axis = layerConfig(layer).raw('axis') ?? -1
  if (typeof axis !== 'number') throw exportError(layer, 'its axis is not one number')
  return { ...input, name: graph.node(layer, 'Softmax', [input.name], { axis: { int: axisOf(input, axis) } }) }
}

/** An activation layer with one number as its setting. */
function parametric(operator: string, key: string, fallback: number): LayerWriter {
  return (graph, layer, [input]) => ({ ...input, name: graph.node(layer, operator, [input.name], { alpha: { float: layerConfig(layer).number(key, fallback) } }) })
}

function merge(operator: string): LayerWriter {
  return (graph, layer, inputs, shape) => {
    if (inputs.some((input) => input.shape.length !== shape.length)) throw exportError(layer, 'it merges values of different rank')
    const { values, order } = aligned(graph, layer, inputs)
    const names = values.map(({ name }) => name)
    // Mul takes two inputs, the others any number.
    const name = operator === 'Mul' ? names.slice(1).reduce((left, right) => graph.node(layer, operator, [left, right]), names[0] as string) : graph.node(layer, operator, names)
    return { name, shape, order }
  }
}

const concatenate: LayerWriter = (graph, layer, inputs, shape) => {
  const { values, order } = aligned(graph, layer, inputs)
  const axis = axisOf({ name: '', shape, order }, layerConfig(layer).number('axis', -1))
  return { name: graph.node(layer, 'Concat', values.map(({ name }) => name), { axis: { int: axis } }), shape, order }
}

function aligned(graph: GraphWriter, layer: Layer, inputs: readonly Value[]): { readonly values: readonly Value[]; readonly order: Value['order'] } {
  if (inputs.every(({ order }) => order === 'channelsFirst')) return { values: inputs, order: 'channelsFirst' }
  return { values: inputs.map((input) => graph.channelsLast(layer, input)), order: 'channelsLast' }
}

/** By the class names of TensorFlow.js. What acts only while training is left out. */
export const layerWriters: { readonly [className: string]: LayerWriter } = {
  Dense: dense,
  Conv2D: conv2d,
  MaxPooling2D: pooling2d('MaxPool'),
  AveragePooling2D: pooling2d('AveragePool'),
  GlobalMaxPooling2D: globalPooling2d('GlobalMaxPool'),
  GlobalAveragePooling2D: globalPooling2d('GlobalAveragePool'),
  GlobalMaxPooling1D: globalPooling1d('ReduceMax'),
  GlobalAveragePooling1D: globalPooling1d('ReduceMean'),
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  Dropout: identity,
  SpatialDropout1D: identity,
  GaussianNoise: identity,
  GaussianDropout: identity,
  AlphaDropout: identity,
  Activation: activation,
  ReLU: relu,
  LeakyReLU: parametric('LeakyRelu', 'alpha', 0.3),
  ELU: parametric('Elu', 'alpha', 1),
  ThresholdedReLU: parametric('ThresholdedRelu', 'theta', 1),
  Softmax: softmax,
  Add: merge('Sum'),
  Multiply: merge('Mul'),
  Average: merge('Mean'),
  Maximum: merge('Max'),
  Minimum: merge('Min'),
  Concatenate: concatenate,
}
