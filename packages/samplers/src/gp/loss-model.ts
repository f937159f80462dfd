import type { Json, Objective, Problem, SuggestContext } from '@attune/core'
import type { ModelRows } from '../model/model-rows.ts'
import { OwnNotes } from '../model/own-notes.ts'
import { confidenceBound, logExpectedImprovement, logProbabilityBelow, SumOfTerms, type Term, type Utility, varied } from '../gaussian-process/acquisition.ts'
import { FeatureMap } from '../gaussian-process/features.ts'
import { fitInParts, type FitOptions } from '../gaussian-process/fit.ts'
import { GaussianProcess } from '../gaussian-process/gaussian-process.ts'
import { expectationOf, type Goal, shortestLengths } from './goal.ts'
import { defaults, type FitNote, fits, fromNote, isFitNote, type LogHyperparameters, noteOf, rounded } from '../gaussian-process/hyperparameters.ts'
import type { Layout } from '../gaussian-process/layout.ts'
import { type PathSource, SamplePath } from '../gaussian-process/sample-path.ts'
import type { GpSettings } from './settings.ts'
import { someRows } from './some-rows.ts'
import { SumOfAcquisitions } from './sum-of-acquisitions.ts'
import { targetsOf } from './targets.ts'

/** The model is made of so many trials at most, and its hyperparameters are fitted to so many. */
const mostRows = 400
const mostFitted = 200
const iterations = 60
/** Hyperparameters are fitted anew when there are more trials by 1 / 50, and by 1 at least. */
const refitPart = 50
/**
 * From this noise variance on (of targets of variance 1) the best trial may be but a lucky one. Not where points are cells: there no point is measured twice,
 * and what looks like noise is what a cell has beyond the trend, which can be gained.
 */
const noisy = 0.04
/** A point is unknown where more than this part of the signal's variance is left. There the best of evenly spread points is taken: a climb would end in a corner. */
const unknownPart = 0.4
/** Good trials whose changed copies are candidates in discrete spaces. */
const parents = 5
/** So many trials without a better one count as stuck. */
const stuckAfter = 10
const stuckDeviations = 1.8
const boundDeviations = 1.8
/**
 * For every second trial an improvement counts from this part of the distance between the median and the best loss on, divided by the number of trials: what can be
 * gained beside the best point is sure and small, and would be sought for ever before anything else. Not where trials fail or break constraints: what is unknown
 * would be tried there until all of its border is known.
 */
const leastGain = 1
/** The improvement whose probability is sought, in deviations of the losses: with none it is likeliest beside the best point. */
const worthwhile = 0.1

const whys = {
  ei: 'The highest expected improvement over the best trial so far.',
  pi: 'The highest probability to improve on the best trial so far.',
  ucb: 'The best that may be there: the mean and 1.8 deviations.',
  thompson: 'The best of one function drawn from the model.',
  stuck: 'The best that may be there: after trials without a gain every second one looks further away.',
} as const
const whySecond = 'For every second trial gains that are too small to be worth one do not count.'
const whyScalarised = 'The loss is made of all objectives, with weights drawn for this trial.'
const whyWeighed = 'It is weighed by the probability that the trial succeeds and keeps its constraints.'
const notFitted = 'The Gaussian process could not be fitted to the trials, so it is used with default length-scales and noise.'

export interface LossTask {
  readonly layout: Layout
  readonly rows: ModelRows
  /** Points that are being measured: the model takes its means for what will come out. */
  readonly running: readonly Float64Array[]
  /** What is to be added to the acquisition. */
  readonly terms: readonly Term[]
  /** True if the space has no numbers without a step. */
  readonly discrete: boolean
  readonly context: SuggestContext
}

/** One Gaussian process of a loss, and what may be gained below the best. */
export class LossModel {
  readonly #problem: Problem
  readonly #settings: GpSettings
  readonly #notes: OwnNotes
  readonly #fit: FitOptions

  constructor(problem: Problem, settings: GpSettings) {
    this.#problem = problem
    this.#settings = settings
    this.#notes = new OwnNotes(problem.history, 'gp', isFitNote)
    this.#fit = { kernel: settings.kernel, warping: settings.warping, noise: settings.noise === 'learned', iterations }
  }

  /** Improvement of the loss; yields where other work may have its turn. */
  * goal({ layout, rows, running, terms, discrete, context }: LossTask): Generator<void, Goal, undefined> {
    const { objectives } = this.#problem
    const { acquisition: name, kernel } = this.#settings
    const { width } = layout
    const { targets, lossOf } = targetsOf(rows.losses, discrete)
    const { vector, note } = yield* this.#hyperparameters(layout, rows, targets)
    const some = part(rows, targets, someRows(new FeatureMap(layout, vector), rows.units, rows.order, mostRows), width)
    const fitted = new GaussianProcess(layout, kernel, vector, some.rows, some.targets, some.count)
    if (!fitted.isUsable) this.#problem.warn(notFitted)
    const hyperparameters = fitted.isUsable ? vector : defaults(layout)
    const model = fitted.isUsable ? fitted : new GaussianProcess(layout, kernel, hyperparameters, some.rows, some.targets, some.count)
    const measured = !discrete && model.noise >= noisy ? lowestMean(model, rows, width) : (targets[rows.order[0] as number] as number)
    const best = Math.min(measured, believe(model, running))
    const isSecond = (context.turn ?? context.number) % 2 === 0
    const seeksMore = isSecond && !discrete && terms.length === 0
    const better = seeksMore ? best - (leastGain / rows.count) * Math.max(0, medianOf(targets) - best) : best
    yield
    const many = objectives.length > 1
    const isStuck = name === 'ei' && discrete && rows.sinceBest >= stuckAfter && isSecond
    const why = [
      whys[isStuck ? 'stuck' : name],
      ...(seeksMore && (name === 'ei' || name === 'pi') ? [whySecond] : []),
      ...(many ? [whyScalarised] : []),
      ...(terms.length > 0 ? [whyWeighed] : []),
    ].join(' ')
    return {
      acquisition: name === 'thompson'
        ? new SumOfAcquisitions([new SamplePath({ layout, kernel, hyperparameters, ...some }, context.random), new SumOfTerms(terms)])
        : new SumOfTerms([{ model, utility: isStuck ? confidenceBound(stuckDeviations) : discrete ? varied(utilities[name](better), model.noise) : utilities[name](better) }, ...terms]),
      lengths: shortestLengths([model, ...terms.map((term) => term.model)]),
      incumbents: Array.from(rows.order.subarray(0, parents), (row) => rows.units.slice(row * width, (row + 1) * width)),
      climbed: 1,
      ...(!discrete && name !== 'thompson' && { isUnknown: (point: Float64Array) => varianceAt(model, point) > unknownPart * model.signal }),
      why,
      expect: (found) => (many || rows.usefulCount === 0 ? [] : objectives.map((objective: Objective) => expectationOf(objective, model, found, lossOf)).filter(({ mean }) => Number.isFinite(mean))),
      note,
    }
  }

  /** Those of the latest note, or of a fit that begins there. */
  * #hyperparameters(layout: Layout, rows: ModelRows, targets: Float64Array): Generator<void, { readonly vector: LogHyperparameters; readonly note: Json | undefined }, undefined> {
    const last = this.#notes.latest()?.note as FitNote | undefined
    const start = last === undefined ? defaults(layout) : fromNote(layout, last)
    if (last !== undefined && fits(layout, last) && isRecent(last, rows.count)) {
      return { vector: start, note: noteOf(layout, start, last.fitted) }
    }
    const some = part(rows, targets, someRows(new FeatureMap(layout, start), rows.units, rows.order, mostFitted), layout.width)
    for (const from of last === undefined ? [start] : [start, defaults(layout)]) {
      const fitted = yield* fitInParts(layout, some.rows, some.targets, some.count, from, this.#fit)
      if (fitted !== undefined) return { vector: rounded(fitted), note: noteOf(layout, fitted, rows.count) }
    }
    this.#problem.warn(notFitted)
    return { vector: defaults(layout), note: undefined }
  }
}

/** Trials that were declared void may have left fewer than it was fitted to. */
function isRecent({ fitted }: FitNote, count: number): boolean {
  return fitted <= count && count - fitted < Math.max(1, Math.floor(count / refitPart))
}

const utilities = { ei: logExpectedImprovement, pi: (best: number) => logProbabilityBelow(best - worthwhile), ucb: () => confidenceBound(boundDeviations) } satisfies Record<string, (best: number) => Utility>

type Part = Pick<PathSource, 'rows' | 'targets' | 'count'>

/** Some of the rows. */
function part({ units, count }: ModelRows, targets: Float64Array, chosen: Int32Array, width: number): Part {
  if (chosen.length === count) return { rows: units, targets, count }
  const rows = new Float64Array(chosen.length * width)
  chosen.forEach((row, i) => rows.set(units.subarray(row * width, (row + 1) * width), i * width))
  return { rows, targets: Float64Array.from(chosen, (row) => targets[row] as number), count: chosen.length }
}

/** The lowest mean at a measured point that is of use: what the best of noisy trials is worth. */
function lowestMean(model: GaussianProcess, { units, order, usefulCount }: ModelRows, width: number): number {
  const count = Math.min(mostRows, usefulCount > 0 ? usefulCount : order.length)
  const rows = new Float64Array(count * width)
  for (let i = 0; i < count; i++) rows.set(units.subarray((order[i] as number) * width, ((order[i] as number) + 1) * width), i * width)
  const mean = new Float64Array(count)
  model.predict(rows, count, mean, new Float64Array(count))
  return mean.reduce((least, one) => Math.min(least, one), Infinity)
}

function varianceAt(model: GaussianProcess, point: Float64Array): number {
  const variance = new Float64Array(1)
  model.predict(point, 1, new Float64Array(1), variance)
  return variance[0] as number
}

function medianOf(targets: Float64Array): number {
  const { length } = targets
  const sorted = targets.slice().sort()
  return ((sorted[(length - 1) >> 1] as number) + (sorted[length >> 1] as number)) / 2
}

/** Adds running points with what the model expects of them (Ginsbourger et al. 2010, "Kriging is well-suited to parallelize optimization"); the lowest of that. */
function believe(model: GaussianProcess, running: readonly Float64Array[]): number {
  const mean = new Float64Array(1)
  const variance = new Float64Array(1)
  let lowest = Infinity
  for (const point of running) {
    model.predict(point, 1, mean, variance)
    model.add(point, mean, 1)
    lowest = Math.min(lowest, mean[0] as number)
  }
  return lowest
}
