import type { Problem } from '@attune/core'
import type { Term } from '../gaussian-process/acquisition.ts'
import type { Layout } from '../gaussian-process/layout.ts'
import type { Observations } from '../model/observations.ts'
import { ConstraintModel } from './constraint-model.ts'
import { FailureModel } from './failure-model.ts'

/** What is learned of the ways in which a trial can be of no use: that it fails, and that it breaks an outcome constraint. They are taken as independent. */
export class Feasibility {
  readonly #failure = new FailureModel()
  readonly #constraints: readonly ConstraintModel[]

  constructor({ constraints }: Problem) {
    this.#constraints = constraints.map((_, index) => new ConstraintModel(index))
  }

  /** Logarithms of probabilities, to be added to an acquisition; empty while nothing has failed and there are no constraints. Yields where other work may have its turn. */
  * terms(observations: Observations, layout: Layout): Generator<void, readonly Term[], undefined> {
    const terms: Term[] = []
    for (const model of [this.#failure, ...this.#constraints]) {
      const term = yield* model.term(observations, layout)
      if (term !== undefined) terms.push(term)
    }
    return terms
  }
}
