/** Arrays that tensors can be made of. A `Uint8Array` also serves a model's `bool` input. */
export type TensorArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array

/** Numbers and their shape, row-major. For inputs the first dimension counts the rows. */
export interface TensorData {
  readonly data: TensorArray
  readonly dims: readonly number[]
}

/** Inputs by the model's names for them; one tensor alone for a model with one input. */
export type ModelInputs = TensorData | { readonly [input: string]: TensorData }

const elementTypes: readonly (readonly [new () => TensorArray, string])[] = [
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [Int8Array, 'int8'],
  [Uint8Array, 'uint8'],
  [Int16Array, 'int16'],
  [Uint16Array, 'uint16'],
  [Int32Array, 'int32'],
  [Uint32Array, 'uint32'],
  [BigInt64Array, 'int64'],
  [BigUint64Array, 'uint64'],
]

/** ONNX Runtime's name of the elements, undefined for anything but a `TensorArray`. */
export function elementTypeOf(array: unknown): string | undefined {
  return elementTypes.find(([constructor]) => array instanceof constructor)?.[1]
}

export function isSingleTensor(inputs: ModelInputs): inputs is TensorData {
  return ArrayBuffer.isView(inputs.data)
}

/** What is wrong with a tensor, or undefined. */
export function tensorProblem(tensor: unknown): string | undefined {
  if (typeof tensor !== 'object' || tensor === null || !('data' in tensor) || !('dims' in tensor)) return `is not { data, dims }${Object.hasOwn(Object(tensor) as object, 'shape') ? ': its shape is called dims here' : ''}`
  const { data, dims } = tensor
  if (elementTypeOf(data) === undefined) return 'has data that is no typed array of numbers'
  if (!Array.isArray(dims) || !dims.every((size) => Number.isSafeInteger(size) && size >= 0)) return 'has dims that are no list of whole numbers'
  const count = dims.reduce((product: number, size: number) => product * size, 1)
  const { length } = data as TensorArray
  return count === length ? undefined : `has ${length} elements, but dims [${dims.join(', ')}] need ${count}`
}

/** Elements of one row. */
export function rowSize(tensor: TensorData): number {
  return tensor.dims.slice(1).reduce((product, size) => product * size, 1)
}

/** Tensors of equal rows as one. */
export function joinRows(parts: readonly TensorData[]): TensorData {
  const [first] = parts
  if (first === undefined || parts.length === 1) return first ?? { data: new Float32Array(), dims: [0] }
  const data = new (first.data.constructor as new (length: number) => TensorArray)(parts.reduce((sum, part) => sum + part.data.length, 0))
  let offset = 0
  for (const part of parts) {
    data.set(part.data as never, offset)
    offset += part.data.length
  }
  return { data, dims: [parts.reduce((sum, part) => sum + part.dims[0]!, 0), ...first.dims.slice(1)] }
}

/** Some of the rows, without copying. */
export function sliceRows(tensor: TensorData, first: number, end: number): TensorData {
  const size = rowSize(tensor)
  return { data: tensor.data.subarray(first * size, end * size), dims: [end - first, ...tensor.dims.slice(1)] }
}

/** At most so many of the rows, in arrays of their own, so that no more is sent to another process. */
export function firstRows(inputs: ModelInputs, count: number): ModelInputs {
  const first = (tensor: TensorData): TensorData => {
    const rows = sliceRows(tensor, 0, Math.min(count, tensor.dims[0]!))
    return { ...rows, data: rows.data.slice() }
  }
  return isSingleTensor(inputs) ? first(inputs) : Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, first(tensor)]))
}
