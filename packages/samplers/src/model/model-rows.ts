import type { Problem, TrialRecord } from '@attune/core'
import { Observations } from './observations.ts'
import { pausedTrials } from './paused-trials.ts'

/** What a trial was, as the model sees it. */
type Kind = 'complete' | 'pruned' | 'infeasible' | 'failed'

/** The trials that a model is fitted to. */
export interface ModelRows {
  readonly count: number
  /** Row by row, NaN where inactive. */
  readonly units: Float64Array
  readonly losses: Float64Array
  /** From the best to the worst: complete and feasible ones first. */
  readonly order: Int32Array
  /** So many of these are complete and feasible; 0 where none is, then losses are places in the order of merit. */
  readonly usefulCount: number
  /** Trials that ended after the best one. */
  readonly sinceBest: number
}

/** Paused trials of which a model is made, at most. */
const mostPaused = 200

/** Finished trials as rows and losses, and paused ones as if they had been pruned where they are. */
export class Trials {
  readonly #problem: Problem
  readonly observations: Observations
  readonly #kinds: Kind[] = []

  constructor(problem: Problem) {
    this.#problem = problem
    this.observations = new Observations(problem)
  }

  /** Number of trials that have ended or are paused. */
  get length(): number {
    return this.observations.length + this.#problem.history.paused().length
  }

  add(trial: TrialRecord): void {
    const { length } = this.observations
    this.observations.add(trial)
    if (this.observations.length === length) return
    this.#kinds.push(kindOf(trial))
  }

  /**
   * Trials that did not fail, by number. A pruned trial counts with its last loss, but not as better than the median of the complete ones: had it gone on it
   * would have been among the worse half. One that reported nothing counts as the worst, and so does an infeasible one unless all its outcomes are known: where
   * these are modelled themselves, its loss is a loss like others. Without a complete feasible trial the order of merit stands in for losses.
   * @param lossAt loss of a row of the observations
   */
  rows(width: number, lossAt: (row: number) => number = (row) => this.observations.losses(row)[0] as number): ModelRows {
    const { length } = this.#kinds
    const paused = pausedTrials(this.#problem, mostPaused)
    return this.observations.with(paused, () => {
      for (const trial of paused) this.#kinds.push(kindOf(trial))
      const rows = this.#rows(width, lossAt)
      this.#kinds.length = length
      return rows
    })
  }

  #rows(width: number, lossAt: (row: number) => number): ModelRows {
    const { observations } = this
    const { order, feasibleCount } = observations
    const rows = Int32Array.from(order.filter((row) => this.#kinds[row] !== 'failed')).sort((a, b) => observations.numberOf(a) - observations.numberOf(b))
    const feasible = Float64Array.from(order.subarray(0, feasibleCount), lossAt).sort()
    const median = feasibleCount === 0 ? NaN : (feasible[(feasibleCount - 1) >> 1] as number)
    const merit = new Int32Array(feasibleCount === 0 ? observations.length : 0)
    if (feasibleCount === 0) for (let place = 0; place < order.length; place++) merit[order[place] as number] = place
    const units = new Float64Array(rows.length * width)
    const losses = new Float64Array(rows.length)
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number
      losses[i] = feasibleCount === 0 ? (merit[row] as number) : this.#lossOf(row, lossAt(row), median)
      for (let axis = 0; axis < width; axis++) units[i * width + axis] = observations.column(axis)[row] as number
    }
    const isSecond = (i: number): number => (feasibleCount === 0 || this.#kinds[rows[i] as number] === 'complete' ? 0 : 1)
    const fromBest = Int32Array.from(rows.keys()).sort((a, b) => isSecond(a) - isSecond(b) || compare(losses[a] as number, losses[b] as number) || a - b)
    const best = fromBest[0] ?? -1
    return { count: rows.length, units, losses, order: fromBest, usefulCount: feasibleCount, sinceBest: rows.length - 1 - best }
  }

  #lossOf(row: number, loss: number, median: number): number {
    const kind = this.#kinds[row]
    if (kind === 'pruned') return Number.isNaN(loss) ? Infinity : Math.max(loss, median)
    if (kind === 'complete') return loss
    return this.observations.isComplete(row) && !this.observations.margins(row).some(Number.isNaN) ? loss : Infinity
  }
}

function kindOf({ state, values, violation }: TrialRecord): Kind {
  if (state === 'failed' || (state === 'complete' && values === undefined)) return 'failed'
  if (violation > 0 && !(state === 'pruned' && violation === Infinity)) return 'infeasible'
  return state === 'pruned' ? 'pruned' : 'complete'
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
