import { tensorboard as proto } from '../../generated/proto.js'
import { invalidEvent } from './errors.ts'
import type { TensorData } from './event.ts'

const { DataType } = proto
type Message = proto.TensorProto.$Properties
type NumericArray = Float32Array | Float64Array | Int32Array | Uint8Array | BigInt64Array

/** One number can stand for a whole tensor; a larger one than this is not written out in memory. */
const maxRepeated = 1 << 20

/** Throws TENSORBOARD_INVALID if the shape does not fit the data. */
export function tensorMessage(tag: string, shape: readonly number[], tensor: TensorData): Message {
  const elements = shape.reduce((product, size) => product * size, 1)
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || elements !== tensor.data.length) {
    throw invalidEvent(`The tensor of "${tag}" has ${tensor.data.length} elements, which the shape [${shape.join(', ')}] does not hold.`, { tag, shape })
  }
  const tensorShape = { dim: shape.map((size) => ({ size })) }
  switch (tensor.type) {
    case 'string':
      return { dtype: DataType.DT_STRING, tensorShape, stringVal: [...tensor.data] }
    case 'float32':
      return { dtype: DataType.DT_FLOAT, tensorShape, tensorContent: littleEndian(tensor.data) }
    case 'float64':
      return { dtype: DataType.DT_DOUBLE, tensorShape, tensorContent: littleEndian(tensor.data) }
    case 'int32':
      return { dtype: DataType.DT_INT32, tensorShape, tensorContent: littleEndian(tensor.data) }
    case 'int64':
      return { dtype: DataType.DT_INT64, tensorShape, tensorContent: littleEndian(tensor.data) }
    case 'uint8':
      return { dtype: DataType.DT_UINT8, tensorShape, tensorContent: tensor.data }
    case 'boolean':
      return { dtype: DataType.DT_BOOL, tensorShape, tensorContent: tensor.data }
  }
}

/** The shape and elements, or undefined where they are of a type that this package does not know, or do not fit each other. */
export function readTensor(message: Message): { readonly shape: readonly number[]; readonly tensor: TensorData } | undefined {
  const shape = (message.tensorShape?.dim ?? []).map((dim) => Number(dim.size ?? 0))
  const elements = shape.reduce((product, size) => product * size, 1)
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || !Number.isSafeInteger(elements)) return undefined
  const tensor = readData(message, elements)
  return tensor === undefined ? undefined : { shape, tensor }
}

function readData(message: Message, elements: number): TensorData | undefined {
  switch (message.dtype) {
    case DataType.DT_STRING: {
      const strings = message.stringVal ?? []
      return strings.length === elements ? { type: 'string', data: strings.map((bytes) => new Uint8Array(bytes)) } : undefined
    }
    case DataType.DT_FLOAT:
      return numeric('float32', Float32Array, message, message.floatVal, elements)
    case DataType.DT_DOUBLE:
      return numeric('float64', Float64Array, message, message.doubleVal, elements)
    case DataType.DT_INT32:
      return numeric('int32', Int32Array, message, message.intVal, elements)
    case DataType.DT_UINT8:
      return numeric('uint8', Uint8Array, message, message.intVal, elements)
    case DataType.DT_BOOL:
      return numeric('boolean', Uint8Array, message, message.boolVal?.map(Number), elements)
    case DataType.DT_INT64: {
      const values = message.int64Val?.map((value) => Number(value))
      // Beyond 2 ** 53 the generated code has rounded them.
      if (values?.some((value) => !Number.isSafeInteger(value))) return undefined
      return numeric('int64', BigInt64Array, message, values?.map(BigInt), elements)
    }
    default:
      return undefined
  }
}

interface ArrayType<T> {
  readonly BYTES_PER_ELEMENT: number
  new (elements: number): T
}

/**
 * Elements stand either as bytes or as a list of values, of which the last one is repeated where there are too few
 * (tensorflow/core/framework/tensor.proto).
 */
function numeric<Type extends TensorData['type'], Data extends NumericArray>(
  type: Type,
  array: ArrayType<Data>,
  message: Message,
  values: readonly (number | bigint)[] | null | undefined,
  elements: number,
): TensorData | undefined {
  const content = message.tensorContent
  if (content != null && content.length > 0) {
    if (content.length !== elements * array.BYTES_PER_ELEMENT) return undefined
    const data = new array(elements)
    copyLittleEndian(content, data)
    return { type, data } as unknown as TensorData
  }
  const given = values ?? []
  if (given.length > elements || (given.length < elements && (given.length === 0 || elements > maxRepeated))) return undefined
  const data = new array(elements)
  const last = given.at(-1)
  for (let index = 0; index < elements; index++) data[index] = (given[index] ?? last)!
  return { type, data } as unknown as TensorData
}

const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

function littleEndian(data: NumericArray): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return hostIsLittleEndian ? bytes : reversed(bytes, data.BYTES_PER_ELEMENT)
}

function copyLittleEndian(bytes: Uint8Array, data: NumericArray): void {
  new Uint8Array(data.buffer).set(hostIsLittleEndian ? bytes : reversed(bytes, data.BYTES_PER_ELEMENT))
}

/** The bytes of each element in the opposite order. */
function reversed(bytes: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(bytes)
  for (let start = 0; start < result.length; start += size) result.subarray(start, start + size).reverse()
  return result
}
