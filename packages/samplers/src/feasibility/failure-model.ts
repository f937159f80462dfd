import { normalQuantile } from '@attune/core'
import type { Term } from '../gaussian-process/acquisition.ts'
import { GaussianProcess } from '../gaussian-process/gaussian-process.ts'
import { atNoise, type LogHyperparameters } from '../gaussian-process/hyperparameters.ts'
import type { Layout } from '../gaussian-process/layout.ts'
import { evenly } from '../model/evenly.ts'
import type { Observations } from '../model/observations.ts'
import { unitsOf } from '../model/units-of.ts'
import { GrowingFit, sizeWithin } from './growing-fit.ts'
import { logProbit } from './probability.ts'

/** The model is made of so many failed and so many other trials at most, evenly through the history. */
const mostOfEach = 64
const kernel = 'matern52'
/** Few iterations suffice to find which parameters matter, and keep a model of few labels from being sure. */
const iterations = 8
/** So many of the latest trials say whether too many fail: more than this share of them. */
const latestTrials = 20
const tolerated = 0.05
const cautionBySurplus = 100

/**
 * The probability that a trial does not fail, learned from those that ended: a Gaussian process regression on labels (Rasmussen & Williams 2006, section 6.5),
 * squashed by the normal distribution function. Far from all data it answers the share of trials that did not fail, with one more that did not and half
 * a one that did. The label noise has a floor, so that a few labels do not make it sure.
 */
export class FailureModel {
  readonly #fit = new GrowingFit({ kernel, warping: false, noise: true, iterations })

  /** log P(does not fail); undefined while nothing has failed. */
  probability(observations: Observations, layout: Layout): Generator<void, Term | undefined, undefined> {
    return this.#term(observations, layout, () => 1)
  }

  /** The same times how cautious a search should be, as a part of an acquisition. */
  term(observations: Observations, layout: Layout): Generator<void, Term | undefined, undefined> {
    return this.#term(observations, layout, caution)
  }

  * #term(observations: Observations, layout: Layout, power: typeof caution): Generator<void, Term | undefined, undefined> {
    const failed: number[] = []
    const others: number[] = []
    for (let row = 0; row < observations.length; row++) (observations.hasFailed(row) ? failed : others).push(row)
    if (failed.length === 0) return undefined
    const byNumber = (a: number, b: number): number => observations.numberOf(a) - observations.numberOf(b)
    failed.sort(byNumber)
    others.sort(byNumber)
    const hyperparameters = yield* this.#hyperparameters(observations, layout, failed, others)
    const labels = labelled(observations, layout, evenly(failed, mostOfEach), evenly(others, mostOfEach))
    const model = new GaussianProcess(layout, kernel, withNoiseFloor(hyperparameters, labels.count), labels.rows, labels.targets, labels.count)
    const share = (others.length + 1) / (others.length + failed.length + 1.5)
    const unknown = normalQuantile(share) * Math.sqrt(model.signal + model.noise)
    // Where nothing is known the variance is the signal's; then `unknown` takes the place of the mean of the labels.
    return { model, utility: logProbit({ constant: labels.middle, byMean: 1, byVariance: (unknown - labels.middle) / model.signal, noise: model.noise, power: power(observations, failed, others) }) }
  }

  /** From the first trials of each kind. */
  #hyperparameters(observations: Observations, layout: Layout, failed: readonly number[], others: readonly number[]): Generator<void, LogHyperparameters, undefined> {
    const some = failed.slice(0, sizeWithin(failed.length, mostOfEach))
    const rest = others.slice(0, sizeWithin(others.length, mostOfEach))
    const key = `${some.map((row) => observations.numberOf(row)).join()};${rest.map((row) => observations.numberOf(row)).join()}`
    return this.#fit.at(layout, { key, ...labelled(observations, layout, some, rest) })
  }
}

/**
 * The power of the probability in an acquisition: 1 while failures are rare. An expected improvement becomes so small near the end of a search that no finite
 * probability makes up for it, and a model would go on trying what fails; so the more of the latest trials failed, the more it counts.
 */
function caution(observations: Observations, failed: readonly number[], others: readonly number[]): number {
  const hasFailed = new Set(failed)
  const latest = [...failed, ...others].sort((a, b) => observations.numberOf(b) - observations.numberOf(a)).slice(0, latestTrials)
  const share = latest.filter((row) => hasFailed.has(row)).length / latest.length
  return 1 + cautionBySurplus * Math.max(0, share - tolerated)
}

/** Rows with labels −1 (failed) and 1, made to have about mean 0 and variance 1; `middle` is where 0 was. */
function labelled(observations: Observations, layout: Layout, failed: readonly number[], others: readonly number[]): { readonly rows: Float64Array; readonly targets: Float64Array; readonly count: number; readonly middle: number } {
  const count = failed.length + others.length
  const mean = (2 * (others.length + 1)) / (count + 1.5) - 1
  const deviation = Math.sqrt(1 - mean * mean)
  const targets = Float64Array.from({ length: count }, (_, i) => ((i < failed.length ? -1 : 1) - mean) / deviation)
  return { rows: unitsOf(observations, [...failed, ...others], layout.width), targets, count, middle: mean / deviation }
}

/** The fewer labels, the less each is believed. Measured on regions of many shapes: without a floor it is too sure of ten labels, a higher one is slow to learn. */
function withNoiseFloor(hyperparameters: LogHyperparameters, count: number): LogHyperparameters {
  const vector = hyperparameters.slice()
  vector[atNoise] = Math.max(vector[atNoise] as number, Math.log(Math.min(0.3, 3 / count)))
  return vector
}
