import type { Dimension, Problem, SearchSpace, TrialRecord } from '@attune/core'

/** What decides between two observations: the lower class, then the lower first key, then the second, then the trial number. */
interface Merit {
  readonly number: number
  /** 0 complete and feasible, 1 pruned, 2 infeasible, 3 failed or without all its values. */
  readonly class: 0 | 1 | 2 | 3
  readonly first: number
  readonly second: number
}

const none = new Float64Array(0)

/**
 * The finished trials that a model learns from: coordinates in columns, and the order from the best to the worst.
 * The order depends on the trials alone, not on when they were told.
 */
export class Observations {
  readonly #problem: Problem
  readonly #signs: readonly number[]
  readonly #merits: Merit[] = []
  readonly #losses: Float64Array[] = []
  readonly #margins: Float64Array[] = []
  readonly #complete: boolean[] = []
  readonly #seen = new Set<string>()
  /** Sums of the coordinates of rows, of the first `#summed` at least: of points that are alike they are. */
  readonly #sums = new Set<number>()
  #summed = 0
  #space: SearchSpace
  #columns: Float64Array[] = []
  #scratch: Float64Array
  /** Rows from the best to the worst. */
  #order = new Int32Array(16)
  #feasible = 0
  #ended = 0

  constructor(problem: Problem) {
    this.#problem = problem
    this.#space = problem.space
    this.#signs = problem.objectives.map(({ direction }) => (direction === 'minimize' ? 1 : -1))
    this.#scratch = new Float64Array(0)
    this.#cover()
  }

  /** Number of observations. */
  get length(): number {
    return this.#merits.length
  }

  /** Number of observations that are complete or pruned. */
  get endedCount(): number {
    return this.#ended
  }

  /** Number of observations that are complete and feasible; they come first in `order`. */
  get feasibleCount(): number {
    return this.#feasible
  }

  /** Rows from the best to the worst, by the first objective. */
  get order(): Int32Array {
    return this.#order.subarray(0, this.length)
  }

  /** Below 0 if the first of two rows is the better one, above 0 if the second is. */
  compare(row: number, other: number): number {
    return compare(this.#merits[row] as Merit, this.#merits[other] as Merit)
  }

  /** True if two rows are equally good. */
  isTied(row: number, other: number): boolean {
    const one = this.#merits[row] as Merit
    const two = this.#merits[other] as Merit
    return one.class === two.class && one.first === two.first && one.second === two.second
  }

  /** Losses of the objectives (lower is better) of a complete row. */
  losses(row: number): Float64Array {
    return this.#losses[row] as Float64Array
  }

  /** By how much each outcome constraint of the problem is violated: 0 or less where it is kept, NaN where its metric is unknown. */
  margins(row: number): Float64Array {
    return this.#margins[row] as Float64Array
  }

  /** True if the trial failed for a reason of its own, or is complete without all its values. */
  hasFailed(row: number): boolean {
    return (this.#merits[row] as Merit).class === 3
  }

  /** True if the trial ran to its end, feasible or not, and has all its values. */
  isComplete(row: number): boolean {
    return this.#complete[row] as boolean
  }

  numberOf(row: number): number {
    return (this.#merits[row] as Merit).number
  }

  /** Coordinates along a dimension by row, NaN where inactive. Longer than `length`. */
  column(dimension: number): Float64Array {
    this.#cover()
    return this.#columns[dimension] as Float64Array
  }

  /** True if a point of cells only has been observed. */
  hasSeen(key: string): boolean {
    return this.#seen.has(key)
  }

  /** True if there is an observation at exactly these coordinates. */
  hasPoint(units: Float64Array): boolean {
    this.#cover()
    const columns = this.#columns
    for (; this.#summed < this.length; this.#summed++) {
      let sum = 0
      for (const column of columns) sum = plus(sum, column[this.#summed] as number)
      this.#sums.add(sum)
    }
    if (!this.#sums.has(units.reduce(plus, 0))) return false
    for (let row = 0; row < this.length; row++) {
      let axis = 0
      while (axis < columns.length && Object.is((columns[axis] as Float64Array)[row], units[axis])) axis++
      if (axis === columns.length) return true
    }
    return false
  }

  add(trial: TrialRecord): void {
    if (trial.failure?.reason === 'aborted' || trial.failure?.reason === 'lost') return // says nothing about the parameters
    this.#append(trial)
    const key = keyOfCells(this.#space, this.#scratch, 0)
    if (key !== undefined) this.#seen.add(key)
  }

  /** Counts further trials in while `use` runs: those of which more will be known. `hasSeen` does not know them. */
  with<T>(trials: readonly TrialRecord[], use: () => T): T {
    if (trials.length === 0) return use()
    const { length } = this
    const feasible = this.#feasible
    const ended = this.#ended
    try {
      for (const trial of trials) this.#append(trial)
      return use()
    } finally {
      this.#order.set(this.order.filter((row) => row < length))
      for (const column of [this.#merits, this.#losses, this.#margins, this.#complete]) column.length = length
      this.#feasible = feasible
      this.#ended = ended
      this.#summed = Math.min(this.#summed, length)
    }
  }

  /** Leaves the coordinates in the scratch row. */
  #append(trial: TrialRecord): void {
    this.#cover()
    const row = this.length
    const losses = Float64Array.from(this.#signs, (sign, objective) => sign * (trial.values?.[objective] ?? NaN))
    const merit = this.#meritOf(trial, losses)
    this.#grow(row + 1)
    this.#space.encode(trial.flatParams, this.#scratch)
    for (let i = 0; i < this.#scratch.length; i++) (this.#columns[i] as Float64Array)[row] = this.#scratch[i] as number
    this.#merits.push(merit)
    this.#losses.push(losses)
    this.#complete.push(trial.state === 'complete' && merit.class !== 3)
    this.#margins.push(this.#problem.constraints.length === 0 ? none : Float64Array.from(this.#problem.constraints, ({ metric, bound, limit }) => (bound === 'atMost' ? 1 : -1) * ((trial.metrics[metric] ?? NaN) - limit)))
    if (merit.class === 0) this.#feasible++
    if (trial.state !== 'failed') this.#ended++
    const place = this.#placeOf(merit, row)
    this.#order.copyWithin(place + 1, place, row)
    this.#order[place] = row
  }

  #meritOf(trial: TrialRecord, losses: Float64Array): Merit {
    const { number } = trial
    if (trial.state === 'failed' || (trial.state === 'complete' && trial.values === undefined)) return { number, class: 3, first: 0, second: 0 }
    // A pruned trial often ends before its constraints are measured: an infinite violation then means unknown.
    const unmeasured = trial.state === 'pruned' && trial.violation === Infinity
    if (trial.violation > 0 && !unmeasured) return { number, class: 2, first: trial.violation, second: 0 }
    const loss = losses[0] as number
    if (trial.state === 'pruned') {
      const last = trial.reports.at(-1)
      return { number, class: 1, first: -(last?.step ?? -Infinity), second: Number.isNaN(loss) ? Infinity : loss }
    }
    return { number, class: 0, first: loss, second: 0 }
  }

  #placeOf(merit: Merit, length: number): number {
    let low = 0
    let high = length
    while (low < high) {
      const middle = (low + high) >> 1
      if (compare(this.#merits[this.#order[middle] as number] as Merit, merit) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Takes in dimensions that a space defined by running has gained: earlier trials did not have them. */
  #cover(): void {
    const { space } = this.#problem
    if (this.#columns.length === space.dimensions.length && this.#space === space) return
    this.#space = space
    this.#scratch = new Float64Array(space.dimensions.length)
    while (this.#columns.length < space.dimensions.length) this.#columns.push(new Float64Array(this.#order.length).fill(NaN))
  }

  #grow(length: number): void {
    if (length <= this.#order.length) return
    const capacity = 2 * this.#order.length
    const order = new Int32Array(capacity)
    order.set(this.#order)
    this.#order = order
    this.#columns = this.#columns.map((column) => {
      const grown = new Float64Array(capacity).fill(NaN)
      grown.set(column)
      return grown
    })
  }
}

/** What is inactive adds nothing. */
function plus(sum: number, unit: number): number {
  return Number.isNaN(unit) ? sum : sum + unit
}

function compare(a: Merit, b: Merit): number {
  if (a.class !== b.class) return a.class - b.class
  if (a.first !== b.first) return a.first < b.first ? -1 : 1
  if (a.second !== b.second) return a.second < b.second ? -1 : 1
  return a.number - b.number
}

/** True if a space may have points whose active parameters all have cells, which only these can be met again. */
export function canRepeat(space: SearchSpace): boolean {
  return !space.dimensions.some(({ cells, conditions }) => cells === Infinity && conditions.length === 0)
}

/** Names a point whose active parameters all have cells; undefined if one is continuous. */
export function keyOfCells(space: SearchSpace, units: Float64Array, offset: number): string | undefined {
  const { dimensions } = space
  for (let i = 0; i < dimensions.length; i++) if ((dimensions[i] as Dimension).cells === Infinity && !Number.isNaN(units[offset + i])) return undefined
  let key = ''
  for (let i = 0; i < dimensions.length; i++) {
    const { cells, log } = dimensions[i] as Dimension
    const unit = units[offset + i] as number
    // Cells of a log scale are not evenly wide; their coordinates serve as they are. Small whole numbers are written some ten times quicker.
    key += Number.isNaN(unit) ? ',' : log ? `${unit},` : `${Math.floor(unit * cells)},`
  }
  return key
}
