import type { Tensor, TensorFlow } from '../tensorflow.ts'
import { dataError } from './data-error.ts'
import { hostValues, isNumbers, isShapedNumbers, isTypedArray, requireFits, scan, sizeOf, type HostValues } from './numbers.ts'
import { isTensor } from './training-data.ts'

/** A value of a stream's element: numbers here, or a tensor that was taken over. */
export type StreamValue =
  | { readonly kind: 'numbers'; readonly values: HostValues; readonly shape: readonly number[]; readonly dtype: ValueType }
  | { readonly kind: 'tensor'; readonly tensor: Tensor; readonly shape: readonly number[]; readonly dtype: ValueType }

export type ValueType = 'float32' | 'int32' | 'bool'

/**
 * @param integers whether what is int32 stays so
 * @throws AttuneError `TFJS_DATA` for what is no number, list of numbers, or tensor.
 */
export function readValue(tf: TensorFlow, given: unknown, name: string, integers: boolean): StreamValue {
  const value = valueOf(tf, given, name)
  return integers ? value : { ...value, dtype: 'float32' }
}

function valueOf(tf: TensorFlow, given: unknown, name: string): StreamValue {
  if (isTensor(tf, given)) {
    const { dtype, shape } = given
    if (given.isDisposed) throw dataError(`${name} is a tensor that was disposed of: an element's tensors are taken over, so make new ones (or clones) for each`)
    if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') throw dataError(`${name} is a tensor of ${dtype}: give float32 or int32`)
    return { kind: 'tensor', tensor: given, shape, dtype }
  }
  if (typeof given === 'number') return { kind: 'numbers', values: Float32Array.of(given), shape: [], dtype: 'float32' }
  if (isShapedNumbers(given)) {
    requireFits(given.data.length, given.shape, name)
    return { kind: 'numbers', values: hostValues(given.data, name), shape: given.shape, dtype: given.data instanceof Int32Array ? 'int32' : 'float32' }
  }
  if (isNumbers(given)) return { kind: 'numbers', values: hostValues(given, name), shape: [given.length], dtype: isTypedArray(given) && given instanceof Int32Array ? 'int32' : 'float32' }
  if (Array.isArray(given)) return nested(tf, given, name)
  throw dataError(`${name} is ${given === undefined ? 'missing' : typeof given === 'string' ? 'a string' : `of type ${typeof given}`}: give a tensor, numbers, or { data, shape }`)
}

function nested(tf: TensorFlow, given: readonly unknown[], name: string): StreamValue {
  const shape: number[] = []
  for (let level: unknown = given; Array.isArray(level) || isTypedArray(level); level = level[0]) shape.push(level.length)
  const values = hostValues(tf.util.flatten<number>(given as number[][]), name)
  requireFits(values.length, shape, name)
  return { kind: 'numbers', values, shape, dtype: 'float32' }
}

/**
 * One new tensor of values of the same shape and type, put below each other.
 * @param first number of the first sample, for messages
 * @throws AttuneError `TFJS_DATA` for values that are not finite.
 */
export async function stack(tf: TensorFlow, values: readonly StreamValue[], sampleShape: readonly number[], name: string, first: number): Promise<{ readonly tensor: Tensor; readonly largest: number; readonly wholeNumbers: boolean }> {
  const shape = [values.length, ...sampleShape]
  const { dtype } = values[0] as StreamValue
  if (values.every((value) => value.kind === 'numbers')) {
    const width = sizeOf(sampleShape)
    const batch = new (dtype === 'int32' ? Int32Array : Float32Array)(values.length * width)
    for (const [position, value] of values.entries()) batch.set(value.values, position * width)
    return { ...scan(batch, width, name, first), tensor: tf.tensor(batch, shape, dtype) }
  }
  const tensor = tf.tidy(() => tf.reshape(tf.stack(values.map((value) => (value.kind === 'tensor' ? tf.cast(value.tensor, dtype) : tf.tensor(value.values, [...value.shape], dtype)))), shape))
  return checked(tensor, name, first)
}

/** The tensor of a batch that came as one. Taken over if it already has the wanted shape. */
export async function wholeBatch(tf: TensorFlow, value: StreamValue, sampleShape: readonly number[], name: string, first: number): Promise<{ readonly tensor: Tensor; readonly largest: number; readonly wholeNumbers: boolean }> {
  const shape = [value.shape[0] as number, ...sampleShape]
  const tensor = value.kind === 'tensor' ? tf.tidy(() => tf.cast(tf.reshape(value.tensor, shape), value.dtype)) : tf.tensor(value.dtype === 'int32' ? value.values : Float32Array.from(value.values), shape, value.dtype)
  return checked(tensor, name, first)
}

async function checked(tensor: Tensor, name: string, first: number): Promise<{ readonly tensor: Tensor; readonly largest: number; readonly wholeNumbers: boolean }> {
  try {
    return { ...scan(await tensor.data(), tensor.size / tensor.shape[0], name, first), tensor }
  } catch (error) {
    tensor.dispose()
    throw error
  }
}
