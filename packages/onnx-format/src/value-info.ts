import { elementTypeCode, elementTypeName, type ElementType } from './element-type.ts'
import { OnnxFormatError } from './error.ts'
import type { TypeProto, ValueInfoProto } from './generated/onnx-types.ts'
import type { MessageInput } from './message-codec.ts'

/** A size, the name of a size that may differ from run to run (`'N'`), or null for one that nothing is known about. */
export type Dimension = number | string | null

/** An input or output of a model, as read. */
export interface ValueInfo {
  readonly name: string
  /** What the value is; models that Attune writes have tensors only. */
  readonly kind: 'tensor' | 'sparse-tensor' | 'sequence' | 'map' | 'optional' | 'opaque' | 'unknown'
  /** Of tensors and sparse tensors; see {@link elementTypeName} for its values. */
  readonly elementType?: string
  /** Of tensors and sparse tensors whose rank is known. */
  readonly shape?: readonly Dimension[]
}

export function encodeValueInfo(name: string, elementType: ElementType, shape: readonly Dimension[]): MessageInput<ValueInfoProto> {
  const dim = shape.map((size) => {
    if (size === null) return {}
    if (typeof size === 'string' && size !== '') return { dimParam: size }
    if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0) return { dimValue: size }
    throw new OnnxFormatError('ONNX_INVALID_GRAPH', `Value "${name}": ${JSON.stringify(size)} is no dimension; give a whole number ≥ 0, a name such as 'N', or null.`)
  })
  return { name, type: { tensorType: { elemType: elementTypeCode(elementType), shape: { dim } } } }
}

export function readValueInfo(value: ValueInfoProto): ValueInfo {
  const type = value.type
  const tensor = type?.tensorType ?? type?.sparseTensorType
  if (type === null || tensor === null || tensor === undefined) return { name: value.name, kind: kindOf(type) }
  const shape = tensor.shape?.dim.map((dim): Dimension => (Object.hasOwn(dim, 'dimParam') ? dim.dimParam : Object.hasOwn(dim, 'dimValue') ? Number(dim.dimValue) : null))
  return { name: value.name, kind: kindOf(type), elementType: elementTypeName(tensor.elemType), ...(shape === undefined ? {} : { shape }) }
}

function kindOf(type: TypeProto | null): ValueInfo['kind'] {
  if (type === null) return 'unknown'
  if (type.tensorType !== null) return 'tensor'
  if (type.sparseTensorType !== null) return 'sparse-tensor'
  if (type.sequenceType !== null) return 'sequence'
  if (type.mapType !== null) return 'map'
  if (type.optionalType !== null) return 'optional'
  return type.opaqueType === null ? 'unknown' : 'opaque'
}
