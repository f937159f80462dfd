import type { Objective, Problem } from '@attune/core'
import { GrowingFit, sizeWithin } from '../feasibility/growing-fit.ts'
import { boxesAround } from '../hypervolume/boxes.ts'
import { EhviAcquisition } from '../hypervolume/ehvi-acquisition.ts'
import { frontsOf, leastCrowded } from '../model/domination.ts'
import { evenly } from '../model/evenly.ts'
import type { Observations } from '../model/observations.ts'
import { worstWithoutOutliers } from '../model/outliers.ts'
import { unitsOf } from '../model/units-of.ts'
import { SumOfTerms, type Term } from '../gaussian-process/acquisition.ts'
import { GaussianProcess } from '../gaussian-process/gaussian-process.ts'
import { expectationOf, type Goal, shortestLengths } from './goal.ts'
import type { Layout } from '../gaussian-process/layout.ts'
import type { GpSettings } from './settings.ts'
import { SumOfAcquisitions } from './sum-of-acquisitions.ts'

/** For more objectives there are too many boxes. */
export const mostObjectives = 4

/** The models see so many trials beside the front at most, evenly through the history. */
const mostRows = 240
const mostFitted = 160
/** Fronts of more points are thinned: boxes are about n² for four objectives. */
const mostOfFront = [60, 60, 60, 40, 24] as const
/** What is worse than this part of all outcomes, and than the whole front, is of no use. */
const acceptable = 0.9
/** The reference point is beyond that, in parts of the distance from the best. */
const beyond = 0.1
/** Losses above this would overflow when squared. */
const largest = 1e100
const mostIncumbents = 4
const why = 'The highest expected gain of the Pareto front.'
const whyWeighed = 'The highest expected gain of the Pareto front, weighed by the probability that the trial succeeds and keeps its constraints.'

/** One objective. */
interface Column {
  readonly scale: Scale
  readonly loss: (row: number) => number
  /** Of the rows that the model is made of. */
  readonly targets: Float64Array
  readonly model: GaussianProcess
}

/** One Gaussian process for each of several objectives, and what may be gained beyond their front. */
export class FrontModel {
  readonly #objectives: readonly Objective[]
  readonly #settings: GpSettings
  readonly #fits: readonly GrowingFit[]

  constructor({ objectives }: Problem, settings: GpSettings) {
    const { kernel, warping, noise } = settings
    this.#objectives = objectives
    this.#settings = settings
    this.#fits = objectives.map(() => new GrowingFit({ kernel, warping, noise: noise === 'learned', iterations: 60 }))
  }

  /**
   * Gain of the front, at least one point of which is known; yields where other work may have its turn.
   * @param running points that are being measured: the models take their means for what will come out
   */
  * goal(layout: Layout, observations: Observations, running: readonly Float64Array[], terms: readonly Term[]): Generator<void, Goal, undefined> {
    const { width } = layout
    const feasible = Array.from(observations.order.subarray(0, observations.feasibleCount))
    const front = frontRows(observations, feasible)
    const complete = completeRows(observations)
    const rows = thinned(observations, complete, front)
    const units = unitsOf(observations, rows, width)
    const fitted = complete.slice(0, sizeWithin(complete.length, mostFitted))
    const key = fitted.map((row) => observations.numberOf(row)).join()
    const fittedUnits = unitsOf(observations, fitted, width)
    const columns: Column[] = []
    for (const [objective, one] of this.#fits.entries()) {
      const loss = (row: number): number => observations.losses(row)[objective] as number
      const scale = scaleOf(rows.map(loss), Math.max(...front.map(loss)))
      const losses = fitted.map(loss)
      const own = scaleOf(losses, -Infinity)
      const hyperparameters = yield* one.at(layout, { key, rows: fittedUnits, targets: Float64Array.from(losses, own.targetOf), count: fitted.length })
      const targets = Float64Array.from(rows, (row) => scale.targetOf(loss(row)))
      columns.push({ scale, loss, targets, model: new GaussianProcess(layout, this.#settings.kernel, hyperparameters, units, targets, rows.length) })
      yield
    }
    const models = columns.map(({ model }) => model)
    const outcomes = front.map((row) => columns.map(({ scale, loss }) => scale.targetOf(loss(row))))
    const reference = columns.map(({ targets }, objective) => {
      const all = outcomes.map((outcome) => outcome[objective] as number)
      const seen = targets.toSorted()
      const most = Math.max(...all, seen[Math.floor(acceptable * seen.length)] as number)
      return most + beyond * Math.max(most - Math.min(...all), beyond)
    })
    outcomes.push(...believed(models, running))
    const gain = new EhviAcquisition(models, boxesAround(Float64Array.from(outcomes.flat()), Float64Array.from(reference)))
    return {
      acquisition: terms.length > 0 ? new SumOfAcquisitions([gain, new SumOfTerms(terms)]) : gain,
      lengths: shortestLengths([...models, ...terms.map(({ model }) => model)]),
      incumbents: leastCrowded(front.map((row) => observations.losses(row)), Array.from(front.keys()), mostIncumbents).map((place) => unitsOf(observations, [front[place] as number], width)),
      climbed: mostIncumbents,
      why: terms.length > 0 ? whyWeighed : why,
      expect: (found) => columns.map(({ model, scale }, objective) => expectationOf(this.#objectives[objective] as Objective, model, found, scale.lossOf)).filter(({ mean }) => Number.isFinite(mean)),
    }
  }
}

/** Adds running points to the models with their means, and answers these. */
function believed(models: readonly GaussianProcess[], running: readonly Float64Array[]): number[][] {
  const mean = new Float64Array(1)
  const variance = new Float64Array(1)
  return running.map((point) => models.map((model) => {
    model.predict(point, 1, mean, variance)
    model.add(point, mean, 1)
    return mean[0] as number
  }))
}

/** Rows of the first front among some, at most as many as can be handled, those that stand alone first. */
function frontRows(observations: Observations, feasible: readonly number[]): readonly number[] {
  const losses = feasible.map((row) => observations.losses(row))
  const first = frontsOf(losses, 1)[0] ?? []
  const most = mostOfFront[losses[0]?.length ?? 0] ?? 24
  return leastCrowded(losses, first, most).map((place) => feasible[place] as number)
}

/** Complete rows, also infeasible ones, by number. */
function completeRows(observations: Observations): readonly number[] {
  const rows: number[] = []
  for (let row = 0; row < observations.length; row++) if (observations.isComplete(row)) rows.push(row)
  return rows.sort((a, b) => observations.numberOf(a) - observations.numberOf(b))
}

/** The front, and at most so many of the other rows, by number. */
function thinned(observations: Observations, rows: readonly number[], front: readonly number[]): readonly number[] {
  const kept = new Set(front)
  return [...front, ...evenly(rows.filter((row) => !kept.has(row)), mostRows)].sort((a, b) => observations.numberOf(a) - observations.numberOf(b))
}

interface Scale {
  targetOf(loss: number): number
  lossOf(target: number): number
}

/**
 * Makes losses have mean 0 and variance 1. What is worse than the whole front cannot be gained, so there only the order is kept: beyond `pivot`
 * losses count by their logarithms. Outliers count as the worst of the others.
 */
function scaleOf(losses: readonly number[], pivot: number): Scale {
  const finite = losses.filter((loss) => Number.isFinite(loss))
  if (finite.length === 0) return { targetOf: () => 0, lossOf: () => NaN }
  const best = finite.reduce((low, loss) => Math.min(low, loss), Infinity)
  const worst = worstWithoutOutliers(finite)
  const factor = Math.min(1, largest / Math.max(1, Math.abs(best), Math.abs(worst)))
  const least = factor * best
  const most = factor * worst
  const middle = factor * median(finite)
  const bend = Math.min(most, Math.max(middle, factor * pivot))
  const better = finite.map((loss) => factor * loss).filter((loss) => loss <= bend)
  const unit = Math.sqrt(better.reduce((sum, loss) => sum + (loss - bend) ** 2, 0) / better.length) || 1
  const bent = (loss: number): number => {
    const clipped = Math.min(most, Math.max(least, factor * loss))
    return clipped <= bend ? clipped : bend + unit * Math.log1p((clipped - bend) / unit)
  }
  const values = losses.map(bent)
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  const deviation = variance > 0 ? Math.sqrt(variance) : 1
  return {
    targetOf: (loss) => (bent(loss) - mean) / deviation,
    lossOf(target) {
      const value = mean + deviation * target
      return (value <= bend ? value : bend + unit * Math.expm1((value - bend) / unit)) / factor
    },
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}
