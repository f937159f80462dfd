import type { Layer } from '../tensorflow.ts'
import { exportError } from './export-error.ts'
import type { GraphWriter } from './graph-writer.ts'
import { axisOf, type Value } from './value.ts'

type WriteActivation = (graph: GraphWriter, layer: Layer, value: Value) => string

const simple = (operator: string): WriteActivation => (graph, layer, value) => graph.node(layer, operator, [value.name])

/** By the names that TensorFlow.js gives its activations. */
const activations: { readonly [name: string]: WriteActivation } = {
  relu: simple('Relu'),
  relu6: (graph, layer, value) => clip(graph, layer, value.name, 6),
  elu: simple('Elu'),
  selu: simple('Selu'),
  sigmoid: simple('Sigmoid'),
  tanh: simple('Tanh'),
  softplus: simple('Softplus'),
  softsign: simple('Softsign'),
  hardSigmoid: (graph, layer, value) => graph.node(layer, 'HardSigmoid', [value.name], { alpha: { float: 0.2 }, beta: { float: 0.5 } }),
  softmax: (graph, layer, value) => graph.node(layer, 'Softmax', [value.name], { axis: { int: axisOf(value, -1) } }),
  logSoftmax: (graph, layer, value) => graph.node(layer, 'LogSoftmax', [value.name], { axis: { int: axisOf(value, -1) } }),
  swish: (graph, layer, value) => graph.node(layer, 'Mul', [value.name, graph.node(layer, 'Sigmoid', [value.name])]),
  mish: simple('Mish'),
  gelu: simple('Gelu'),
  gelu_new: (graph, layer, value) => graph.node(layer, 'Gelu', [value.name], { approximate: { string: 'tanh' } }),
}

/** Applies an activation by name; `linear` writes nothing. */
export function activate(graph: GraphWriter, layer: Layer, name: string, value: Value): Value {
  if (name === 'linear') return value
  const write = Object.hasOwn(activations, name) ? activations[name] : undefined
  if (write === undefined) throw exportError(layer, `the activation "${name}" has no form here; there are linear, ${Object.keys(activations).join(', ')}`)
  return { ...value, name: write(graph, layer, value) }
}

/** min(max(value, 0), upper) */
export function clip(graph: GraphWriter, layer: Layer, name: string, upper: number): string {
  return graph.node(layer, 'Clip', [name, graph.scalar(layer, 'zero', 0), graph.scalar(layer, 'upper', upper)])
}
