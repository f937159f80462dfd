import protobuf from 'protobufjs/minimal.js'
import { elementTypeName } from './element-type.ts'
import { OnnxFormatError } from './error.ts'
import type { ModelProto, TensorProto } from './generated/onnx-types.ts'
import { onnx } from './generated/onnx.ts'
import { checkLimits, type ReadLimits } from './read-limits.ts'
import { tensorsIn } from './tensor-walk.ts'
import { elementCount, isExternal, tensorValues, type TensorValues } from './tensor.ts'
import { readValueInfo, type ValueInfo } from './value-info.ts'

/** A set of operators that a model uses, and its version. */
export interface OperatorSet {
  /** '' is ONNX's own. */
  readonly domain: string
  readonly version: number
}

/** A constant tensor of a model, without its values. */
export interface InitializerInfo {
  readonly name: string
  readonly elementType: string
  readonly dims: readonly number[]
  /** True when its values lie in another file. */
  readonly external: boolean
}

/** A node of the graph, without its attributes. */
export interface NodeInfo {
  readonly name: string
  readonly operator: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/** What a model says of itself; `message` is the whole of it, as protobuf. */
export interface OnnxModel {
  readonly irVersion: number
  readonly opsets: readonly OperatorSet[]
  readonly producerName: string
  readonly producerVersion: string
  readonly graphName: string
  readonly metadata: ReadonlyMap<string, string>
  /** Inputs that must be fed: those that are initialisers too (old files list them) are left out. */
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly initializers: readonly InitializerInfo[]
  /** Of the main graph. */
  readonly nodes: readonly NodeInfo[]
  /** Elements of all tensors in the file, those of subgraphs and Constant nodes included, but for int64, bool and string ones: these are shapes and indices. */
  readonly parameterCount: number
  /** Paths of the other files that the model refers to, as written in it: hostile input, not to be opened as they are. */
  readonly externalFiles: readonly string[]
  readonly message: ModelProto
  /** Values of an initialiser. @throws OnnxFormatError `ONNX_UNKNOWN_NAME`, `ONNX_EXTERNAL_DATA`, `ONNX_INVALID_TENSOR`. */
  tensor(name: string): TensorValues
}

/**
 * Reads a model from the bytes of an .onnx file. Never opens another file, and checks no graph semantics.
 * @throws OnnxFormatError `ONNX_MALFORMED`, `ONNX_TOO_LARGE`, `ONNX_TOO_DEEP`.
 */
export function readModel(bytes: Uint8Array, limits: ReadLimits = {}): OnnxModel {
  const message = decode(bytes, limits)
  const graph = message.graph
  if (graph === null || Number(message.irVersion) === 0 || message.opsetImport.length === 0) {
    const missing = graph === null ? 'graph' : message.opsetImport.length === 0 ? 'operator set' : 'IR version'
    throw new OnnxFormatError('ONNX_MALFORMED', `The bytes are no ONNX model: there is no ${missing}.`)
  }
  const byName = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]))
  const tensors = [...tensorsIn(message)]
  return {
    irVersion: Number(message.irVersion),
    opsets: message.opsetImport.map((set) => ({ domain: set.domain, version: Number(set.version) })),
    producerName: message.producerName,
    producerVersion: message.producerVersion,
    graphName: graph.name,
    metadata: new Map(message.metadataProps.map((entry) => [entry.key, entry.value])),
    inputs: graph.input.filter((input) => !byName.has(input.name)).map(readValueInfo),
    outputs: graph.output.map(readValueInfo),
    initializers: graph.initializer.map((tensor) => ({ name: tensor.name, elementType: elementTypeName(tensor.dataType), dims: tensor.dims.map(Number), external: isExternal(tensor) })),
    nodes: graph.node.map((node) => ({ name: node.name, operator: node.opType, domain: node.domain, inputs: node.input, outputs: node.output })),
    parameterCount: tensors.reduce((sum, tensor) => sum + parametersOf(tensor), 0),
    externalFiles: [...new Set(tensors.filter(isExternal).map(externalPath))],
    message,
    tensor(name) {
      const tensor = byName.get(name)
      if (tensor === undefined) throw new OnnxFormatError('ONNX_UNKNOWN_NAME', `The model has no initialiser "${name}".`)
      return tensorValues(tensor)
    },
  }
}

function decode(bytes: Uint8Array, limits: ReadLimits): ModelProto {
  if (bytes.length === 0) throw new OnnxFormatError('ONNX_MALFORMED', 'The bytes are no ONNX model: there are none.')
  try {
    checkLimits(bytes, limits)
    const reader = protobuf.Reader.create(bytes)
    reader.discardUnknown = false // so that a model that is changed and written again keeps what newer versions of ONNX added
    return onnx.ModelProto.decode(reader)
  } catch (error) {
    if (error instanceof OnnxFormatError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    if (reason.includes('max depth')) throw new OnnxFormatError('ONNX_TOO_DEEP', 'The model nests messages deeper than 100.', { cause: error })
    throw new OnnxFormatError('ONNX_MALFORMED', `The bytes are no ONNX model, or a damaged one (${bytes.length} bytes: ${reason}).`, { cause: error })
  }
}

const NOT_PARAMETERS: readonly string[] = ['int64', 'bool', 'string']

function parametersOf(tensor: TensorProto): number {
  return NOT_PARAMETERS.includes(elementTypeName(tensor.dataType)) ? 0 : elementCount(tensor.dims.map(Number))
}

function externalPath(tensor: TensorProto): string {
  return tensor.externalData.find((entry) => entry.key === 'location')?.value ?? ''
}
