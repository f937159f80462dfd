import { fitInParts, type FitOptions } from '../gaussian-process/fit.ts'
import { defaults, type LogHyperparameters } from '../gaussian-process/hyperparameters.ts'
import type { Layout } from '../gaussian-process/layout.ts'

const least = 1
const growth = 1.25

/** The largest of a sequence of sizes (1, 2, 3, 4, 5, 7, 9, 12, …) that is at most `count`, and at most `most`; 0 if none is. */
export function sizeWithin(count: number, most: number): number {
  let size = 0
  for (let next = least; next <= Math.min(count, most); next = Math.ceil(next * growth)) size = next
  return size
}

/** What a fit is made from. */
export interface FitData {
  /** Says which rows and targets these are. */
  readonly key: string
  readonly rows: Float64Array
  readonly targets: Float64Array
  readonly count: number
}

/**
 * Hyperparameters of a model beside the main one. They are fitted to a part of the data that changes seldom, always from the same start: so they depend on the
 * history alone without being kept in it, and most suggestions use the last ones.
 */
export class GrowingFit {
  readonly #options: FitOptions
  #key: string | undefined
  #layout: Layout | undefined
  #hyperparameters: LogHyperparameters | undefined

  constructor(options: FitOptions) {
    this.#options = options
  }

  /** Yields where other work may have its turn. */
  * at(layout: Layout, { key, rows, targets, count }: FitData): Generator<void, LogHyperparameters, undefined> {
    if (this.#hyperparameters === undefined || this.#key !== key || this.#layout !== layout) {
      const fitted = count === 0 ? undefined : yield* fitInParts(layout, rows, targets, count, defaults(layout), this.#options)
      this.#hyperparameters = fitted ?? defaults(layout)
      this.#key = key
      this.#layout = layout
    }
    return this.#hyperparameters
  }
}
