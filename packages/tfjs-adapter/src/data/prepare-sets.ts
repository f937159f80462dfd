import type { TensorFlow } from '../tensorflow.ts'
import { arraySource, prepareArrays, type PreparedArrays } from './array-source.ts'
import type { BatchSource, PreparedSets } from './batch-source.ts'
import { dataError } from './data-error.ts'
import { splitRows } from './split.ts'
import { streamSource } from './stream-source.ts'
import type { BatchStream, DataSet, LabelledData, SampleStream, TrainingData, ValidationSplit } from './training-data.ts'

/**
 * Checks the data once, and makes them sources of batches on the active backend.
 * @throws AttuneError `TFJS_DATA` that names the array, the sample and what is wrong; then nothing is left in memory.
 */
export async function prepareSets(tf: TensorFlow, data: TrainingData): Promise<PreparedSets> {
  const made: PreparedArrays[] = []
  const dispose = (): void => made.splice(0).forEach((arrays) => arrays.dispose())
  async function arraysOf(set: LabelledData, name: string): Promise<PreparedArrays> {
    const arrays = await prepareArrays(tf, set, name)
    made.push(arrays)
    return arrays
  }
  async function sourceOf(set: unknown, name: string): Promise<BatchSource> {
    requireSet(set, name)
    return isStream(set) ? streamSource(tf, set, name) : arraySource(tf, await arraysOf(set, name), name)
  }
  try {
    const validation: unknown = data.validation
    if (isSplit(validation)) {
      requireSet(data.train, 'data.train')
      if (isStream(data.train)) throw dataError('data.validation is a split, and data.train a stream: a stream cannot be split, give validation data of their own')
      const arrays = await arraysOf(data.train, 'data.train')
      const { train, held } = splitRows(arrays.samples, validation.split, validation.seed ?? 0, classesOf(arrays, validation.stratify), 'data.validation.split')
      return { train: arraySource(tf, arrays, 'data.train', train), validation: arraySource(tf, arrays, 'data.validation', held), dispose }
    }
    const train = await sourceOf(data.train, 'data.train')
    const judged = validation === undefined ? undefined : await sourceOf(validation, 'data.validation')
    if (judged !== undefined) requireAlike(train, judged)
    return { train, validation: judged, dispose }
  } catch (error) {
    dispose()
    throw error
  }
}

function requireSet(set: unknown, name: string): asserts set is DataSet {
  if (typeof set !== 'object' || set === null) throw dataError(`${name} is missing: give { x, y }, { samples } or { batches }`)
  if ('iterator' in set || Symbol.asyncIterator in set || Symbol.iterator in set) throw dataError(`${name} is a stream, and does not say of what: give { samples: … } if each element is one sample, { batches: … } if it is a batch`)
}

function isStream(set: DataSet): set is SampleStream | BatchStream {
  return 'samples' in set || 'batches' in set
}

function isSplit(set: unknown): set is ValidationSplit {
  return typeof set === 'object' && set !== null && 'split' in set
}

/** What decides on a sample's class: the numbers of its target. */
function classesOf(arrays: PreparedArrays, stratify: ValidationSplit['stratify']): ((sample: number) => string) | undefined {
  if (stratify === undefined || stratify === false) return undefined
  const position = stratify === true ? 0 : typeof stratify === 'number' ? stratify : (arrays.targetNames?.indexOf(stratify) ?? -1)
  const column = arrays.targets[position]
  if (column === undefined || (stratify === true && arrays.targets.length > 1)) {
    throw dataError(`data.validation.stratify is ${JSON.stringify(stratify)}: name one of the ${arrays.targets.length} targets${arrays.targetNames === undefined ? ' by its position' : `, ${arrays.targetNames.join(', ')}`}`)
  }
  return (sample) => column.valuesOf(sample).join()
}

function requireAlike(train: BatchSource, validation: BatchSource): void {
  compare('x', [train.inputNames, train.inputShapes], [validation.inputNames, validation.inputShapes])
  compare('y', [train.targetNames, train.targets.map(({ shape }) => shape)], [validation.targetNames, validation.targets.map(({ shape }) => shape)])
}

type Described = readonly [names: readonly string[] | undefined, shapes: readonly (readonly number[])[]]

function compare(part: 'x' | 'y', [names, shapes]: Described, [otherNames, otherShapes]: Described): void {
  if (shapes.length !== otherShapes.length || (names === undefined) !== (otherNames === undefined)) throw dataError(`data.train.${part} has ${listed(names, shapes)}, data.validation.${part} ${listed(otherNames, otherShapes)}`)
  for (const [position, shape] of shapes.entries()) {
    const name = names?.[position]
    const other = name === undefined ? otherShapes[position] : otherShapes[otherNames!.indexOf(name)]
    if (other === undefined) throw dataError(`data.train.${part} has "${name}", data.validation.${part} has not`)
    if (shape.join() !== other.join()) throw dataError(`A sample of data.train.${part}${name === undefined ? (shapes.length === 1 ? '' : `[${position}]`) : `.${name}`} has shape [${shape.join(', ')}], one of data.validation.${part} [${other.join(', ')}]`)
  }
}

function listed(names: readonly string[] | undefined, shapes: readonly unknown[]): string {
  return names === undefined ? `${shapes.length} array${shapes.length === 1 ? '' : 's'}` : names.join(', ')
}
