import { dataError } from './data-error.ts'
import type { Numbers, ShapedNumbers } from './training-data.ts'

/** What batches are gathered from: numbers that need no conversion, or one that a typed array does by itself. */
export type HostValues = Float32Array | Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array | Int32Array | Uint32Array

export function isNumbers(value: unknown): value is Numbers {
  return (Array.isArray(value) && (value.length === 0 || typeof value[0] !== 'object')) || isTypedArray(value)
}

export function isTypedArray(value: unknown): value is Exclude<Numbers, readonly number[]> {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && !(value instanceof BigInt64Array) && !(value instanceof BigUint64Array)
}

export function isShapedNumbers(value: unknown): value is ShapedNumbers {
  return typeof value === 'object' && value !== null && 'data' in value && 'shape' in value && Array.isArray(value.shape) && value.shape.every((size) => typeof size === 'number')
}

/** Lists and doubles become floats; other typed arrays stay what they are. */
export function hostValues(numbers: Numbers, name: string): HostValues {
  if (!Array.isArray(numbers)) return numbers instanceof Float64Array ? Float32Array.from(numbers) : (numbers as HostValues)
  const list: readonly unknown[] = numbers
  const odd = list.findIndex((value) => typeof value !== 'number')
  if (odd !== -1) throw dataError(`${name} holds ${typeof list[odd] === 'string' ? JSON.stringify(list[odd]) : String(list[odd])} at position ${odd}: give numbers`)
  return Float32Array.from(list as readonly number[])
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1)
}

/** @throws AttuneError `TFJS_DATA` for sizes that are none, or numbers that they do not count. */
export function requireFits(length: number, shape: readonly number[], name: string): void {
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) throw dataError(`${name}.shape is [${shape.join(', ')}]: sizes are whole numbers`)
  if (sizeOf(shape) !== length) throw dataError(`${name} has ${length} numbers, its shape [${shape.join(', ')}] needs ${sizeOf(shape)}`)
}

/** What is learnt on the way while looking for numbers that are none. @throws AttuneError `TFJS_DATA` for NaN and infinities, with the sample. */
export function scan(values: ArrayLike<number>, width: number, name: string, firstSample = 0): { readonly largest: number; readonly wholeNumbers: boolean } {
  let largest = -Infinity
  let wholeNumbers = true
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number
    if (!Number.isFinite(value)) throw dataError(`${name} holds ${value} in sample ${firstSample + Math.floor(index / width)}: clean or impute the data first`)
    if (value > largest) largest = value
    if (wholeNumbers && (value < 0 || !Number.isInteger(value))) wholeNumbers = false
  }
  return { largest, wholeNumbers }
}
