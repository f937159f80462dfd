import { AttuneError, log, type Problem, type RandomStream, type Sampler, type SamplerFactory, type SearchSpace, type SuggestContext, type Suggestion } from '@attune/core'
import { checkKnown } from '../known-options.ts'
import { type Axis, axesOf } from '../model/axis.ts'
import { drawCandidates } from './candidates.ts'
import type { Smoothing } from './factor.ts'
import { goodRows } from './good-rows.ts'
import { Mixture } from './mixture.ts'
import { keyOfCells, Observations } from '../model/observations.ts'

/** Options of `tpe`. */
export interface TpeOptions {
  /** Trials drawn from the priors before the model is used, at least 2. Default 6. */
  readonly startupTrials?: number
  /** Points drawn from the good mixture, of which the most promising becomes the trial. Default 40. */
  readonly candidates?: number
  /** Which part of the finished trials counts as good, above 0 and below 1. Default 0.12. */
  readonly goodFraction?: number
  /** At most so many trials count as good. Default 25. */
  readonly mostGood?: number
  /** Weight of the prior in the good mixture, in observations; above 0. More explores more. Default 1. */
  readonly priorWeight?: number
}

/** Settings chosen on benchmarks; docs/decisions/tpe-experiments.md tells how. */
const goodSmoothing: Smoothing = { minimum: 0.03, minimumCells: 0.5, floor: 0.85, floorPower: 0.85, spread: 0.7, categories: 2.5 }
const badSmoothing: Smoothing = { minimum: 0.06, minimumCells: 0, floor: 0, floorPower: 1, spread: 0.85, categories: 1 }

/** With a single good observation the search would circle around the first lucky trial. */
const leastGood = 2

/** More bad observations than this are represented by so many of them, evenly through their order. */
const mostBad = 1000

/**
 * The tree-structured Parzen estimator (Bergstra et al. 2011): two densities, one of the good trials and one of
 * the others, and the next trial is where their ratio is highest among points drawn from the good one.
 *
 * Kernels span all parameters, so what goes well together is learned; conditional parameters are part of the same
 * kernels. Running trials count as bad, so that parallel trials differ. Works on every space. Several objectives
 * are split by rank of non-domination. Pruned trials rank behind complete ones, then infeasible, then failed ones.
 * Throws OPTION for an option out of range.
 */
export function tpe(options: TpeOptions = {}): SamplerFactory {
  checkKnown('tpe', options, ['startupTrials', 'candidates', 'goodFraction', 'mostGood', 'priorWeight'])
  const { startupTrials = 6, candidates = 40, goodFraction = 0.12, mostGood = 25, priorWeight = 1 } = options
  checkWhole('startupTrials', startupTrials, 2)
  checkWhole('candidates', candidates, 1)
  checkWhole('mostGood', mostGood, 1)
  check('goodFraction', goodFraction, goodFraction > 0 && goodFraction < 1, 'a number above 0 and below 1')
  check('priorWeight', priorWeight, priorWeight > 0 && priorWeight < Infinity, 'a finite number above 0')
  const settings = { startupTrials, candidates, goodFraction, mostGood, priorWeight }
  return { specVersion: 'v1', id: 'tpe', revision: 1, create: (problem) => new TpeSampler(problem, settings) }
}

class TpeSampler implements Sampler {
  readonly #problem: Problem
  readonly #settings: Required<TpeOptions>
  readonly #observations: Observations
  #space: SearchSpace | undefined
  #axes: readonly Axis[] = []

  constructor(problem: Problem, settings: Required<TpeOptions>) {
    this.#problem = problem
    this.#settings = settings
    this.#observations = new Observations(problem)
  }

  observe(...[trial]: Parameters<NonNullable<Sampler['observe']>>): void {
    this.#observations.add(trial)
  }

  suggest({ random, running }: SuggestContext): Suggestion {
    const { space } = this.#problem
    const { startupTrials, goodFraction, mostGood } = this.#settings
    const ended = this.#observations.endedCount
    if (ended < startupTrials || space.dimensions.length === 0) return { params: space.sample(random) }
    if (this.#space !== space) {
      this.#space = space
      this.#axes = axesOf(space)
    }
    const rows = goodRows(this.#observations, Math.min(Math.max(leastGood, Math.ceil(goodFraction * ended)), mostGood))
    const best = this.#mostPromising(rows, running.map((trial) => space.encode(trial.flatParams)), random)
    return { params: best === undefined ? space.sample(random) : space.decode(best) }
  }

  /** The candidate with the highest ratio of good to bad density; undefined if there is no candidate. */
  #mostPromising(goodRows: Int32Array, busy: readonly Float64Array[], random: RandomStream): Float64Array | undefined {
    const space = this.#space as SearchSpace
    const width = space.dimensions.length
    const good = this.#goodMixture(goodRows)
    const bad = this.#badMixture(goodRows, busy)
    const busyKeys = new Set(busy.map((units) => keyOfCells(space, units, 0)))
    const { length, units } = drawCandidates(good, this.#settings.candidates, space, (key) => this.#observations.hasSeen(key) || busyKeys.has(key), random)
    let best: Float64Array | undefined
    let highest = -Infinity
    for (let candidate = 0; candidate < length; candidate++) {
      const score = good.logDensity(units, candidate * width) - bad.logDensity(units, candidate * width)
      if (best !== undefined && !(score > highest)) continue
      best = units.subarray(candidate * width, (candidate + 1) * width)
      highest = score
    }
    return best
  }

  /** The better an observation, the heavier: weights log(n + 1) − log(rank), on average 1 (those of CMA-ES; no scale of the objective enters). */
  #goodMixture(rows: Int32Array): Mixture {
    const count = rows.length
    const weights = new Float64Array(count + 1)
    let sum = 0
    for (let i = 0; i < count; i++) sum += weights[i] = log((count + 1) / (i + 1))
    for (let i = 0; i < count; i++) weights[i] = ((weights[i] as number) * count) / sum
    weights[count] = this.#settings.priorWeight
    return new Mixture(this.#axes, this.#gather(rows, []), weights, goodSmoothing)
  }

  #badMixture(good: Int32Array, busy: readonly Float64Array[]): Mixture {
    const rest = without(this.#observations.order, good)
    const kept = Math.min(rest.length, mostBad)
    const rows = kept === rest.length ? rest : Int32Array.from({ length: kept }, (_, i) => rest[Math.floor(((i + 0.5) * rest.length) / kept)] as number)
    return new Mixture(this.#axes, this.#gather(rows, busy), new Float64Array(kept + busy.length + 1).fill(1), badSmoothing)
  }

  /** Coordinates axis by axis, of observations and then of running trials. */
  #gather(rows: Int32Array, busy: readonly Float64Array[]): Float64Array {
    const count = rows.length + busy.length
    const units = new Float64Array(this.#axes.length * count)
    for (let axis = 0; axis < this.#axes.length; axis++) {
      const column = this.#observations.column(axis)
      for (let i = 0; i < rows.length; i++) units[axis * count + i] = column[rows[i] as number] as number
      for (let i = 0; i < busy.length; i++) units[axis * count + rows.length + i] = (busy[i] as Float64Array)[axis] as number
    }
    return units
  }
}

/** The rows of an order that are not among some others, in the same order. */
function without(order: Int32Array, others: Int32Array): Int32Array {
  const taken = new Uint8Array(order.length)
  for (const row of others) taken[row] = 1
  return order.filter((row) => taken[row] === 0)
}

function checkWhole(name: string, value: number, least: number): void {
  check(name, value, Number.isSafeInteger(value) && value >= least, `a whole number from ${least}`)
}

function check(name: string, value: number, good: boolean, wanted: string): void {
  if (!good) throw new AttuneError('OPTION', `tpe({ ${name} }) takes ${wanted}, not ${String(value)}.`, { details: { name, value } })
}
