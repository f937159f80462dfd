import type { Batch, BatchSource } from '../data/batch-source.ts'
import type { Layer, Tensor, TensorFlow } from '../tensorflow.ts'
import { allLayers } from '../training/layers/noise.ts'
import { turn } from '../training/turn.ts'

/** The features of every sample of a data set, row by row. */
export interface Features {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Numbers of the features of a data set above which they are computed for every batch anew: 256 MiB. */
export const largestCache: number = 2 ** 26

const batchSize = 64

/**
 * Features of data sets, computed once for all trials of a process. They are kept outside of the backend, so that no trial holds
 * tensors of another's.
 */
export class FeatureCache {
  readonly #known = new WeakMap<BatchSource, Features>()

  /** Undefined for streams, whose samples cannot be told apart, for features that are too large, and if the signal aborts. */
  async of(tf: TensorFlow, source: BatchSource, shape: readonly number[], compute: (batch: Batch) => Tensor, signal: AbortSignal): Promise<Features | undefined> {
    const { samples } = source
    const known = this.#known.get(source)
    if (known !== undefined || samples === undefined) return known
    const size = shape.reduce((product, length) => product * length, 1)
    if (samples * size > largestCache) return undefined
    const data = new Float32Array(samples * size)
    let rows = 0
    for await (const batch of source.batches({ batchSize, epoch: 1, shuffleSeed: undefined, skip: 0 })) {
      const { indices } = batch
      const features = tf.tidy(() => compute(batch))
      tf.dispose([...batch.inputs, ...batch.targets])
      try {
        if (indices === undefined || signal.aborted) return undefined
        const values = await features.data()
        for (const [row, sample] of indices.entries()) data.set(values.subarray(row * size, (row + 1) * size), sample * size)
        rows += indices.length
      } finally {
        features.dispose()
      }
      await turn()
    }
    const found = { shape, data }
    if (rows === samples) this.#known.set(source, found)
    return rows === samples ? found : undefined
  }
}

/** The features of some samples, as the base would have given them. */
export function pickFeatures(tf: TensorFlow, { shape, data }: Features, samples: Int32Array): Tensor {
  const size = shape.reduce((product, length) => product * length, 1)
  const picked = new Float32Array(samples.length * size)
  for (const [row, sample] of samples.entries()) picked.set(data.subarray(sample * size, (sample + 1) * size), row * size)
  return tf.tensor(picked, [samples.length, ...shape], 'float32')
}

const noise: readonly string[] = ['Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout']

/** Whether a layer, or one inside it, gives the same sample other features in training from one time to the next. */
export function drawsNoise(layer: Layer): boolean {
  return allLayers({ layers: [layer] }).some((inner) => {
    if (noise.includes(inner.getClassName())) return true
    if (!('cell' in inner)) return false
    const { dropout, recurrentDropout } = inner.getConfig()
    return Number(dropout ?? 0) > 0 || Number(recurrentDropout ?? 0) > 0
  })
}
