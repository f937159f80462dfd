import type { Awaitable, Explanation, Problem, Sampler, SamplerFactory, SearchSpace, SuggestContext, Suggestion, TrialRecord } from '@attune/core'
import { Feasibility } from '../feasibility/feasibility.ts'
import { atOnce, inParts } from '../in-parts.ts'
import { Trials } from '../model/model-rows.ts'
import { Points } from '../model/points.ts'
import { scalarised } from '../model/scalarised.ts'
import { unseenPoint } from '../model/unseen-point.ts'
import { mostSobolDimensions } from '../quasi-random/directions.ts'
import { Sobol } from '../quasi-random/sobol.ts'
import { SumOfTerms } from '../gaussian-process/acquisition.ts'
import { FrontModel, mostObjectives } from './front-model.ts'
import { type Goal, shortestLengths } from './goal.ts'
import { latentOf, snapRow, writePoint } from './latent.ts'
import { type Layout, layoutOf } from '../gaussian-process/layout.ts'
import { LocalSearch } from './local-search.ts'
import { LossModel } from './loss-model.ts'
import { search } from './search.ts'
import { type GpOptions, type GpSettings, settingsOf } from './settings.ts'
import { Taken } from './taken.ts'
import { regionOf } from './trust-region.ts'

/** Trials before the model is used: where there are no numbers without a step it needs more of them. */
const startupOfCells = 10
const startupOfNumbers = 6
/** From so many trials times parameters (and ten more) on a suggestion may take so long that other work has its turn in between. */
const pausesFrom = 3000

/**
 * Bayesian optimisation with a Gaussian process (Jones et al. 1998, with the parts that docs/samplers/gp.md names): a model of the objective over all
 * parameters, conditional ones among them, and the next trial is where the expected improvement over the best is highest.
 *
 * Works on every space. Running trials count with what is expected of them, pruned ones with their last loss but not as better than the
 * median; failures and outcome constraints are learned and avoided. Several objectives: the expected gain of hypervolume.
 * A suggestion takes about 20 ms after 100 trials and 80 ms after 1,000, and not more after that.
 * Throws OPTION for an option that is unknown or out of range.
 */
export function gp(options: GpOptions = {}): SamplerFactory {
  const settings = settingsOf(options)
  return { specVersion: 'v1', id: 'gp', revision: 1, create: (problem) => new GpSampler(problem, settings) }
}

class GpSampler implements Sampler {
  readonly #problem: Problem
  readonly #settings: GpSettings
  readonly #trials: Trials
  readonly #loss: LossModel
  readonly #feasibility: Feasibility
  readonly #front: FrontModel
  #points: Points | undefined
  #layout: Layout | undefined

  constructor(problem: Problem, settings: GpSettings) {
    this.#problem = problem
    this.#settings = settings
    this.#trials = new Trials(problem)
    this.#loss = new LossModel(problem, settings)
    this.#feasibility = new Feasibility(problem)
    this.#front = new FrontModel(problem, settings)
  }

  observe(trial: TrialRecord): void {
    this.#trials.add(trial)
  }

  suggest(context: SuggestContext): Awaitable<Suggestion> {
    const { space, history } = this.#problem
    const running = context.running.map((trial) => space.encode(trial.flatParams))
    if (space.dimensions.length === 0) return { params: space.sample(context.random), explanation: startup }
    if (this.#points?.space !== space) {
      this.#points = new Points(space)
      this.#layout = layoutOf(this.#points.axes)
    }
    const paused = history.paused().map((number) => space.encode(history.trial(number).flatParams))
    const taken = new Taken(space, this.#trials.observations, [...running, ...paused])
    const { length } = this.#trials
    if (length < this.#startupTrials(space)) return { params: this.#spread(this.#points, taken, context), explanation: startup }
    const steps = this.#suggestByModel(this.#points, this.#layout as Layout, taken, running, context)
    return length * (space.dimensions.length + 10) < pausesFrom ? atOnce(steps) : inParts(steps, context.signal)
  }

  * #suggestByModel(points: Points, layout: Layout, taken: Taken, running: readonly Float64Array[], context: SuggestContext): Generator<void, Suggestion, undefined> {
    const discrete = points.axes.every(({ dimension }) => dimension.cells < Infinity)
    const { acquisition, lengths, incumbents, climbed, isUnknown, why, expect, note } = yield* this.#goal(layout, running, discrete, context)
    const region = this.#problem.objectives.length > 1 ? undefined : regionOf(layout, this.#trials.observations, lengths, this.#startupTrials(points.space))
    const found = yield* search({
      points,
      acquisition,
      localSearch: new LocalSearch(points, acquisition, lengths, region, discrete ? (units, offset) => taken.has(units, offset) : undefined),
      taken,
      incumbents: incumbents.map((point) => latentOf(points, point)),
      climbed,
      isUnknown,
      mutate: discrete,
      region,
      random: context.random,
    })
    const kept = note === undefined ? {} : { note }
    if (found === undefined) return { params: drawNew(points, taken, context), explanation: nothingFound, ...kept }
    const predicted = expect(found)
    const explanation: Explanation = { model: 'Gaussian process', why: region === undefined ? why : `${why} ${whyNear}`, ...(predicted.length > 0 && { predicted }) }
    return { params: points.space.decode(found), explanation, ...kept }
  }

  * #goal(layout: Layout, running: readonly Float64Array[], discrete: boolean, context: SuggestContext): Generator<void, Goal, undefined> {
    const { observations } = this.#trials
    const { objectives } = this.#problem
    const terms = yield* this.#feasibility.terms(observations, layout)
    if (observations.feasibleCount === 0 && terms.length > 0) {
      const { order, units } = this.#trials.rows(layout.width)
      return {
        acquisition: new SumOfTerms(terms),
        lengths: shortestLengths(terms.map(({ model }) => model)),
        incumbents: rowsAt(units, order, layout.width),
        climbed: 1,
        why: whyFeasible,
        expect: () => [],
      }
    }
    const byFront = objectives.length > 1 && objectives.length <= mostObjectives && observations.feasibleCount > 0
    // Every second trial by a loss made of all: what would be gained at the ends of a front draws trials there that gain nothing.
    if (byFront && (context.turn ?? context.number) % 2 === 0) return yield* this.#front.goal(layout, observations, running, terms)
    const lossAt = objectives.length > 1 && observations.length > 0 ? scalarised(observations, context.random) : undefined
    return yield* this.#loss.goal({ layout, rows: this.#trials.rows(layout.width, lossAt), running, terms, discrete, context })
  }

  #startupTrials({ size }: SearchSpace): number {
    return this.#settings.startupTrials ?? (size < Infinity ? startupOfCells : startupOfNumbers)
  }

  /** A point of a sequence that covers the space evenly, as its priors have it. */
  #spread(points: Points, taken: Taken, context: SuggestContext): Suggestion['params'] {
    const { space, width } = points
    if (width <= mostSobolDimensions) {
      const latent = new Float64Array(width)
      const units = new Float64Array(width)
      new Sobol(width, this.#problem.random.stream(-1, 'gp').bits()).point(context.turn ?? context.number, latent)
      snapRow(points, latent, 0, true)
      writePoint(points, latent, 0, units, 0)
      if (points.allows(units, 0) && !taken.has(units, 0)) return space.decode(units)
    }
    return drawNew(points, taken, context)
  }
}

const startup: Explanation = { model: 'prior', why: 'Drawn from the priors: the model begins when enough trials have ended.' }
const whyNear = 'It was looked for around the best trial only: in so many dimensions the model is unsure of everything else.'
const nothingFound: Explanation = { model: 'prior', why: 'Drawn from the priors: the model found no point that was not tried before.' }
const whyFeasible = 'Where a trial is likeliest to succeed and to keep its constraints: none has yet.'

/** The best rows. */
function rowsAt(units: Float64Array, order: Int32Array, width: number): readonly Float64Array[] {
  return Array.from(order.subarray(0, 5), (row) => units.slice(row * width, (row + 1) * width))
}

/** A point from the prior, as far as is found not one that is taken. */
function drawNew(points: Points, taken: Taken, { random }: SuggestContext): Suggestion['params'] {
  const { space } = points
  const params = space.sample(random)
  if (!taken.has(space.encode(params), 0)) return params
  const point = unseenPoint(points, (key) => taken.hasCells(key), random)
  return point === undefined ? params : space.decode(point)
}
