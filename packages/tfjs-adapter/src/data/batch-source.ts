import type { Tensor } from '../tensorflow.ts'

/** Some samples, on the active backend. Whoever pulled it disposes of its tensors. */
export interface Batch {
  /** One tensor for each input, samples first, in the order of the source's `inputNames` or of the user's list. */
  readonly inputs: readonly Tensor[]
  /** One tensor for each output, samples first. */
  readonly targets: readonly Tensor[]
  /** Samples in it, at least 1; the last batch of an epoch may have fewer than asked for, and those of a stream of batches have what comes. */
  readonly size: number
  /** Position of each sample in the data set; undefined for data that come as a stream. */
  readonly indices: Int32Array | undefined
  /** What this batch shows of the targets, for streams; undefined where the source's `targets` hold for every batch. */
  readonly targetFacts: readonly TargetFacts[] | undefined
}

/** Which batches of which epoch. */
export interface EpochRequest {
  readonly batchSize: number
  /** From 1. */
  readonly epoch: number
  /** The trial's seed; undefined leaves the order as it is. */
  readonly shuffleSeed: number | undefined
  /** Batches to leave out at the start, because they were trained on before an interruption. */
  readonly skip: number
}

/** What is known of the targets of one output, to tell class indices from other numbers. */
export interface TargetFacts {
  /** Shape of one sample's target. */
  readonly shape: readonly number[]
  readonly singleNumber: boolean
  readonly largest: number
  /** All are whole and at least 0. */
  readonly wholeNumbers: boolean
}

/**
 * A data set as a trainer sees it, whatever it was given as. The order of an epoch is a function of (seed, epoch) alone where
 * samples can be addressed; streams come in the order of their iterator, or through a shuffle buffer that is seeded so.
 * Inputs are float32, or int32 where the user gave an Int32Array or a tensor of int32; targets are float32. One number a sample
 * is a column, [samples, 1].
 */
export interface BatchSource {
  /** As in messages: `data.train`. */
  readonly name: string
  /** Undefined for a stream until its first epoch has ended. */
  readonly samples: number | undefined
  /** Undefined where inputs came as one array or as a list: then the order is that of the model. */
  readonly inputNames: readonly string[] | undefined
  readonly targetNames: readonly string[] | undefined
  /** Shape of one sample for each input. For streams this is what the first element shows, which was looked at and given back. */
  readonly inputShapes: readonly (readonly number[])[]
  /** For streams, facts of the first element alone: see `Batch.targetFacts`. */
  readonly targets: readonly TargetFacts[]
  /**
   * One epoch. Breaking off closes the user's iterator and leaves nothing behind.
   * @throws AttuneError `TFJS_DATA` while it is pulled: no samples, another number of samples than in the epoch before, values that are not finite, shapes that change, an iterator that throws.
   */
  batches(request: EpochRequest): AsyncGenerator<Batch, void, void>
}

/** Training data, and those on which a model is judged. */
export interface PreparedSets {
  readonly train: BatchSource
  readonly validation: BatchSource | undefined
  /** Frees what was made here; never the user's tensors. */
  dispose(): void
}
