import type { RandomStream } from '@attune/core'

/** Trials as a model learns them. */
export interface Split {
  /** Rows of the good ones, from the best to the worst. */
  readonly good: Int32Array
  /** Their weights and, last, that of the prior. */
  readonly weights: Float64Array
  /** Rows of the others. */
  readonly bad: Int32Array
  /** Coordinates of the trials that run: they count as bad, so that parallel trials differ. */
  readonly busy: readonly Float64Array[]
}

/** What a model proposes. */
export interface Answer {
  /** Coordinates, NaN where inactive. Valid until the model is used again. */
  readonly units: Float64Array
  /** log good density − log bad density. */
  readonly score: number
}

/** A good and a bad density, and the search for where their ratio is high. */
export interface Model {
  /**
   * The most promising point that is allowed; undefined if none was found.
   * @param column coordinates along an axis by row, NaN where inactive
   * @param isAllowed whether the row of coordinates at an offset may become a trial
   */
  best(column: (axis: number) => Float64Array, split: Split, isAllowed: (units: Float64Array, offset: number) => boolean, random: RandomStream): Answer | undefined
}
