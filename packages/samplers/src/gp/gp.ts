import { AttuneError, type Explanation, type Json, type Problem, type Sampler, type SamplerFactory, type SearchSpace, type SuggestContext, type Suggestion, type TrialRecord } from '@attune/core'
import { Feasibility } from '../feasibility/feasibility.ts'
import { checkKnown } from '../known-options.ts'
import { OwnNotes } from '../model/own-notes.ts'
import { Points } from '../model/points.ts'
import { confidenceBound, logExpectedImprovement, SumOfTerms, type Term } from './acquisition.ts'
import { everyPoint } from './every-point.ts'
import { fit } from './fit.ts'
import { FrontModel, mostObjectives } from './front-model.ts'
import { GaussianProcess } from './gaussian-process.ts'
import { expectationOf, type Goal, latentOf, shortestLengths } from './goal.ts'
import { halfRank } from './half-rank.ts'
import { defaults, fromNote, isFitNote, type LogHyperparameters, noteOf, rounded } from './hyperparameters.ts'
import { type Layout, layoutOf } from './layout.ts'
import { LocalSearch } from './local-search.ts'
import { type ModelRows, Trials } from './model-rows.ts'
import { scalarised } from './scalarised.ts'
import { search } from './search.ts'
import { Taken } from './taken.ts'

/** Options of `gp`. */
export interface GpOptions {
  /** Trials drawn from the priors before the model is used, at least 2. Default 10. */
  readonly startupTrials?: number
}

const fitIterations = 60
/** Incumbents whose changed copies are candidates in discrete spaces. */
const parents = 5
/** So many trials without a better one count as stuck. */
const stuckAfter = 10
const stuckDeviations = 1.8
const drawsForNew = 50

/**
 * Gaussian process with expected improvement.
 */
export function gp(options: GpOptions = {}): SamplerFactory {
  checkKnown('gp', options, ['startupTrials'])
  const { startupTrials = 10 } = options
  if (!Number.isSafeInteger(startupTrials) || startupTrials < 2) throw new AttuneError('OPTION', `gp({ startupTrials }) takes a whole number from 2, not ${String(startupTrials)}.`, { details: { name: 'startupTrials', value: startupTrials } })
  const settings = { startupTrials }
  return {
    specVersion: 'v1',
    id: 'gp',
    revision: 1,
    create: (problem) => new GpSampler(problem, settings),
  }
}

class GpSampler implements Sampler {
  readonly #problem: Problem
  readonly #settings: Required<GpOptions>
  readonly #trials: Trials
  readonly #notes: OwnNotes
  readonly #feasibility: Feasibility
  readonly #front: FrontModel
  #points: Points | undefined
  #layout: Layout | undefined

  constructor(problem: Problem, settings: Required<GpOptions>) {
    this.#problem = problem
    this.#settings = settings
    this.#trials = new Trials(problem)
    this.#notes = new OwnNotes(problem.history, 'gp', isFitNote)
    this.#feasibility = new Feasibility(problem)
    this.#front = new FrontModel(problem)
  }

  observe(trial: TrialRecord): void {
    this.#trials.add(trial)
  }

  suggest(context: SuggestContext): Suggestion {
    const { space } = this.#problem
    const running = context.running.map((trial) => space.encode(trial.flatParams))
    if (space.dimensions.length === 0) return { params: space.sample(context.random) }
    if (this.#points?.space !== space) {
      this.#points = new Points(space)
      this.#layout = layoutOf(this.#points.axes)
    }
    const taken = new Taken(this.#trials.observations, space.dimensions.length, running)
    if (this.#trials.observations.length < this.#settings.startupTrials) return { params: this.#drawNew(space, taken, context), explanation: startup }
    return this.#suggestByModel(this.#points, this.#layout as Layout, taken, running, context)
  }

  #suggestByModel(points: Points, layout: Layout, taken: Taken, running: readonly Float64Array[], context: SuggestContext): Suggestion {
    const discrete = points.axes.every(({ dimension }) => dimension.cells < Infinity)
    const { acquisition, lengths, incumbents, climbed, why, expect, note } = this.#goal(layout, running, discrete, context)
    const found = search({
      points,
      acquisition,
      localSearch: new LocalSearch(points, acquisition, lengths),
      taken,
      incumbents: incumbents.map(latentOf),
      climbed,
      mutate: discrete,
      random: context.random,
    })
    const kept = note === undefined ? {} : { note }
    if (found === undefined) return { params: this.#drawNew(points.space, taken, context), explanation: nothingFound, ...kept }
    const predicted = expect(found)
    const explanation: Explanation = { model: 'Gaussian process', why, ...(predicted.length > 0 && { predicted }) }
    return { params: points.space.decode(found), explanation, ...kept }
  }

  #goal(layout: Layout, running: readonly Float64Array[], discrete: boolean, context: SuggestContext): Goal {
    const { observations } = this.#trials
    const { objectives } = this.#problem
    const terms = this.#feasibility.terms(observations, layout)
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
    if (objectives.length > 1 && objectives.length <= mostObjectives && observations.feasibleCount > 0) return this.#front.goal(layout, observations, running, terms)
    return this.#goalOfOne(layout, running, terms, discrete, context)
  }

  /** Improvement of one loss: the objective's, or one made of many objectives. */
  #goalOfOne(layout: Layout, running: readonly Float64Array[], terms: readonly Term[], discrete: boolean, { number, random }: SuggestContext): Goal {
    const { objectives } = this.#problem
    const many = objectives.length > 1
    const rows = this.#trials.rows(layout.width, many ? scalarised(this.#trials.observations, random) : undefined)
    const { targets, lossOf } = halfRank(rows.losses)
    const { model, note } = this.#model(layout, rows, targets)
    const mean = new Float64Array(1)
    const variance = new Float64Array(1)
    for (const point of running) {
      model.predict(point, 1, mean, variance)
      model.add(point, mean, 1)
    }
    const best = targets[rows.order[0] as number] as number
    const stuck = discrete && rows.sinceBest >= stuckAfter && number % 2 === 0
    const why = many ? whyScalarised : stuck ? whyStuck : whyImprovement
    return {
      acquisition: new SumOfTerms([{ model, utility: stuck ? confidenceBound(stuckDeviations) : logExpectedImprovement(best) }, ...terms]),
      lengths: shortestLengths([model, ...terms.map((term) => term.model)]),
      incumbents: rowsAt(rows.units, rows.order, layout.width),
      climbed: 1,
      why: terms.length > 0 ? `${why} ${whyWeighed}` : why,
      expect: (found) => (many ? [] : objectives.map((objective) => expectationOf(objective, model, found, lossOf))),
      note,
    }
  }

  /** The model at its fit, which begins at the last one that was kept. */
  #model(layout: Layout, rows: ModelRows, targets: Float64Array): { readonly model: GaussianProcess; readonly note: Json | undefined } {
    const last = this.#notes.latest()
    const options = { kernel: 'matern52', warping: true, noise: true, iterations: fitIterations } as const
    const tried = (start: LogHyperparameters): { readonly model: GaussianProcess; readonly vector: LogHyperparameters } | undefined => {
      const fitted = fit(layout, rows.units, targets, rows.count, start, options)
      if (fitted === undefined) return undefined
      const vector = rounded(fitted)
      const model = new GaussianProcess(layout, options.kernel, vector, rows.units, targets, rows.count)
      return model.isUsable ? { model, vector } : undefined
    }
    const good = (last === undefined ? undefined : tried(fromNote(layout, last.note as never))) ?? tried(defaults(layout))
    if (good !== undefined) return { model: good.model, note: noteOf(layout, good.vector, rows.count) }
    this.#problem.warn('The Gaussian process could not be fitted to the trials, so it is used with default length-scales and noise.')
    return { model: new GaussianProcess(layout, options.kernel, defaults(layout), rows.units, targets, rows.count), note: undefined }
  }

  /** A point from the prior, not one that is taken while others are left. */
  #drawNew(space: SearchSpace, taken: Taken, { random }: SuggestContext): Suggestion['params'] {
    let params = space.sample(random)
    for (let draw = 1; draw < drawsForNew; draw++) {
      if (!taken.has(space.encode(params), 0)) return params
      params = space.sample(random)
    }
    if (space.size < Infinity) {
      const points = new Points(space)
      for (const row of everyPoint(points)) if (!taken.has(row, 0) && points.allows(row, 0)) return space.decode(row)
    }
    return params
  }
}

const startup: Explanation = { model: 'prior', why: 'Drawn from the priors: the model begins when enough trials have ended.' }
const nothingFound: Explanation = { model: 'prior', why: 'Drawn from the priors: the model found no point that was not tried before.' }
const whyImprovement = 'The highest expected improvement over the best trial so far.'
const whyStuck = 'The best that may be there: after trials without a gain every second one looks further away.'

const whyScalarised = 'The highest expected improvement of one loss made of all objectives, whose weights are drawn for each trial.'
const whyWeighed = 'Weighed by the probability that the trial succeeds and keeps its constraints.'
const whyFeasible = 'Where a trial is likeliest to succeed and to keep its constraints: none has yet.'

/** The best rows. */
function rowsAt(units: Float64Array, order: Int32Array, width: number): readonly Float64Array[] {
  return Array.from(order.subarray(0, parents), (row) => units.slice(row * width, (row + 1) * width))
}
