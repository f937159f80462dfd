import type { GraphProto, NodeProto } from '../generated/onnx-types.ts'

/** How a node uses one of its inputs as a weight: along which axis its output channels lie. */
export interface WeightUse {
  readonly name: string
  readonly axis: number
}

/** Inputs that hold weights by operator, and the axis of their output channels. */
const weightInputs: { readonly [operator: string]: (node: NodeProto) => readonly (readonly [input: number, axis: number])[] } = {
  Conv: () => [[1, 0]],
  ConvTranspose: () => [[1, 1]],
  Gemm: (node) => [[1, intAttribute(node, 'transB') === 0 ? 1 : 0]],
  MatMul: () => [[1, -1]],
  Gather: () => [[0, 0]],
  // [directions, gates * hidden, …]: both directions share the scale of a gate's row.
  LSTM: () => [[1, 1], [2, 1]],
  GRU: () => [[1, 1], [2, 1]],
  RNN: () => [[1, 1], [2, 1]],
}

/** Weights that the nodes of the main graph use. A name may come more than once. */
export function weightUses(graph: GraphProto): readonly WeightUse[] {
  return graph.node.flatMap((node) =>
    (node.domain === '' || node.domain === 'ai.onnx') && Object.hasOwn(weightInputs, node.opType)
      ? weightInputs[node.opType]!(node).flatMap(([input, axis]) => (node.input[input] ? [{ name: node.input[input], axis }] : []))
      : [],
  )
}

function intAttribute(node: NodeProto, name: string): number {
  return Number(node.attribute.find((attribute) => attribute.name === name)?.i ?? 0)
}
