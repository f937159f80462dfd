import type { Tensor } from '../tensorflow.ts'

/** Some samples, on the active backend. Whoever pulled it disposes of its tensors. */
export interface Batch {
  /** One tensor for each input of the model, in its order, samples first. */
  readonly inputs: readonly Tensor[]
  /** One tensor for each output of the model, in its order, samples first. */
  readonly targets: readonly Tensor[]
  /** Samples in it; the last batch of an epoch may have fewer. */
  readonly size: number
  /** Position of each sample in the data set; undefined for data that come as a stream. */
  readonly indices: Int32Array | undefined
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
  readonly wholeNumbers: boolean
}

/**
 * A data set as a trainer sees it, whatever it was given as. The order of an epoch is a function of (seed, epoch) alone where
 * samples can be addressed; streams come in the order of their iterator.
 */
export interface BatchSource {
  /** Undefined for a stream until its first epoch has ended. */
  readonly samples: number | undefined
  /** Shape of one sample for each input. For streams this is what the first batch shows, which has been pulled already. */
  readonly inputShapes: readonly (readonly number[])[]
  readonly targets: readonly TargetFacts[]
  /** @throws AttuneError `TFJS_DATA` while it is pulled: no samples, another number of samples than in the epoch before, values that are not finite, shapes that change. */
  batches(request: EpochRequest): AsyncGenerator<Batch, void, void>
  dispose(): void
}

/** Training data, and those on which a model is judged. */
export interface PreparedSets {
  readonly train: BatchSource
  readonly validation: BatchSource | undefined
  dispose(): void
}
