import type { Tensor, TensorFlow } from '../tensorflow.ts'
import type { TargetFacts } from './batch-source.ts'
import { dataError } from './data-error.ts'
import { hostValues, isNumbers, isShapedNumbers, isTypedArray, requireFits, scan, sizeOf, type HostValues } from './numbers.ts'
import { isTensor } from './training-data.ts'

/** One array of a data set, checked, from which batches are taken. */
export interface Column {
  /** As in messages: `data.train.x`. */
  readonly name: string
  readonly samples: number
  readonly facts: TargetFacts
  /** All numbers of one sample, for telling classes apart. */
  valuesOf(sample: number): HostValues
  /** A new tensor of these samples. */
  rows(order: Int32Array): Tensor
  dispose(): void
}

type NumberType = 'float32' | 'int32' | 'bool'

interface Checked {
  readonly name: string
  readonly tensor: Tensor | undefined
  readonly values: HostValues
  readonly shape: readonly number[]
  readonly dtype: NumberType
}

/**
 * @param integers whether what is int32 stays so: inputs may be indices, while losses compute with floats
 * @throws AttuneError `TFJS_DATA` that names the array, the sample and what is wrong.
 */
export async function prepareColumn(tf: TensorFlow, array: unknown, name: string, integers: boolean): Promise<Column> {
  const given = isTensor(tf, array) ? await checkTensor(array, name) : checkNumbers(array, name)
  const checked: Checked = integers ? given : { ...given, dtype: 'float32' }
  const samples = checked.shape[0] as number
  const sampleShape = checked.shape.length === 1 ? [1] : checked.shape.slice(1)
  const width = sizeOf(sampleShape)
  const facts: TargetFacts = { shape: sampleShape, singleNumber: sampleShape.length === 1 && width === 1, ...scan(checked.values, width, name) }
  const { values } = checked
  const base = { name, samples, facts, valuesOf: (sample: number) => values.subarray(sample * width, (sample + 1) * width) }
  return gathersHere(tf) ? { ...base, ...hostRows(tf, checked, sampleShape, width) } : { ...base, ...deviceRows(tf, checked, sampleShape) }
}

/**
 * Gathering rows in JavaScript and making a tensor of them is ten to forty times faster than the gather of the plain and the
 * WebAssembly backend. Other backends have memory of their own, so that each batch would cross into it: they keep the whole array.
 */
function gathersHere(tf: TensorFlow): boolean {
  return ['cpu', 'wasm'].includes(tf.getBackend())
}

/** Below this many numbers a row, a loop is faster than making a view of it. */
const NARROW = 8

function hostRows(tf: TensorFlow, { values, dtype }: Checked, sampleShape: readonly number[], width: number): Pick<Column, 'rows' | 'dispose'> {
  return {
    rows(order) {
      const batch = dtype === 'float32' ? new Float32Array(order.length * width) : dtype === 'int32' ? new Int32Array(order.length * width) : new Uint8Array(order.length * width)
      if (width < NARROW) {
        for (let position = 0; position < order.length; position++) {
          const from = (order[position] as number) * width
          for (let index = 0; index < width; index++) batch[position * width + index] = values[from + index] as number
        }
      } else {
        for (let position = 0; position < order.length; position++) {
          const from = (order[position] as number) * width
          batch.set(values.subarray(from, from + width), position * width)
        }
      }
      return tf.tensor(batch, [order.length, ...sampleShape], dtype)
    },
    dispose: () => undefined,
  }
}

function deviceRows(tf: TensorFlow, { tensor, values, shape, dtype }: Checked, sampleShape: readonly number[]): Pick<Column, 'rows' | 'dispose'> {
  // A reshaped tensor shares the memory of the user's and is disposed of alone.
  const all = tensor === undefined ? tf.tensor(dtype === 'int32' ? values : Float32Array.from(values), [shape[0] as number, ...sampleShape], dtype) : tf.tidy(() => tf.cast(tf.reshape(tensor, [shape[0] as number, ...sampleShape]), dtype))
  return {
    rows(order) {
      const indices = tf.tensor1d(order, 'int32')
      try {
        return tf.gather(all, indices)
      } finally {
        indices.dispose()
      }
    },
    dispose: () => all.dispose(),
  }
}

async function checkTensor(tensor: Tensor, name: string): Promise<Checked> {
  if (tensor.isDisposed) throw dataError(`${name} is a tensor that was disposed of`)
  const { dtype } = tensor
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') throw dataError(`${name} is a tensor of ${dtype}: give float32 or int32`)
  if (tensor.rank === 0) throw dataError(`${name} is a single number: give samples first, then features`)
  requireSamples(tensor.shape, name)
  return { name, tensor, values: await tensor.data<'float32'>(), shape: tensor.shape, dtype }
}

function checkNumbers(array: unknown, name: string): Checked {
  const given = isNumbers(array) ? { data: array, shape: [array.length] } : array
  if (!isShapedNumbers(given) || !isNumbers(given.data)) {
    throw dataError(`${name} is ${array === undefined ? 'missing' : 'neither a tensor nor { data, shape }'}: give a tensor of this tf, or typed numbers with their shape`)
  }
  requireFits(given.data.length, given.shape, name)
  if (given.shape.length === 0) throw dataError(`${name} has no sizes in its shape: give samples first, then features`)
  requireSamples(given.shape, name)
  return { name, tensor: undefined, values: hostValues(given.data, name), shape: given.shape, dtype: isTypedArray(given.data) && given.data instanceof Int32Array ? 'int32' : 'float32' }
}

function requireSamples(shape: readonly number[], name: string): void {
  if (shape[0] === 0) throw dataError(`${name} is empty: it has no samples`)
  if (shape.includes(0)) throw dataError(`${name} has shape [${shape.join(', ')}]: a sample has no numbers`)
}
