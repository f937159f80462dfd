import { AttuneError, type Exhausted, type Problem, type Sampler, type SamplerFactory, type SuggestContext, type Suggestion, type TrialRecord } from '@attune/core'
import { checkKnown } from '../known-options.ts'
import { GridTree } from './grid-tree.ts'
import { type GridPoints, gridValues } from './grid-values.ts'
import { randomOrder } from './permutation.ts'

/** Options of `grid`. */
export interface GridOptions {
  /**
   * How many points to take of each number without a step, evenly on its scale with both ends; or by path how many
   * or which. `*` stands for one name: `{ learningRate: [1e-3, 1e-2], 'layers.*.dropout': 3 }`.
   * Parameters with a finite number of values give all of them unless they are named.
   */
  readonly points?: number | { readonly [path: string]: GridPoints }
  /** Visits the points in an order drawn from the study's seed, so that a study that is stopped early has seen a bit of everything. Default true. */
  readonly shuffle?: boolean
  /** Visits only this part of the grid, drawn at random; above 0, at most 1. Needs `shuffle`. Default 1. */
  readonly sample?: number
}

/**
 * Visits each point of a grid once: the full product of all values, in each branch of the space over what is active
 * there, without the points that break a constraint. A study that is resumed goes on with the points that no trial
 * has visited; when none is left the study ends.
 *
 * Throws UNSUPPORTED on creation of a study whose space is defined by running or has numbers without points, OPTION
 * for options out of range.
 */
export function grid(options: GridOptions = {}): SamplerFactory {
  checkKnown('grid', options, ['points', 'shuffle', 'sample'])
  const { points = {}, shuffle = true, sample = 1 } = options
  if (!(sample > 0 && sample <= 1)) throw new AttuneError('OPTION', `grid({ sample }) takes a part of the grid, above 0 and at most 1, not ${String(sample)}.`, { details: { sample } })
  if (!shuffle && sample < 1) throw new AttuneError('OPTION', 'grid({ sample }) draws its part at random: leave out shuffle: false, or the sample.')
  return {
    specVersion: 'v1',
    id: 'grid',
    revision: 1,
    create(problem) {
      const { space } = problem
      if (space.dimensions.length === 0 || space.dimensions.some(({ dynamic }) => dynamic)) {
        throw new AttuneError('UNSUPPORTED', 'A grid needs to know the space beforehand, but this one is defined by running: pass createStudy({ space }), or use random() or tpe().')
      }
      return new GridSampler(problem, new GridTree(space, gridValues(space, points)), shuffle, sample)
    },
  }
}

/** Positions that are looked at before other work has its turn: some ten milliseconds' worth where a constraint is asked. */
const mostAtOnce = 4096

class GridSampler implements Sampler {
  readonly #problem: Problem
  readonly #tree: GridTree
  readonly #numberAt: (position: number) => number
  /** Positions from here on are not visited. */
  readonly #end: number
  readonly #visited = new Set<number>()
  /** Every position before this one is visited for good: only a shortcut. */
  #start = 0

  constructor(problem: Problem, tree: GridTree, shuffle: boolean, sample: number) {
    this.#problem = problem
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
      if (!busy.has(number)) return { params: this.#tree.at(number) }
    }
    if (to < this.#end) return to
    const part = this.#end < this.#tree.size ? `${this.#end} of the ${this.#tree.size}` : String(this.#tree.size)
    return { exhausted: `All points of the grid have been visited (${part}${this.#problem.space.constraints.length > 0 ? ', without those that break a constraint' : ''}).` }
  }

  #isDone(number: number): boolean {
    if (this.#visited.has(number)) return true
    const { space } = this.#problem
    return space.constraints.length > 0 && !(space.violation(this.#tree.at(number)) <= 0)
  }
}
