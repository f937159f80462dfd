import { arrayClassOf, elementTypeCode, elementTypeName, elementTypeOf, isElementType, type ElementType, type TensorArray } from './element-type.ts'
import { OnnxFormatError } from './error.ts'
import type { TensorProto } from './generated/onnx-types.ts'
import type { MessageInput } from './message-codec.ts'

/** A tensor to be written: row-major data and its shape ([] for a scalar). */
export interface TensorSource {
  readonly data: TensorArray
  readonly dims: readonly number[]
  /** Default: by the array's class. To be given for `bool` (Uint8Array of 0 and 1), `float16` and `bfloat16` (Uint16Array of bit patterns). */
  readonly elementType?: ElementType
}

/** A tensor that was read. */
export interface TensorValues {
  readonly elementType: ElementType
  readonly dims: readonly number[]
  readonly data: TensorArray
}

/** An int64 tensor of one dimension, as Reshape, Slice and their kind take it. */
export function int64Tensor(values: readonly number[]): TensorSource {
  return { data: BigInt64Array.from(values, (value) => BigInt(value)), dims: [values.length] }
}

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1)
}

/** @throws OnnxFormatError `ONNX_INVALID_TENSOR` when data, shape and element type do not fit each other. */
export function encodeTensor(name: string, tensor: TensorSource): MessageInput<TensorProto> {
  const elementType = tensor.elementType ?? elementTypeOf(tensor.data)
  const fail = (problem: string): never => {
    throw new OnnxFormatError('ONNX_INVALID_TENSOR', `Tensor "${name}": ${problem}.`)
  }
  if (!isElementType(elementType)) fail(`"${String(elementType)}" is no element type that can be written`)
  if (!(tensor.data instanceof arrayClassOf(elementType))) fail(`${elementType} data must be a ${arrayClassOf(elementType).name}, got ${tensor.data.constructor.name}`)
  if (!tensor.dims.every((size) => Number.isSafeInteger(size) && size >= 0)) fail(`every size in [${tensor.dims.join(', ')}] must be a whole number ≥ 0`)
  const expected = elementCount(tensor.dims)
  if (tensor.data.length !== expected) fail(`shape [${tensor.dims.join(', ')}] needs ${expected} elements, the data has ${tensor.data.length}`)
  return { name, dataType: elementTypeCode(elementType), dims: tensor.dims, rawData: toLittleEndian(tensor.data) }
}

/**
 * The values of a tensor that was read, as a fresh typed array.
 * @throws OnnxFormatError `ONNX_EXTERNAL_DATA`, `ONNX_INVALID_TENSOR`.
 */
export function tensorValues(tensor: TensorProto): TensorValues {
  const elementType = elementTypeName(tensor.dataType)
  const dims = tensor.dims.map(Number)
  const fail = (problem: string): never => {
    throw new OnnxFormatError('ONNX_INVALID_TENSOR', `Tensor "${tensor.name}": ${problem}.`)
  }
  if (isExternal(tensor)) throw new OnnxFormatError('ONNX_EXTERNAL_DATA', `The values of tensor "${tensor.name}" lie in another file; embed them in the model first (onnx.save_model(model, path, save_as_external_data=False)).`)
  if (!isElementType(elementType)) return fail(`element type ${elementType} cannot be read`)
  const arrayClass = arrayClassOf(elementType)
  const count = elementCount(dims)
  if (!dims.every((size) => Number.isSafeInteger(size) && size >= 0)) fail(`shape [${dims.join(', ')}] is not valid`)
  if (tensor.rawData.length > 0 || count === 0) {
    if (tensor.rawData.length !== count * arrayClass.BYTES_PER_ELEMENT) fail(`shape [${dims.join(', ')}] of ${elementType} needs ${count * arrayClass.BYTES_PER_ELEMENT} bytes, the file has ${tensor.rawData.length}`)
    return { elementType, dims, data: fromLittleEndian(tensor.rawData, arrayClass.BYTES_PER_ELEMENT, (buffer) => new arrayClass(buffer)) }
  }
  const values = typedField(tensor, elementType)
  if (values.length !== count) fail(`shape [${dims.join(', ')}] needs ${count} elements, the file has ${values.length}`)
  const data = new arrayClass(new ArrayBuffer(count * arrayClass.BYTES_PER_ELEMENT))
  values.forEach((value, index) => {
    data[index] = data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt(String(value)) : Number(value)
  })
  return { elementType, dims, data }
}

/** True when a tensor's values are kept in another file. */
export function isExternal(tensor: TensorProto): boolean {
  return tensor.dataLocation === 1 || tensor.externalData.length > 0
}

/** Where values go that are not in `raw_data` (comments of TensorProto in onnx.proto). */
function typedField(tensor: TensorProto, type: ElementType): readonly unknown[] {
  if (type === 'float32') return tensor.floatData
  if (type === 'float64') return tensor.doubleData
  if (type === 'int64') return tensor.int64Data
  if (type === 'uint32' || type === 'uint64') return tensor.uint64Data
  return tensor.int32Data
}

function isLittleEndianHost(): boolean {
  return new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
}

function toLittleEndian(data: TensorArray): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return isLittleEndianHost() ? bytes : swapped(bytes, data.BYTES_PER_ELEMENT)
}

function fromLittleEndian<T>(bytes: Uint8Array, width: number, build: (buffer: ArrayBuffer) => T): T {
  return build((isLittleEndianHost() ? new Uint8Array(bytes) : swapped(bytes, width)).buffer)
}

function swapped(bytes: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes)
  for (let start = 0; start < copy.length; start += width) copy.subarray(start, start + width).reverse()
  return copy
}
