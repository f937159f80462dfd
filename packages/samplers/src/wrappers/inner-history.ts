import type { Curve, History, StepColumn, TrialRecord, TrialState } from '@attune/core'

/** The history of a study with records shown otherwise: notes as the inner sampler wrote them. Everything else is the study's. */
export class InnerHistory implements History {
  readonly #history: History
  readonly #show: (record: TrialRecord) => TrialRecord

  constructor(history: History, show: (record: TrialRecord) => TrialRecord) {
    this.#history = history
    this.#show = show
  }

  get revision(): number {
    return this.#history.revision
  }

  get length(): number {
    return this.#history.length
  }

  get completeCount(): number {
    return this.#history.completeCount
  }

  get best(): number {
    return this.#history.best
  }

  units(dimension: number): Float64Array {
    return this.#history.units(dimension)
  }

  losses(objective?: number): Float64Array {
    return this.#history.losses(objective)
  }

  violations(): Float64Array {
    return this.#history.violations()
  }

  running(): readonly number[] {
    return this.#history.running()
  }

  paused(): readonly number[] {
    return this.#history.paused()
  }

  state(number: number): TrialState {
    return this.#history.state(number)
  }

  curve(number: number): Curve {
    return this.#history.curve(number)
  }

  atStep(step: number): StepColumn {
    return this.#history.atStep(step)
  }

  trial(number: number): TrialRecord {
    return this.#show(this.#history.trial(number))
  }
}
