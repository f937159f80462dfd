import { type Awaitable, type Explanation, isAttuneError, type Problem, type RandomStream, type Sampler, type SamplerFactory, type SuggestContext, type Suggestion, type TrialRecord } from '@attune/core'
import { atOnce, inParts } from '../in-parts.ts'
import { evenly } from '../model/evenly.ts'
import { halfRank, type TransformedLosses } from '../model/half-rank.ts'
import { type ModelRows, Trials } from '../model/model-rows.ts'
import { Points } from '../model/points.ts'
import { scalarised } from '../model/scalarised.ts'
import { scaled } from '../model/scaled-margins.ts'
import { unitsOf } from '../model/units-of.ts'
import { unseenPoint } from '../model/unseen-point.ts'
import { Acquisition, expectedImprovement, staysBelow, survival, type Term } from './acquisition.ts'
import { keptRows } from './kept-rows.ts'
import { type ForestSettings, RandomForest } from './random-forest.ts'
import { search } from './search.ts'
import { type ForestOptions, type ForestSampling, settingsOf } from './settings.ts'

/** Local searches that start at the best trials. */
const observedStarts = 6
/** A forest is grown from so many rows times dimensions at most, but from this many rows in any case. */
const mostCoordinates = 10_000
const leastRows = 200
/** Of trees, `ForestSettings.unknown`: chosen on benchmarks, docs/decisions/forest-experiments.md. */
const unknown = 0.1
/** The part of random trials where there are branches and numbers without a step, as in SMAC everywhere. */
const branchedShare = 0.2
/** From so many coordinates or dimensions on, other work has its turn while a suggestion is computed: it takes long to grow a forest from many trials, and to search in many dimensions. */
const pausesFrom = { coordinates: 2_000, dimensions: 40 }

const startup: Explanation = { model: 'prior', why: 'Drawn from the priors: the forest is grown when enough trials have ended.' }
const elsewhere: Explanation = { model: 'prior', why: 'Drawn from the priors, as one trial in some is, lest the forest stays where it was lucky.' }
const nothingFound: Explanation = { model: 'prior', why: 'Drawn from the priors: around what the forest found promising nothing new was left.' }
const whyFeasible = 'Where a trial is likeliest to end well and to keep its constraints: none has yet.'
const whyImprovement = 'The largest improvement on the best trial is expected here.'
const whyWeighted = 'The largest improvement is expected here, weighed by the probability that the trial succeeds and keeps its constraints.'
const whyCompromise = 'The largest improvement is expected here, for weights of the objectives that were drawn for this trial.'

/**
 * A random forest with expected improvement, in the manner of SMAC (Hutter, Hoos & Leyton-Brown 2011; Lindauer et al. 2022): the next trial is where the trees
 * expect the largest improvement on the best one, found by local search from the best trials and from draws of the priors.
 *
 * Works on every space; branches and absent parameters are splits of the trees. Trials that run count with what is expected of them. Where trials fail or break
 * outcome constraints, forests of these outcomes say how probable that is. Several objectives become one by weights drawn for each trial (ParEGO).
 * Throws OPTION for an option out of range.
 */
export function forest(options: ForestOptions = {}): SamplerFactory {
  const settings = settingsOf(options)
  return { specVersion: 'v1', id: 'forest', revision: 1, create: (problem) => new ForestSampler(problem, settings) }
}

class ForestSampler implements Sampler {
  readonly #problem: Problem
  readonly #settings: ForestSampling
  readonly #trials: Trials
  #points: Points | undefined

  constructor(problem: Problem, settings: ForestSampling) {
    this.#problem = problem
    this.#settings = settings
    this.#trials = new Trials(problem)
  }

  observe(trial: TrialRecord): void {
    this.#trials.add(trial)
  }

  suggest({ random, running, signal }: SuggestContext): Awaitable<Suggestion> {
    const { space, history } = this.#problem
    const { length } = this.#trials
    if (space.dimensions.length === 0) return { params: space.sample(random), explanation: startup }
    if (this.#points?.space !== space) this.#points = new Points(space)
    const points = this.#points
    const busy = running.map((trial) => space.encode(trial.flatParams))
    const paused = history.paused().map((number) => space.encode(history.trial(number).flatParams))
    const busyKeys = new Set([...busy, ...paused].map((units) => points.key(units, 0)))
    const isSeen = (key: string): boolean => this.#trials.observations.hasSeen(key) || busyKeys.has(key)
    if (length < this.#settings.startupTrials) return fromPrior(points, isSeen, random, startup)
    if (random.uniform() < this.#randomShare(points)) {
      try {
        return fromPrior(points, isSeen, random, elsewhere)
      } catch (error) {
        if (!isAttuneError(error, 'NEARLY_INFEASIBLE')) throw error // The model looks around points that it knows.
      }
    }
    const steps = this.#suggestByModel(points, busy, isSeen, random)
    const isShort = points.width < pausesFrom.dimensions && Math.min(mostCoordinates, length * points.width) < pausesFrom.coordinates
    return isShort ? atOnce(steps) : inParts(steps, signal)
  }

  /** Among numbers in branches a forest is sure too soon which branch is the best. */
  #randomShare({ axes }: Points): number {
    return this.#settings.randomShare ?? (axes.some(({ dimension }) => dimension.cells === Infinity) && axes.some(({ dimension }) => dimension.conditions.length > 0) ? branchedShare : 0)
  }

  * #suggestByModel(points: Points, busy: readonly Float64Array[], isSeen: (key: string) => boolean, random: RandomStream): Generator<void, Suggestion, undefined> {
    const { observations } = this.#trials
    const { width, space } = points
    const several = this.#problem.objectives.length > 1
    const rows = keptRows(this.#trials.rows(width, several && observations.length > 0 ? scalarised(observations, random) : undefined), width, this.#mostRows(width))
    const hasFeasible = observations.feasibleCount > 0
    const terms = [...(yield* this.#survivalTerm(points, random)), ...(hasFeasible ? yield* this.#constraintTerms(points, random) : [])]
    const transformed = halfRank(rows.losses)
    // Without a feasible trial the losses are the order of merit: a smaller violation, or of paused trials a smaller loss, is the improvement.
    const loss = rows.count > 0 ? yield* this.#lossForest(points, rows, transformed.targets, busy, random) : undefined
    const all = loss === undefined ? terms : [expectedImprovement(loss.forest, loss.incumbent), ...terms]
    const isGood = (units: Float64Array, offset: number): boolean => {
      const key = points.key(units, offset)
      return (key === undefined || !isSeen(key)) && points.allows(units, offset)
    }
    const observed = Array.from(rows.order.subarray(0, observedStarts), (row) => rows.units.slice(row * width, (row + 1) * width))
    const found = yield* search({ points, acquisition: new Acquisition(all), observed, draws: this.#settings.draws, isGood, random })
    if (found === undefined) return fromPrior(points, isSeen, random, nothingFound)
    const why = !hasFeasible ? whyFeasible : several ? whyCompromise : terms.length > 0 ? whyWeighted : whyImprovement
    const predicted = loss === undefined || several || !hasFeasible ? [] : this.#expected(loss.forest, transformed, found)
    return { params: space.decode(found), explanation: { model: 'random forest', why, ...(predicted.length > 0 && { predicted }) } }
  }

  /** The forest of losses, and the best of them among trials that are of use. Trials that run are added with what is expected of them. */
  * #lossForest(points: Points, rows: ModelRows, targets: Float64Array, busy: readonly Float64Array[], random: RandomStream): Generator<void, { readonly forest: RandomForest; readonly incumbent: number }, undefined> {
    const { width, axes } = points
    const { noisy } = this.#settings
    const settings = this.#forestSettings(noisy)
    let forest = yield* RandomForest.fitInParts(axes, rows.units, targets, settings, random)
    if (busy.length > 0) {
      const units = new Float64Array((rows.count + busy.length) * width)
      units.set(rows.units)
      busy.forEach((point, i) => units.set(point, (rows.count + i) * width))
      const believed = new Float64Array(rows.count + busy.length)
      believed.set(targets)
      forest.predict(units.subarray(rows.count * width), busy.length, believed.subarray(rows.count), new Float64Array(busy.length))
      forest = yield* RandomForest.fitInParts(axes, units, believed, settings, random)
    }
    // The lowest of noisy values is lucky: what the trees say of the trials is nearer to the truth.
    const values = noisy ? new Float64Array(rows.count) : targets
    if (noisy) forest.predict(rows.units, rows.count, values, new Float64Array(rows.count))
    const useful = rows.order.subarray(0, Math.max(1, rows.usefulCount))
    return { forest, incumbent: useful.reduce((least, row) => Math.min(least, values[row] as number), Infinity) }
  }

  /** The probability that a trial does not fail; nothing while none has. */
  * #survivalTerm(points: Points, random: RandomStream): Generator<void, readonly Term[], undefined> {
    const { observations } = this.#trials
    const rows = this.#byNumber()
    const failed = rows.filter((row) => observations.hasFailed(row))
    if (failed.length === 0) return []
    const most = this.#mostRows(points.width) >> 1
    const some = [...evenly(failed, most), ...evenly(rows.filter((row) => !observations.hasFailed(row)), most)]
    const labels = Float64Array.from(some, (row) => (observations.hasFailed(row) ? 1 : 0))
    return [survival(yield* RandomForest.fitInParts(points.axes, unitsOf(observations, some, points.width), labels, this.#forestSettings(true), random))]
  }

  /** The probability that a trial keeps each of the outcome constraints of which one was ever broken. */
  * #constraintTerms(points: Points, random: RandomStream): Generator<void, readonly Term[], undefined> {
    const { observations } = this.#trials
    const rows = this.#byNumber()
    const terms: Term[] = []
    for (let constraint = 0; constraint < this.#problem.constraints.length; constraint++) {
      const margin = (row: number): number => observations.margins(row)[constraint] as number
      const measured = evenly(rows.filter((row) => !Number.isNaN(margin(row))), this.#mostRows(points.width))
      if (measured.length < 2 || !measured.some((row) => margin(row) > 0)) continue
      const { targets, limit } = scaled(measured.map(margin))
      const units = unitsOf(observations, measured, points.width)
      terms.push(staysBelow(yield* RandomForest.fitInParts(points.axes, units, targets, this.#forestSettings(this.#settings.noisy), random), limit))
    }
    return terms
  }

  /** Rows in an order that does not depend on when they were told. */
  #byNumber(): readonly number[] {
    const { observations } = this.#trials
    return Array.from({ length: observations.length }, (_, row) => row).sort((a, b) => observations.numberOf(a) - observations.numberOf(b))
  }

  #mostRows(width: number): number {
    return Math.max(leastRows, Math.floor(mostCoordinates / width))
  }

  #forestSettings(noisy: boolean): ForestSettings {
    return { trees: this.#settings.trees, bootstrap: noisy, leastToSplit: noisy ? 4 : 2, unknown }
  }

  #expected(forest: RandomForest, { lossOf }: TransformedLosses, point: Float64Array): NonNullable<Explanation['predicted']> {
    const mean = new Float64Array(1)
    const variance = new Float64Array(1)
    forest.predict(point, 1, mean, variance)
    const { metric, direction } = this.#problem.objectives[0] as Problem['objectives'][number]
    const at = mean[0] as number
    const reach = Math.sqrt(variance[0] as number)
    const expected = lossOf(at)
    const deviation = lossOf(at + reach) / 2 - lossOf(at - reach) / 2
    return Number.isFinite(expected) && Number.isFinite(deviation) ? [{ metric, mean: direction === 'minimize' ? expected : -expected, deviation: Math.max(0, deviation) }] : []
  }
}

/** A point that was not tried before, as far as one is found. */
function fromPrior(points: Points, isSeen: (key: string) => boolean, random: RandomStream, explanation: Explanation): Suggestion {
  const point = unseenPoint(points, isSeen, random)
  return { params: point === undefined ? points.space.sample(random) : points.space.decode(point), explanation }
}
