import { AttuneError, type Dimension, type Exhausted, type Explanation, type Problem, type Sampler, type SamplerFactory, type SearchSpace, type SuggestContext, type Suggestion, type TrialRecord, type Wait } from '@attune/core'
import { GridSampler } from '../grid/grid-sampler.ts'
import { GridTree } from '../grid/grid-tree.ts'
import { gridValues } from '../grid/grid-values.ts'
import { randomOrder } from '../grid/permutation.ts'
import { checkKnown } from '../known-options.ts'
import { RunTree } from './run-tree.ts'

/** Options of `exhaustive`. */
export interface ExhaustiveOptions {
  /** Visits the points in an order drawn from the study's seed, so that a study that is stopped early has seen a bit of everything. Default true. */
  readonly shuffle?: boolean
}

const explanation: Explanation = Object.freeze({ model: 'none', why: 'It is a point of the space that no trial has had.' })

/**
 * Visits every point of a finite space once, then the study ends. A declared space is a `grid` of all its values. A space that is defined by
 * running is walked as a tree of what code met after which values: each trial shows what there is below the values that it was first to have.
 *
 * Safe with any number of workers: what runs is taken as visited, and where a running trial must show first what there is, the others wait for it. A trial that was
 * aborted or lost is made up for; a failed one has been visited.
 *
 * Throws UNSUPPORTED, on creation of a study, for numbers without a step in a declared space, and OPTION. One that is met while running is drawn
 * from its prior for each point of the other parameters, with a warning.
 */
export function exhaustive(options: ExhaustiveOptions = {}): SamplerFactory {
  checkKnown('exhaustive', options, ['shuffle'])
  const { shuffle = true } = options
  if (typeof shuffle !== 'boolean') throw new AttuneError('OPTION', `exhaustive({ shuffle }) takes true or false, not ${String(shuffle)}.`, { details: { shuffle } })
  return { specVersion: 'v1', id: 'exhaustive', revision: 1, create: (problem) => create(problem, shuffle) }
}

function create(problem: Problem, shuffle: boolean): Sampler {
  const { space } = problem
  if (space.dimensions.length === 0 || space.dimensions.some(({ dynamic }) => dynamic)) return new RunSampler(problem, shuffle)
  const endless = space.dimensions.find(isEndless)
  if (endless !== undefined) throw new AttuneError('UNSUPPORTED', `'${endless.path}' is a number without a step, so it has no last value: give it a step, or use grid({ points: 5 }).`, { details: { path: endless.path } })
  return new GridSampler(problem, new GridTree(space, gridValues(space, {})), { shuffle, sample: 1, explanation, whole: 'space' })
}

function isEndless({ cells }: Dimension): boolean {
  return cells === Infinity
}

/** Walks a space that is defined by running. */
class RunSampler implements Sampler {
  readonly #problem: Problem
  readonly #shuffle: boolean
  readonly #tree: RunTree
  #space: SearchSpace | undefined
  #dimensions: ReadonlyMap<string, Dimension> = new Map()

  constructor(problem: Problem, shuffle: boolean) {
    this.#problem = problem
    this.#shuffle = shuffle
    this.#tree = new RunTree((path) => this.#dimension(path)?.cells ?? Infinity)
  }

  observe(trial: TrialRecord): void {
    // These say nothing about the point: it is tried again.
    if (trial.failure?.reason === 'aborted' || trial.failure?.reason === 'lost') return
    const listed = Object.entries(trial.flatParams).filter(([path]) => (this.#dimension(path)?.cells ?? Infinity) < Infinity)
    this.#tree.add(Object.fromEntries(listed))
  }

  suggest({ random, running }: SuggestContext): Suggestion | Exhausted | Wait {
    const { space, history } = this.#problem
    const endless = space.dimensions.find(isEndless)
    if (endless !== undefined) this.#problem.warn(`'${endless.path}' is a number without a step, so not all of its values can be visited: all points of the other parameters are, each with one value of it. Give it a step.`)
    if (this.#tree.complete) return { exhausted: 'All points that the code met have been visited' }
    if (this.#tree.empty) return running.length > 0 ? { wait: true } : { params: space.sample(random), explanation }
    const open = [...running, ...history.paused().map((number) => history.trial(number))]
    const order = this.#shuffle ? (cells: number) => randomOrder(cells, random) : () => (position: number) => position
    const chosen = this.#tree.next(open.map(({ flatParams }) => flatParams), (path, cell) => (this.#dimension(path) as Dimension).valueAt(cell), order)
    if (chosen !== undefined) return { params: { ...space.sample(random), ...chosen }, explanation }
    return running.length > 0 ? { wait: true } : { exhausted: 'All points have been visited but those of paused trials' }
  }

  #dimension(path: string): Dimension | undefined {
    const { space } = this.#problem
    if (this.#space !== space) {
      this.#space = space
      this.#dimensions = new Map(space.dimensions.map((dimension) => [dimension.path, dimension]))
    }
    return this.#dimensions.get(path)
  }
}
