import type { Curve, History, SearchSpace, StepColumn, TrialRecord, TrialState } from '@attune/core'
import type { RestrictedSpace } from './restricted-space.ts'

/** What is seen at one revision of the history. */
interface Columns {
  readonly revision: number
  readonly space: SearchSpace
  /** 1 for each trial inside. */
  readonly inside: Uint8Array
  readonly units: readonly Float64Array[]
  /** By objective. */
  readonly losses: Map<number, Float64Array>
  readonly best: number
  readonly completeCount: number
}

/**
 * A history for a part of the space: trials outside of it keep their numbers, and have no coordinates, losses or violations; they are neither
 * among those that run nor the best. Curves are those of all trials.
 */
export class RestrictedHistory implements History {
  readonly #history: History
  readonly #space: () => RestrictedSpace
  #known: Columns | undefined

  constructor(history: History, space: () => RestrictedSpace) {
    this.#history = history
    this.#space = space
  }

  get revision(): number {
    return this.#history.revision
  }

  get length(): number {
    return this.#history.length
  }

  get completeCount(): number {
    return this.#now().completeCount
  }

  get best(): number {
    return this.#now().best
  }

  units(dimension: number): Float64Array {
    return this.#now().units[dimension] as Float64Array
  }

  losses(objective: number = 0): Float64Array {
    const { inside, losses } = this.#now()
    let column = losses.get(objective)
    if (column === undefined) losses.set(objective, (column = this.#history.losses(objective).slice(0, this.length).map((loss, number) => (inside[number] === 1 ? loss : NaN))))
    return column
  }

  violations(): Float64Array {
    const { inside } = this.#now()
    return this.#history.violations().slice(0, this.length).map((violation, number) => (inside[number] === 1 ? violation : 0))
  }

  running(): readonly number[] {
    return this.#inside(this.#history.running())
  }

  paused(): readonly number[] {
    return this.#inside(this.#history.paused())
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
    return this.#history.trial(number)
  }

  /** Asked for with every suggestion, so nothing is computed for all trials. */
  #inside(numbers: readonly number[]): readonly number[] {
    const space = this.#space()
    return numbers.filter((number) => space.has(this.#history.trial(number).flatParams))
  }

  #now(): Columns {
    const { revision, length } = this.#history
    const space = this.#space()
    if (this.#known?.revision === revision && this.#known.space === space) return this.#known
    const inside = new Uint8Array(length)
    const units = space.dimensions.map(() => new Float64Array(length).fill(NaN))
    const row = new Float64Array(units.length)
    const losses = this.#history.losses()
    let best = -1
    let completeCount = 0
    for (let number = 0; number < length; number++) {
      const { flatParams, state, violation, voided } = this.#history.trial(number)
      if (!space.has(flatParams)) continue
      inside[number] = 1
      space.encode(flatParams, row)
      for (const [dimension, column] of units.entries()) column[number] = row[dimension] as number
      if (state !== 'complete' || voided !== undefined) continue
      completeCount++
      if (!(violation > 0) && (best < 0 ? !Number.isNaN(losses[number]) : (losses[number] as number) < (losses[best] as number))) best = number
    }
    this.#known = { revision, space, inside, units, losses: new Map(), best, completeCount }
    return this.#known
  }
}
