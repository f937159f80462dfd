import type { NodeProto } from '../generated/onnx-types.ts'
import type { OnnxModel } from '../model-reader.ts'
import { readValueInfo, type ValueInfo } from '../value-info.ts'
import { constantValue, nodeView, Unknown, type Value } from './node-view.ts'
import { products } from './products.ts'
import { shapes } from './shapes.ts'

/** Multiply-adds of one run. */
export interface MultiplyAdds {
  /** Of the nodes that could be counted: of the model only if `unknown` is empty. */
  readonly total: number
  readonly byOperator: { readonly [operator: string]: number }
  /** Nodes that may have multiply-adds which nobody counted. */
  readonly unknown: readonly UncountedNode[]
}

/** A node that could not be counted, and why. */
export interface UncountedNode {
  readonly operator: string
  readonly node: string
  readonly reason: string
}

/**
 * Counts the products of a model that are added up: those of Conv, ConvTranspose, Gemm, MatMul, LSTM, GRU and RNN and their
 * quantised forms. By the usual convention biases, activations, pooling, normalisation and element-wise arithmetic count nothing. Shapes
 * are inferred from those of the inputs; control flow, operators of other domains and sizes that only running the
 * model would tell are listed as unknown, never taken for 0.
 *
 * @param inputs Shapes of inputs whose sizes the model leaves open; without one, an open first dimension is 1 (one row) and others are unknown.
 */
export function countMultiplyAdds(model: OnnxModel, inputs: { readonly [input: string]: readonly number[] } = {}): MultiplyAdds {
  const { total, byOperator, unknown } = analyseGraph(model, inputs)
  return { total, byOperator, unknown }
}

/** Goes through the nodes in their order, which in ONNX is one of computation. `values` holds the shapes that were found. */
export function analyseGraph(model: OnnxModel, inputs: { readonly [input: string]: readonly number[] }): MultiplyAdds & { readonly values: ReadonlyMap<string, Value> } {
  const graph = model.message.graph!
  const values = new Map<string, Value>()
  for (const input of model.inputs) {
    const shape = Object.hasOwn(inputs, input.name) ? inputs[input.name] : oneRow(input)
    if (shape !== undefined) values.set(input.name, { shape })
  }
  for (const tensor of graph.initializer) values.set(tensor.name, constantValue(tensor))
  const declared = new Map(graph.valueInfo.map((value) => [value.name, readValueInfo(value)]))
  const byOperator: { [operator: string]: number } = {}
  const unknown: UncountedNode[] = []
  let total = 0

  for (const [index, node] of graph.node.entries()) {
    const remember = (outputs: readonly (Value | undefined)[]): void => node.output.forEach((name, output) => {
      const value = outputs[output] ?? fixedValue(declared.get(name))
      if (name !== '' && value !== undefined) values.set(name, value)
    })
    try {
      const { multiplyAdds, outputs } = analyse(node, values)
      if (!Number.isSafeInteger(multiplyAdds) || !Number.isSafeInteger(total + multiplyAdds)) throw new Unknown('they are more than 2^53')
      if (multiplyAdds > 0) byOperator[node.opType] = (byOperator[node.opType] ?? 0) + multiplyAdds
      total += multiplyAdds
      remember(outputs)
    } catch (error) {
      if (!(error instanceof Unknown)) throw error
      // Shapes that are lost matter where something is counted: that node says so then.
      if (!isDefault(node) || !Object.hasOwn(shapes, node.opType)) unknown.push({ operator: node.domain === '' ? node.opType : `${node.domain}.${node.opType}`, node: node.name === '' ? `number ${index}` : node.name, reason: error.message })
      remember([])
    }
  }
  return { total, byOperator, unknown, values }
}

function analyse(node: NodeProto, values: ReadonlyMap<string, Value>): { readonly multiplyAdds: number; readonly outputs: readonly (Value | undefined)[] } {
  if (!isDefault(node)) throw new Unknown(`operators of the domain "${node.domain}" are not known`)
  const view = nodeView(node, values)
  if (Object.hasOwn(products, node.opType)) return products[node.opType]!(view)
  if (Object.hasOwn(shapes, node.opType)) return { multiplyAdds: 0, outputs: shapes[node.opType]!(view) }
  if (controlFlow.has(node.opType)) throw new Unknown('it runs a graph of its own, step by step or not at all, which is not counted')
  throw new Unknown('the operator is not known')
}

const controlFlow = new Set(['If', 'Loop', 'Scan', 'SequenceMap'])

function isDefault({ domain }: NodeProto): boolean {
  return domain === '' || domain === 'ai.onnx'
}

function oneRow({ shape }: ValueInfo): readonly number[] | undefined {
  const sizes = shape?.map((size, axis) => (typeof size === 'number' ? size : axis === 0 ? 1 : undefined))
  return sizes?.every((size) => size !== undefined) ? sizes : undefined
}

/** What the exporter noted of a value, if all of it is fixed. */
function fixedValue(info: ValueInfo | undefined): Value | undefined {
  return info?.shape?.every((size) => typeof size === 'number') ? { shape: info.shape } : undefined
}
