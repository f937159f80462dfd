import { epochPermutation } from '../keyed-random.ts'
import type { Tensor, TensorFlow } from '../tensorflow.ts'
import type { Batch, BatchSource, EpochRequest } from './batch-source.ts'
import { prepareColumn, type Column } from './column.ts'
import { dataError } from './data-error.ts'
import { partsOf } from './parts.ts'
import type { LabelledData } from './training-data.ts'

/** Arrays of one data set, all with as many samples. */
export interface PreparedArrays {
  readonly name: string
  readonly samples: number
  readonly inputs: readonly Column[]
  readonly targets: readonly Column[]
  readonly inputNames: readonly string[] | undefined
  readonly targetNames: readonly string[] | undefined
  dispose(): void
}

/** @throws AttuneError `TFJS_DATA`; then nothing is left in memory. */
export async function prepareArrays(tf: TensorFlow, data: LabelledData, name: string): Promise<PreparedArrays> {
  const made: Column[] = []
  const dispose = (): void => made.splice(0).forEach((column) => column.dispose())
  async function columnsOf(given: unknown, label: string, integers: boolean): Promise<{ readonly columns: readonly Column[]; readonly names: readonly string[] | undefined }> {
    const { names, labels, values } = partsOf(tf, given, label, false)
    const columns: Column[] = []
    for (const [position, value] of values.entries()) {
      const column = await prepareColumn(tf, value, labels[position] as string, integers)
      made.push(column)
      columns.push(column)
    }
    return { columns, names }
  }
  try {
    const x = await columnsOf(data.x, `${name}.x`, true)
    const y = await columnsOf(data.y, `${name}.y`, false)
    const samples = x.columns[0]?.samples as number
    const odd = made.find((column) => column.samples !== samples)
    if (odd !== undefined) throw dataError(`${name} has ${samples} samples in ${x.columns[0]!.name.slice(name.length + 1)} and ${odd.samples} in ${odd.name.slice(name.length + 1)}${Array.isArray(data.x) && x.columns.length > 1 ? '. A list as x is an array for each input; the numbers of an only input are { data: rows.flat(), shape: [rows, columns] }' : ''}`)
    return { name, samples, inputs: x.columns, targets: y.columns, inputNames: x.names, targetNames: y.names, dispose }
  } catch (error) {
    dispose()
    throw error
  }
}

/** Batches of all samples, or of those at `rows`. */
export function arraySource(tf: TensorFlow, arrays: PreparedArrays, name: string, rows?: Int32Array): BatchSource {
  const samples = rows?.length ?? arrays.samples
  return {
    name,
    samples,
    inputNames: arrays.inputNames,
    targetNames: arrays.targetNames,
    inputShapes: arrays.inputs.map((column) => column.facts.shape),
    targets: arrays.targets.map((column) => column.facts),
    async *batches({ batchSize, epoch, shuffleSeed, skip }: EpochRequest): AsyncGenerator<Batch, void, void> {
      const order = shuffleSeed === undefined ? Int32Array.from({ length: samples }, (_, sample) => sample) : epochPermutation(samples, shuffleSeed, epoch)
      for (let from = skip * batchSize; from < samples; from += batchSize) {
        const indices = order.subarray(from, from + batchSize)
        yield batchAt(tf, arrays, indices, rows === undefined ? indices : indices.map((sample) => rows[sample] as number))
      }
    },
  }
}

function batchAt(tf: TensorFlow, { inputs, targets }: PreparedArrays, indices: Int32Array, rows: Int32Array): Batch {
  const made: Tensor[] = []
  const take = (column: Column): Tensor => {
    const tensor = column.rows(rows)
    made.push(tensor)
    return tensor
  }
  try {
    return { inputs: inputs.map(take), targets: targets.map(take), size: indices.length, indices, targetFacts: undefined }
  } catch (error) {
    tf.dispose(made)
    throw error
  }
}
