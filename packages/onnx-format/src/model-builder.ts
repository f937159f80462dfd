import { encodeAttribute, type AttributeValue } from './attribute.ts'
import type { ElementType } from './element-type.ts'
import { OnnxFormatError } from './error.ts'
import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from './generated/onnx-types.ts'
import { onnx } from './generated/onnx.ts'
import type { MessageInput } from './message-codec.ts'
import { encodeTensor, type TensorSource } from './tensor.ts'
import { encodeValueInfo, type Dimension } from './value-info.ts'

/** Options of `createModelBuilder`. */
export interface ModelBuilderOptions {
  readonly graphName: string
  /** Default 10: read by every ONNX Runtime since 1.20. */
  readonly irVersion?: number
  /** Version of the default operator set; default 21. */
  readonly opset?: number
  readonly producerName?: string
  readonly producerVersion?: string
  /** Free key-value pairs, kept in `metadata_props`. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** What a node has besides its operator and inputs. */
export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  /** Names of the outputs; default one, named after the operator and numbered. */
  readonly outputs?: readonly string[]
  readonly name?: string
}

/** Collects a graph. Every method that defines a value returns its name, to be given to `node` or `output`. */
export interface GraphBuilder {
  input(name: string, elementType: ElementType, shape: readonly Dimension[]): string
  initializer(name: string, tensor: TensorSource): string
  /** Adds a node after those already there; returns its first output. An empty input name leaves an optional input out. */
  node(operator: string, inputs: readonly string[], options?: NodeOptions): string
  output(name: string, elementType: ElementType, shape: readonly Dimension[]): void
  /** A graph for an attribute, such as the body of a Scan: it sees the values defined so far, and no name may be in both. */
  subgraph(name: string): GraphBuilder
  /** What `{ graph }` takes as an attribute. @throws OnnxFormatError `ONNX_INVALID_GRAPH` for a graph without output. */
  toGraph(): MessageInput<GraphProto>
}

/** A graph that can be encoded as a model. */
export interface ModelBuilder extends GraphBuilder {
  /** May be called again after more was added. @throws OnnxFormatError `ONNX_INVALID_GRAPH` for a graph without output. */
  toBytes(): Uint8Array
}

/**
 * Starts an ONNX model. Mistakes in the graph (a name defined twice, a value used before it is defined) are refused
 * where they are made, with OnnxFormatError `ONNX_INVALID_GRAPH`; whether an operator exists and takes such inputs,
 * only a runtime or ONNX's checker knows.
 */
export function createModelBuilder(options: ModelBuilderOptions): ModelBuilder {
  const graph = graphBuilder(options.graphName, new Set())
  return {
    ...graph,
    toBytes() {
      const metadataProps = Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value }))
      const encoded = onnx.ModelProto.encode({
        irVersion: options.irVersion ?? 10,
        opsetImport: [{ domain: '', version: options.opset ?? 21 }],
        producerName: options.producerName ?? '',
        producerVersion: options.producerVersion ?? '',
        metadataProps,
        graph: graph.toGraph(),
      }).finish()
      // In Node, protobufjs answers a Buffer, a small one out of a shared pool; callers get plain bytes of their own, and a large model is not copied.
      return encoded.byteLength === encoded.buffer.byteLength ? new Uint8Array(encoded.buffer) : new Uint8Array(encoded)
    },
  }
}

function graphBuilder(graphName: string, defined: Set<string>): GraphBuilder {
  const inputs: MessageInput<ValueInfoProto>[] = []
  const outputs: MessageInput<ValueInfoProto>[] = []
  const initializers: MessageInput<TensorProto>[] = []
  const nodes: MessageInput<NodeProto>[] = []
  let unnamed = 0

  function define(name: string): string {
    if (name === '') throw invalid('A value needs a name')
    if (defined.has(name)) throw invalid(`The name "${name}" is defined twice`)
    defined.add(name)
    return name
  }

  function fresh(operator: string): string {
    let name: string
    do name = `${operator.toLowerCase()}_${unnamed++}`
    while (defined.has(name))
    return name
  }

  function requireDefined(name: string, user: string): void {
    if (!defined.has(name)) throw invalid(`${user} uses "${name}", which no input, initialiser or earlier node defines`)
  }

  return {
    input(name, elementType, shape) {
      inputs.push(encodeValueInfo(name, elementType, shape))
      return define(name)
    },
    initializer(name, tensor) {
      initializers.push(encodeTensor(name, tensor))
      return define(name)
    },
    node(operator, nodeInputs, nodeOptions = {}) {
      const name = nodeOptions.name ?? `${operator}_${nodes.length}`
      for (const input of nodeInputs) if (input !== '') requireDefined(input, `Node "${name}" (${operator})`)
      const nodeOutputs = nodeOptions.outputs ?? [fresh(operator)]
      const first = nodeOutputs[0]
      if (first === undefined) throw invalid(`Node "${name}" (${operator}) has no output`)
      for (const output of nodeOutputs) define(output)
      const attribute = Object.entries(nodeOptions.attributes ?? {}).map(([key, value]) => encodeAttribute(key, value))
      nodes.push({ name, opType: operator, input: nodeInputs, output: nodeOutputs, attribute })
      return first
    },
    output(name, elementType, shape) {
      requireDefined(name, 'The list of outputs')
      outputs.push(encodeValueInfo(name, elementType, shape))
    },
    subgraph: (name) => graphBuilder(name, defined),
    toGraph() {
      if (outputs.length === 0) throw invalid('The graph has no output; call output() with the name of a value')
      return { name: graphName, node: nodes, initializer: initializers, input: inputs, output: outputs }
    },
  }
}

function invalid(problem: string): OnnxFormatError {
  return new OnnxFormatError('ONNX_INVALID_GRAPH', `${problem}.`)
}
