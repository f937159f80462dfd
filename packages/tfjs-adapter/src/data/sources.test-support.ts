import * as tf from '@tensorflow/tfjs'
import type { BatchSource, EpochRequest, PreparedSets } from './batch-source.ts'
import { prepareSets } from './prepare-sets.ts'
import type { TrainingData } from './training-data.ts'

/** A batch as plain numbers. */
export interface SeenBatch {
  readonly inputs: readonly (readonly number[])[]
  readonly targets: readonly (readonly number[])[]
  readonly size: number
  readonly indices: readonly number[] | undefined
}

/** Pulls one epoch and disposes of it. */
export async function epochOf(source: BatchSource, request: Partial<EpochRequest> = {}): Promise<SeenBatch[]> {
  const seen: SeenBatch[] = []
  for await (const batch of source.batches({ batchSize: 2, epoch: 1, shuffleSeed: undefined, skip: 0, ...request })) {
    seen.push({ inputs: batch.inputs.map(numbersOf), targets: batch.targets.map(numbersOf), size: batch.size, indices: batch.indices === undefined ? undefined : [...batch.indices] })
    tf.dispose([...batch.inputs, ...batch.targets])
  }
  return seen
}

export function firstInputs(batches: readonly SeenBatch[]): number[] {
  return batches.flatMap(({ inputs }) => inputs[0] ?? [])
}

export function numbersOf(tensor: tf.Tensor): number[] {
  return [...(tensor.dataSync() as Float32Array)]
}

/** Runs `use` and fails if it leaves tensors behind. */
export async function withSets(data: TrainingData, use: (sets: PreparedSets) => Promise<void>): Promise<void> {
  const before = tf.memory().numTensors
  const sets = await prepareSets(tf, data)
  try {
    await use(sets)
  } finally {
    sets.dispose()
  }
  const left = tf.memory().numTensors - before
  if (left !== 0) throw new Error(`${left} tensors were left in memory.`)
}
