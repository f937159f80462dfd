/** Why a sampler suggested what it did, for people. Stored with the trial, so that it can be asked for whenever. */
export interface Explanation {
  /** What suggested, as in `Gaussian process` or `prior`. */
  readonly model: string
  /** One sentence: why here. */
  readonly why: string
  /** What the model expected of each objective, in its own direction and unit, before the trial ran; the deviation is of the noiseless value. */
  readonly predicted?: readonly { readonly metric: string; readonly mean: number; readonly deviation: number }[]
}
