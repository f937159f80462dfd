import { int64Tensor, type AttributeValue, type TensorSource } from '@attune/onnx-format'
import type { Layer } from '../tensorflow.ts'
import { exportError } from './export-error.ts'
import type { GraphOutput, GraphWriter } from './graph-writer.ts'
import { layerConfig, type LayerConfig } from './layer-config.ts'
import { natural, type Layout, type Shape, type Value } from './value.ts'
import type { Weight } from './weight.ts'

/** Writes a layer inside another one (time-distributed layers have one). */
export type WriteInner = (layer: Layer, inputs: readonly Value[], shapes: readonly Shape[]) => Promise<readonly Value[]>

/** Writes one application of a layer; `shapes` are those of its outputs. */
export type LayerWriter = (scope: LayerScope, inputs: readonly [Value, ...Value[]], shapes: readonly [Shape, ...Shape[]]) => Written | Promise<Written>

export type Written = Value | readonly Value[]

/** What a layer's writer works with: the layer, its settings and weights, and the graph, where all names begin with the layer's. */
export interface LayerScope {
  readonly layer: Layer
  readonly config: LayerConfig
  /** By name; `linear` if this one is to be left off. */
  readonly activation: string
  readonly writeInner: WriteInner
  /** Adds a node with one output and returns its name. */
  node(operator: string, inputs: readonly string[], attributes?: Readonly<Record<string, AttributeValue>>): string
  nodes(operator: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>>, outputs: number): readonly string[]
  subgraph(inputs: readonly Shape[], write: (names: readonly string[]) => readonly GraphOutput[]): AttributeValue
  /** A constant, written once for each key. */
  constant(key: string, tensor: () => TensorSource): string
  /** The same for one number, and for a list of whole ones: written once for each key and value. */
  scalar(key: string, value: number): string
  integers(key: string, values: readonly number[]): string
  /** A weight by the last part of its name (`kernel`, `moving_mean`); undefined if the layer has none. */
  weight(suffix: string): Promise<Weight | undefined>
  requiredWeight(suffix: string): Promise<Weight>
  arranged(value: Value, layout: Layout): Value
  isArranged(value: Value, layout: Layout): boolean
  /** The value in the order of TensorFlow.js. */
  natural(value: Value): Value
  /** The scope of a part of this layer. */
  part(layer: Layer, name: string): LayerScope
  error(problem: string, remedy?: string): Error
}

export function layerScope(graph: GraphWriter, layer: Layer, label: string, writeInner: WriteInner, withoutActivation: boolean): LayerScope {
  const config = layerConfig(layer)
  const nodes: LayerScope['nodes'] = (operator, inputs, attributes, outputs) => graph.node(label, operator, inputs, attributes, outputs)
  const constant: LayerScope['constant'] = (key, tensor) => graph.constant(`${layer.id}/${key}`, `${label}/${key}`, tensor)
  const weight: LayerScope['weight'] = async (suffix) => {
    const found = layer.weights.find(({ originalName }) => originalName === suffix || originalName.endsWith(`/${suffix}`))
    if (found === undefined) return undefined
    const tensor = found.read()
    return { data: (await tensor.data()) as Float32Array, dims: tensor.shape }
  }
  return {
    layer,
    config,
    activation: withoutActivation ? 'linear' : config.text('activation', 'linear'),
    writeInner,
    nodes,
    subgraph: (inputs, write) => graph.subgraph(label, inputs, write),
    node: (operator, inputs, attributes = {}) => nodes(operator, inputs, attributes, 1)[0] as string,
    constant,
    scalar: (key, value) => graph.constant(`${layer.id}/${key} ${value}`, `${label}/${key}`, () => ({ data: Float32Array.of(value), dims: [] })),
    integers: (key, values) => graph.constant(`${layer.id}/${key} ${values.join()}`, `${label}/${key}`, () => int64Tensor(values)),
    weight,
    async requiredWeight(suffix) {
      const found = await weight(suffix)
      if (found === undefined) throw exportError(layer, `it has no weight "${suffix}"`)
      return found
    },
    arranged: (value, layout) => graph.arranged(label, value, layout),
    isArranged: (value, layout) => graph.isArranged(value, layout),
    natural: (value) => graph.arranged(label, value, natural(value.shape.length)),
    part: (inner, name) => layerScope(graph, inner, `${label}/${name}`, writeInner, false),
    error: (problem, remedy) => exportError(layer, problem, remedy),
  }
}
