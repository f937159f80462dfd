import { tfjsError } from '../error.ts'
import type { Tensor, TensorFlow } from '../tensorflow.ts'
import { isTensor, type LabelledData, type Numbers, type PreparedData, type PreparedSet, type ShapedNumbers, type TrainingData } from './training-data.ts'

/**
 * Checks the data and brings them onto the active backend.
 * @throws AttuneError `TFJS_DATA` that names the array, the sample and what is wrong.
 */
export async function prepareData(tf: TensorFlow, data: TrainingData): Promise<PreparedData> {
  const made: Tensor[] = []
  const dispose = (): void => tf.dispose(made.splice(0))
  try {
    const train = await prepareSet(tf, data.train as LabelledData, 'train', made)
    const validation = data.validation === undefined ? undefined : await prepareSet(tf, data.validation as LabelledData, 'validation', made)
    if (validation !== undefined) {
      requireSame(train.x, validation.x, 'x')
      requireSame(train.y, validation.y, 'y')
    }
    return { train, validation, dispose }
  } catch (error) {
    dispose()
    throw error
  }
}

async function prepareSet(tf: TensorFlow, set: LabelledData | undefined, name: string, made: Tensor[]): Promise<PreparedSet> {
  if (set === undefined) throw dataError(`data.${name} is missing: give { x, y }`)
  const x = toTensor(tf, set.x as Tensor, `data.${name}.x`, made)
  const y = toTensor(tf, isNumbers(set.y) ? { data: set.y, shape: [set.y.length, 1] } : (set.y as Tensor), `data.${name}.y`, made)
  const samples = x.shape[0] ?? 0
  if (samples === 0) throw dataError(`data.${name} is empty: it has no samples`)
  if (x.rank < 2) throw dataError(`data.${name}.x has shape [${x.shape.join(', ')}]: give samples first, then features, as in [${samples}, 1]`)
  if (y.shape[0] !== samples) throw dataError(`data.${name} has ${samples} samples in x and ${y.shape[0] ?? 0} in y`)
  const targets = y.rank === 1 ? column(tf, y, made) : y
  await requireFinite(x, `data.${name}.x`)
  const facts = await requireFinite(targets, `data.${name}.y`)
  return { x, y: targets, singleNumber: targets.rank === 2 && targets.shape[1] === 1, ...facts }
}

function column(tf: TensorFlow, y: Tensor, made: Tensor[]): Tensor {
  const reshaped = tf.reshape(y, [-1, 1])
  made.push(reshaped)
  return reshaped
}

function toTensor(tf: TensorFlow, source: Tensor | ShapedNumbers | undefined, name: string, made: Tensor[]): Tensor {
  if (isTensor(tf, source)) {
    if (source.isDisposed) throw dataError(`${name} is a tensor that was disposed of`)
    if (source.dtype !== 'float32' && source.dtype !== 'int32' && source.dtype !== 'bool') throw dataError(`${name} is a tensor of ${source.dtype}: give float32 or int32`)
    return source
  }
  if (source === undefined || !isNumbers(source.data) || !Array.isArray(source.shape)) {
    throw dataError(`${name} is ${source === undefined ? 'missing' : 'neither a tensor nor { data, shape }'}: give a tensor of this tf, or typed numbers with their shape`)
  }
  const shape = source.shape as readonly number[]
  const size = shape.reduce((product, length) => product * length, 1)
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0)) throw dataError(`${name}.shape is [${shape.join(', ')}]: sizes are whole numbers`)
  if (size !== source.data.length) throw dataError(`${name} has ${source.data.length} numbers, its shape [${shape.join(', ')}] needs ${size}`)
  const tensor = tf.tensor(Float32Array.from(source.data), [...shape], 'float32')
  made.push(tensor)
  return tensor
}

async function requireFinite(tensor: Tensor, name: string): Promise<Pick<PreparedSet, 'largestTarget' | 'wholeTargets'>> {
  const values = await tensor.data()
  let largest = -Infinity
  let whole = true
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number
    if (!Number.isFinite(value)) throw dataError(`${name} holds ${value} in sample ${Math.floor(index / (values.length / (tensor.shape[0] ?? 1)))}: clean or impute the data first`)
    if (value > largest) largest = value
    if (whole && (value < 0 || !Number.isInteger(value))) whole = false
  }
  return { largestTarget: largest, wholeTargets: whole }
}

function requireSame(train: Tensor, validation: Tensor, part: 'x' | 'y'): void {
  const [left, right] = [train.shape.slice(1).join(', '), validation.shape.slice(1).join(', ')]
  if (left !== right) throw dataError(`A sample of data.train.${part} has shape [${left}], one of data.validation.${part} [${right}]`)
}

function isNumbers(value: unknown): value is Numbers {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView) && !(value instanceof BigInt64Array) && !(value instanceof BigUint64Array))
}

function dataError(problem: string): Error {
  return tfjsError('TFJS_DATA', `${problem}.`)
}
