import type { Batch, BatchSource } from '../data/batch-source.ts'
import type { TensorFlow } from '../tensorflow.ts'
import { Meter, type BrokenBatch } from './meter.ts'
import { validationName } from './metric-names.ts'
import type { TrainingParts } from './training-parts.ts'
import { turn } from './turn.ts'

/**
 * Metrics on the validation data by the names under which they are reported; of what was seen so far, if the signal aborts.
 * `refuse` is told of batches whose loss is no number, and may throw.
 */
export async function judge({ tf, program, settings }: Pick<TrainingParts, 'tf' | 'program' | 'settings'>, data: BatchSource, signal: AbortSignal, refuse: (broken: BrokenBatch<string> | undefined) => void): Promise<{ readonly [metric: string]: number }> {
  const meter = new Meter<string>(tf)
  const source = data.batches({ batchSize: settings.batchSize, epoch: 1, shuffleSeed: undefined, skip: 0 })
  let batch: Batch | undefined
  try {
    let count = 0
    while (!signal.aborted && (batch = await pull(source)) !== undefined) {
      const where = `in batch ${++count} of the validation data`
      if (meter.add(program.evaluate(batch), batch.size, where)) refuse(await meter.settle())
      disposeBatch(tf, batch)
      batch = undefined
      await turn()
    }
    refuse(await meter.settle())
    return Object.fromEntries(Object.entries(meter.means()).map(([name, value]) => [validationName(name), value]))
  } finally {
    meter.reset()
    if (batch !== undefined) disposeBatch(tf, batch)
    await source.return()
  }
}

/** The next batch; undefined at the end of the epoch. */
export async function pull(source: AsyncGenerator<Batch, void, void>): Promise<Batch | undefined> {
  const { done, value } = await source.next()
  return done === true ? undefined : value
}

export function disposeBatch(tf: TensorFlow, batch: Batch): void {
  tf.dispose([...batch.inputs, ...batch.targets])
}
