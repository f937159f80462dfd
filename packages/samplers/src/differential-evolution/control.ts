import type { RandomStream } from '@attune/core'

/** Scale of the difference between two points, and probability with which a coordinate is changed. */
export interface Control {
  readonly scale: number
  readonly crossover: number
}

/** Pairs that are remembered. */
const memories = 5

/**
 * Draws scale and crossover near those that gave better points before (success history: Tanabe & Fukunaga 2013, SHADE). What counts is how many
 * they were, not how much better: no scale of the objective enters.
 */
export class AdaptiveControl {
  readonly #scales: Float64Array
  readonly #crossovers: Float64Array
  readonly #period: number
  #next = 0
  #told = 0
  #successes: Control[] = []

  /** @param period trials after which one pair is replaced by what they taught */
  constructor(start: Control, period: number) {
    this.#scales = new Float64Array(memories).fill(start.scale)
    this.#crossovers = new Float64Array(memories).fill(start.crossover)
    this.#period = period
  }

  draw(random: RandomStream): Control {
    const memory = random.integer(memories)
    let scale = 0
    // A Cauchy number is the quotient of two normal ones; long tails keep the search from standing still.
    while (!(scale > 0)) scale = (this.#scales[memory] as number) + (0.1 * random.normal()) / random.normal()
    const crossover = (this.#crossovers[memory] as number) + 0.1 * random.normal()
    return { scale: rounded(Math.min(1, scale)), crossover: rounded(Math.min(1, Math.max(0, crossover))) }
  }

  /** @param success whether the trial was better than the point that it was to replace */
  tell(control: Control, success: boolean): void {
    if (success) this.#successes.push(control)
    if (++this.#told < this.#period) return
    this.#told = 0
    if (this.#successes.length === 0) return
    // The Lehmer mean prefers large scales: small ones succeed often, and lead nowhere.
    let sum = 0
    let squares = 0
    let crossover = 0
    for (const one of this.#successes) {
      sum += one.scale
      squares += one.scale * one.scale
      crossover += one.crossover / this.#successes.length
    }
    this.#scales[this.#next] = squares / sum
    this.#crossovers[this.#next] = crossover
    this.#next = (this.#next + 1) % memories
    this.#successes = []
  }
}

/** Four decimals: the note of a trial keeps it short, and what is used is what the note says. */
function rounded(value: number): number {
  return Math.max(1e-4, Math.round(value * 1e4) / 1e4)
}
