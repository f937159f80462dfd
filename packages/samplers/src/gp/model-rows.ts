import type { Problem, TrialRecord } from '@attune/core'
import { Observations } from '../model/observations.ts'

/** What a trial was, as the model sees it. */
type Kind = 'complete' | 'pruned' | 'infeasible' | 'failed'

/** The trials that a model is fitted to. */
export interface ModelRows {
  readonly count: number
  /** Row by row, NaN where inactive. */
  readonly units: Float64Array
  readonly losses: Float64Array
  /** Trials that ended after the best one. */
  readonly sinceBest: number
}

/** Finished trials as rows and losses. */
export class Trials {
  readonly observations: Observations
  readonly #kinds: Kind[] = []

  constructor(problem: Problem) {
    this.observations = new Observations(problem)
  }

  add(trial: TrialRecord): void {
    const { length } = this.observations
    this.observations.add(trial)
    if (this.observations.length === length) return
    const failed = trial.state === 'failed' || (trial.state === 'complete' && trial.values === undefined)
    const infeasible = trial.violation > 0 && !(trial.state === 'pruned' && trial.violation === Infinity)
    this.#kinds.push(failed ? 'failed' : infeasible ? 'infeasible' : trial.state === 'pruned' ? 'pruned' : 'complete')
  }

  /**
   * Trials that did not fail, by number. A pruned trial counts with its last loss, but not as better than the median of the complete ones: had it gone on it
   * would have been among the worse half. One that reported nothing, and infeasible ones, count as the worst. Without a complete
   * feasible trial the order of merit stands in for losses.
   */
  rows(width: number): ModelRows {
    const { observations } = this
    const { order, feasibleCount } = observations
    const rows = Int32Array.from(order.filter((row) => this.#kinds[row] !== 'failed')).sort((a, b) => observations.numberOf(a) - observations.numberOf(b))
    const median = feasibleCount === 0 ? NaN : (observations.losses(order[(feasibleCount - 1) >> 1] as number)[0] as number)
    const merit = new Float64Array(observations.length)
    if (feasibleCount === 0) for (let place = 0; place < order.length; place++) merit[order[place] as number] = place
    const units = new Float64Array(rows.length * width)
    const losses = new Float64Array(rows.length)
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number
      const kind = this.#kinds[row]
      const loss = observations.losses(row)[0] as number
      losses[i] = feasibleCount === 0 ? (merit[row] as number) : kind === 'complete' ? loss : kind === 'pruned' && !Number.isNaN(loss) ? Math.max(loss, median) : Infinity
      for (let axis = 0; axis < width; axis++) units[i * width + axis] = observations.column(axis)[row] as number
    }
    let best = 0
    for (let i = 1; i < rows.length; i++) if ((losses[i] as number) < (losses[best] as number)) best = i
    return { count: rows.length, units, losses, sinceBest: rows.length - 1 - best }
  }
}
