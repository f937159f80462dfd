import type { Json } from './values.ts'

/** Data or a model that a training starts from, as trackers show it. */
export interface TrainingInput {
  readonly kind: 'dataset' | 'model'
  /** Of the data, or of the model: one that a tracker knows by its id, where it has one. */
  readonly name: string
  /** Tells versions of the same name apart: a short hash of the content. */
  readonly digest?: string
  /** What it was used for, as in `training`, `validation`, `test`. */
  readonly context?: string
  /** Where it is from: a kind, as in `http` or `local`, and an address. */
  readonly sourceType?: string
  readonly source?: string
  /** Columns, shapes and types. */
  readonly schema?: Json
  /** Sizes and statistics. */
  readonly profile?: Json
}

/**
 * The attribute, of the study or of a trial, under which a list of `TrainingInput` stands. `optimize` sets that of the study where its
 * trainer names inputs; a training sets that of its trial with `trial.setAttribute(trainingInputs, [...])`.
 */
export const trainingInputs = 'attune.inputs'
