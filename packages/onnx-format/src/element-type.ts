import { onnx } from './generated/onnx.ts'

/** Element types that a builder writes; the names are those of ONNX Runtime. */
export type ElementType =
  | 'float32' | 'float64' | 'float16' | 'bfloat16' | 'bool'
  | 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'int64' | 'uint64'

/** Numbers in one tensor element type; 64-bit integers are BigInt arrays, 16-bit floats their bit patterns. */
export type TensorArray =
  | Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array
  | Int32Array | Uint32Array | BigInt64Array | BigUint64Array

type ArrayClass = { readonly BYTES_PER_ELEMENT: number; new (buffer: ArrayBuffer): TensorArray }

interface ElementTypeEntry {
  readonly code: number
  readonly arrayClass: ArrayClass
}

const entries: Readonly<Record<ElementType, ElementTypeEntry>> = {
  float32: { code: 1, arrayClass: Float32Array },
  uint8: { code: 2, arrayClass: Uint8Array },
  int8: { code: 3, arrayClass: Int8Array },
  uint16: { code: 4, arrayClass: Uint16Array },
  int16: { code: 5, arrayClass: Int16Array },
  int32: { code: 6, arrayClass: Int32Array },
  int64: { code: 7, arrayClass: BigInt64Array },
  bool: { code: 9, arrayClass: Uint8Array },
  float16: { code: 10, arrayClass: Uint16Array },
  float64: { code: 11, arrayClass: Float64Array },
  uint32: { code: 12, arrayClass: Uint32Array },
  uint64: { code: 13, arrayClass: BigUint64Array },
  bfloat16: { code: 16, arrayClass: Uint16Array },
}

/** TensorProto.DataType of an element type. */
export function elementTypeCode(type: ElementType): number {
  return entries[type].code
}

export function isElementType(name: string): name is ElementType {
  return Object.hasOwn(entries, name)
}

/** The typed array class that holds elements of this type. */
export function arrayClassOf(type: ElementType): ArrayClass {
  return entries[type].arrayClass
}

/** Name of a TensorProto.DataType; types that no builder writes have ONNX's own names in small letters (`string`, `float8e4m3fn`, `int4`). */
export function elementTypeName(code: number): string {
  for (const [name, entry] of Object.entries(entries)) if (entry.code === code) return name
  for (const [name, value] of Object.entries(onnx.TensorProto.DataType)) if (value === code) return name.toLowerCase()
  return `unknown(${code})`
}

/** The element type that a typed array stands for when nothing else is said. */
export function elementTypeOf(data: TensorArray): ElementType {
  for (const [name, entry] of Object.entries(entries)) {
    if (isElementType(name) && name !== 'bool' && name !== 'float16' && name !== 'bfloat16' && data instanceof entry.arrayClass) return name
  }
  return 'float32'
}
