import { exp, type Explanation, type FlatParams, log, type Problem, type RandomStream, type Sampler, type SearchSpace, type SuggestContext, type Suggestion, type TrialRecord } from '@attune/core'
import { canRepeat, Observations } from '../model/observations.ts'
import { pausedTrials } from '../model/paused-trials.ts'
import { Points } from '../model/points.ts'
import { unseenPoint } from '../model/unseen-point.ts'
import { goodRows } from './good-rows.ts'
import { JointModel } from './joint-model.ts'
import type { Answer, Model, Split } from './model.ts'
import { NearFront } from './near-front.ts'
import { UnivariateModel } from './univariate-model.ts'

export interface TpeSettings {
  readonly startupTrials: number
  readonly candidates: number
  readonly passes: number
  readonly goodFraction: number
  readonly mostGood: number
  readonly priorWeight: number
  readonly multivariate: boolean
}

/** With a single good observation the search would circle around the first lucky trial. */
const leastGood = 2

/** More bad observations than this are represented by so many of them, evenly through their order: the time of a suggestion stays flat. */
const mostBad = 200

const name = 'tree-structured Parzen estimator'
const drawn: Explanation = { model: 'prior', why: 'Drawn from the priors: there are too few results for a model.' }
const nothingNew: Explanation = { model: 'prior', why: 'Drawn from the priors: the model proposed no new point that keeps the constraints.' }

export class TpeSampler implements Sampler {
  readonly #problem: Problem
  readonly #settings: TpeSettings
  readonly #observations: Observations
  /** Of several objectives, those among which the good ones are. */
  readonly #nearFront: NearFront
  #points: Points | undefined
  #model: Model | undefined

  constructor(problem: Problem, settings: TpeSettings) {
    this.#problem = problem
    this.#settings = settings
    this.#observations = new Observations(problem)
    this.#nearFront = new NearFront(Math.max(leastGood, settings.mostGood))
  }

  observe(trial: TrialRecord): void {
    const { feasibleCount, length } = this.#observations
    this.#observations.add(trial)
    if (this.#problem.objectives.length > 1 && this.#observations.feasibleCount > feasibleCount) this.#nearFront.add(length, this.#observations.losses(length))
  }

  suggest(context: SuggestContext): Suggestion {
    return this.#observations.with(pausedTrials(this.#problem, mostBad), () => this.#suggest(context))
  }

  #suggest({ random, running }: SuggestContext): Suggestion {
    const { space } = this.#problem
    const { startupTrials, goodFraction, mostGood } = this.#settings
    const ended = this.#observations.endedCount
    if (space.dimensions.length === 0) return { params: space.sample(random), explanation: drawn }
    const points = this.#pointsOf(space)
    const busy = running.map((trial) => space.encode(trial.flatParams))
    const isSeen = this.#isSeen(points, busy)
    if (ended < startupTrials) return { params: this.#drawn(points, isSeen, random), explanation: drawn }
    const model = this.#model as Model
    const count = Math.min(Math.max(leastGood, Math.ceil(goodFraction * ended)), mostGood)
    const good = goodRows(this.#observations, count, this.#nearFront)
    const split: Split = { good, weights: goodWeights(good.length, this.#settings.priorWeight), bad: badRows(this.#observations, good), busy }
    const isAllowed = (units: Float64Array, offset: number): boolean => (isSeen === undefined || !isSeen(points.key(units, offset) ?? '')) && points.allows(units, offset)
    const answer = model.best((axis) => this.#observations.column(axis), split, isAllowed, random)
    if (answer !== undefined) return { params: space.decode(answer.units), explanation: this.#explain(answer, split) }
    this.#problem.warn('tpe() found no new point that keeps the constraints among those that its model proposed, and draws from the priors instead.')
    const other = unseenPoint(points, isSeen ?? (() => false), random)
    return { params: other === undefined ? space.sample(random) : space.decode(other), explanation: nothingNew }
  }

  /** From the priors: a point that is new, where there is one. */
  #drawn(points: Points, isSeen: ((key: string) => boolean) | undefined, random: RandomStream): FlatParams {
    const { space } = points
    const params = space.sample(random)
    const key = isSeen === undefined ? undefined : points.key(space.encode(params), 0)
    if (isSeen === undefined || key === undefined || !isSeen(key)) return params
    const other = unseenPoint(points, isSeen, random)
    return other === undefined ? params : space.decode(other)
  }

  /** The points of the space, and a model on them: made anew when the space has grown. */
  #pointsOf(space: SearchSpace): Points {
    if (this.#points?.space === space) return this.#points
    const points = new Points(space)
    this.#points = points
    this.#model = this.#settings.multivariate ? new JointModel(points.axes, this.#settings) : new UnivariateModel(points.axes, this.#settings)
    return points
  }

  /** Whether a point has been tried or runs, by its key; undefined if no point can be met again. */
  #isSeen(points: Points, busy: readonly Float64Array[]): ((key: string) => boolean) | undefined {
    if (!canRepeat(points.space)) return undefined
    const { history } = this.#problem
    const paused = history.paused().map((number) => points.space.encode(history.trial(number).flatParams))
    const busyKeys = new Set([...busy, ...paused].map((units) => points.key(units, 0)))
    return (key) => this.#observations.hasSeen(key) || busyKeys.has(key)
  }

  #explain({ score }: Answer, { good, bad, busy }: Split): Explanation {
    const what = this.#problem.objectives.length > 1 ? 'trials nearest to the Pareto front' : 'best trials'
    const others = this.#observations.length - good.length + busy.length
    const modelled = bad.length + busy.length
    const times = exp(Math.min(score, 690)).toPrecision(2)
    return { model: name, why: `Of points drawn around the ${good.length} ${what} the most promising, ${times} times as dense in those as in the other ${others}${modelled < others ? ` (of which ${modelled} are modelled)` : ''}.` }
  }
}

/** The better an observation, the heavier: weights log(n + 1) − log(rank), on average 1 (those of CMA-ES; no scale of the objective enters). The prior comes last. */
function goodWeights(count: number, prior: number): Float64Array {
  const weights = new Float64Array(count + 1)
  let sum = 0
  for (let i = 0; i < count; i++) sum += weights[i] = log((count + 1) / (i + 1))
  for (let i = 0; i < count; i++) weights[i] = ((weights[i] as number) * count) / sum
  weights[count] = prior
  return weights
}

/** The rows that are not good, from the best to the worst: all, or so many that time allows, evenly. */
function badRows({ order, length }: Observations, good: Int32Array): Int32Array {
  const taken = new Set(good)
  const kept = Math.min(length, mostBad + good.length)
  const rows = new Int32Array(kept)
  let count = 0
  for (let i = 0; i < kept; i++) {
    const row = order[Math.floor(((i + 0.5) * length) / kept)] as number
    if (!taken.has(row)) rows[count++] = row
  }
  return rows.subarray(0, count)
}
