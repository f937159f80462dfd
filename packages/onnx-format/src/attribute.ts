import { OnnxFormatError } from './error.ts'
import type { AttributeProto, GraphProto } from './generated/onnx-types.ts'
import { onnx } from './generated/onnx.ts'
import type { MessageInput } from './message-codec.ts'
import { encodeTensor, type TensorSource } from './tensor.ts'

/** An attribute of a node; the key says its type, since ONNX tells `1` from `1.0`. */
export type AttributeValue =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly tensor: TensorSource }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  /** Of a GraphBuilder's `toGraph()`. */
  | { readonly graph: MessageInput<GraphProto> }

/** @throws OnnxFormatError `ONNX_INVALID_GRAPH` for integers that are none. */
export function encodeAttribute(name: string, value: AttributeValue): MessageInput<AttributeProto> {
  const type = onnx.AttributeProto.AttributeType
  const utf8 = new TextEncoder()
  if ('int' in value) return { name, type: type.INT, i: wholeNumber(name, value.int) }
  if ('float' in value) return { name, type: type.FLOAT, f: value.float }
  if ('string' in value) return { name, type: type.STRING, s: utf8.encode(value.string) }
  if ('tensor' in value) return { name, type: type.TENSOR, t: encodeTensor(name, value.tensor) }
  if ('graph' in value) return { name, type: type.GRAPH, g: value.graph }
  if ('ints' in value) return { name, type: type.INTS, ints: value.ints.map((element) => wholeNumber(name, element)) }
  if ('floats' in value) return { name, type: type.FLOATS, floats: value.floats }
  return { name, type: type.STRINGS, strings: value.strings.map((element) => utf8.encode(element)) }
}

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value)) return value
  throw new OnnxFormatError('ONNX_INVALID_GRAPH', `Attribute "${name}": ${value} is no whole number within ±2^53; use { float } for a fraction.`)
}
