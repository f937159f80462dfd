import { AttuneError, type Exhausted, type Explanation, type Problem, type Sampler, type SuggestContext, type Suggestion, type TrialRecord } from '@attune/core'
import type { GridTree } from './grid-tree.ts'
import { randomOrder } from './permutation.ts'

/** So that numbers and their shuffled order stay exact. */
const mostPoints = 2 ** 52

/** Positions that are looked at before other work has its turn: some ten milliseconds' worth where a constraint is asked. */
const mostAtOnce = 4096

export interface GridWalk {
  /** In an order drawn from the seed. */
  readonly shuffle: boolean
  /** The part of the points that is visited, above 0 and at most 1. */
  readonly sample: number
  readonly explanation: Explanation
  /** What the points are points of, for messages. */
  readonly whole: 'grid' | 'space'
}

/** Visits the points of a tree once, each by its number. */
export class GridSampler implements Sampler {
  readonly #problem: Problem
  readonly #walk: GridWalk
  readonly #tree: GridTree
  readonly #numberAt: (position: number) => number
  /** Positions from here on are not visited. */
  readonly #end: number
  readonly #visited = new Set<number>()
  /** Every position before this one is visited for good: only a shortcut. */
  #start = 0

  /** Throws UNSUPPORTED for more than 2 ** 52 points. */
  constructor(problem: Problem, tree: GridTree, walk: GridWalk) {
    const { shuffle, sample, whole } = walk
    if (tree.size > mostPoints) throw new AttuneError('UNSUPPORTED', `The ${whole} has more than 2 ** 52 points: take fewer points of some numbers with grid({ points: { path: 3 } }).`)
    this.#problem = problem
    this.#walk = walk
    this.#tree = tree
    this.#numberAt = shuffle ? randomOrder(tree.size, problem.random.stream(-1, 'grid')) : (position) => position
    this.#end = Math.ceil(sample * tree.size)
  }

  observe(trial: TrialRecord): void {
    // These say nothing about the point: it is tried again.
    if (trial.failure?.reason === 'aborted' || trial.failure?.reason === 'lost') return
    this.#visited.add(this.#tree.numberOf(trial.flatParams))
  }

  suggest({ running, signal }: SuggestContext): Suggestion | Exhausted | Promise<Suggestion | Exhausted> {
    const { history } = this.#problem
    const paused = history.paused().map((number) => history.trial(number))
    const busy = new Set([...running, ...paused].map(({ flatParams }) => this.#tree.numberOf(flatParams)))
    const found = this.#search(busy, this.#start)
    return typeof found === 'number' ? this.#searchOn(busy, found, signal) : found
  }

  /** Goes on where a part had nothing; other work has its turn between the parts. Rejects when the signal aborts. */
  async #searchOn(busy: ReadonlySet<number>, from: number, signal: AbortSignal): Promise<Suggestion | Exhausted> {
    let found: Suggestion | Exhausted | number = from
    while (typeof found === 'number') {
      await new Promise((resolve) => void setTimeout(resolve))
      signal.throwIfAborted()
      found = this.#search(busy, found)
    }
    return found
  }

  /** Looks through one part of the positions; answers where to go on if there is nothing in it. */
  #search(busy: ReadonlySet<number>, from: number): Suggestion | Exhausted | number {
    const to = Math.min(this.#end, from + mostAtOnce)
    for (let position = from; position < to; position++) {
      const number = this.#numberAt(position)
      if (this.#isDone(number)) {
        if (position === this.#start) this.#start++
        continue
      }
      if (!busy.has(number)) return { params: this.#tree.at(number), explanation: this.#walk.explanation }
    }
    if (to < this.#end) return to
    const part = this.#end < this.#tree.size ? `${this.#end} of the ${this.#tree.size}` : String(this.#tree.size)
    return { exhausted: `All points of the ${this.#walk.whole} have been visited (${part}${this.#problem.space.constraints.length > 0 ? ', without those that break a constraint' : ''}).` }
  }

  #isDone(number: number): boolean {
    if (this.#visited.has(number)) return true
    const { space } = this.#problem
    return space.constraints.length > 0 && !(space.violation(this.#tree.at(number)) <= 0)
  }
}
