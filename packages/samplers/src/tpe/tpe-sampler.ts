import { log, type Problem, type RandomStream, type Sampler, type SearchSpace, type SuggestContext, type Suggestion, type TrialRecord } from '@attune/core'
import { type Axis, axesOf } from '../model/axis.ts'
import { canRepeat, keyOfCells, Observations } from '../model/observations.ts'
import { drawCandidates } from './candidates.ts'
import { goodRows } from './good-rows.ts'
import { Mixture } from './mixture.ts'
import type { Smoothing } from './smoothing.ts'

export interface TpeSettings {
  readonly startupTrials: number
  readonly candidates: number
  readonly goodFraction: number
  readonly mostGood: number
  readonly priorWeight: number
}

/** Settings chosen on benchmarks; docs/decisions/tpe-experiments.md tells how. */
const goodSmoothing: Smoothing = { minimum: 0.03, minimumCells: 0.5, floor: 0.85, floorPower: 0.85, spread: 0.7, categories: 2.5 }
const badSmoothing: Smoothing = { minimum: 0.06, minimumCells: 0, floor: 0, floorPower: 1, spread: 0.85, categories: 1 }

/** With a single good observation the search would circle around the first lucky trial. */
const leastGood = 2

/** More bad observations than this are represented by so many of them, evenly through their order: the time of a suggestion stays flat. */
const mostBad = 200

/** What belongs to a space: made anew when the space has grown. */
interface Model {
  readonly space: SearchSpace
  readonly axes: readonly Axis[]
  readonly good: Mixture
  readonly bad: Mixture
  readonly units: Float64Array
}

export class TpeSampler implements Sampler {
  readonly #problem: Problem
  readonly #settings: TpeSettings
  readonly #observations: Observations
  readonly #bounds: Float64Array
  #model: Model | undefined

  constructor(problem: Problem, settings: TpeSettings) {
    this.#problem = problem
    this.#settings = settings
    this.#observations = new Observations(problem)
    this.#bounds = new Float64Array(settings.candidates)
  }

  observe(trial: TrialRecord): void {
    this.#observations.add(trial)
  }

  suggest({ random, running }: SuggestContext): Suggestion {
    const { space } = this.#problem
    const { startupTrials, goodFraction, mostGood } = this.#settings
    const ended = this.#observations.endedCount
    if (ended < startupTrials || space.dimensions.length === 0) return { params: space.sample(random) }
    const model = this.#modelOf(space)
    const count = Math.min(Math.max(leastGood, Math.ceil(goodFraction * ended)), mostGood)
    this.#fit(model, goodRows(this.#observations, count), running.map((trial) => space.encode(trial.flatParams)))
    const best = this.#mostPromising(model, running, random)
    return { params: best === undefined ? space.sample(random) : space.decode(best) }
  }

  #modelOf(space: SearchSpace): Model {
    if (this.#model?.space !== space) {
      const axes = axesOf(space)
      this.#model = { space, axes, good: new Mixture(axes, goodSmoothing), bad: new Mixture(axes, badSmoothing), units: new Float64Array(this.#settings.candidates * axes.length) }
    }
    return this.#model
  }

  #fit({ good, bad }: Model, rows: Int32Array, busy: readonly Float64Array[]): void {
    const column = (axis: number): Float64Array => this.#observations.column(axis)
    good.fit(column, rows, [], goodWeights(rows.length, this.#settings.priorWeight))
    const others = badRows(this.#observations, rows)
    bad.fit(column, others, busy, new Float64Array(others.length + busy.length + 1).fill(1))
  }

  /** The candidate with the highest ratio of good to bad density; undefined if there is no candidate. */
  #mostPromising({ space, good, bad, units }: Model, running: readonly TrialRecord[], random: RandomStream): Float64Array | undefined {
    const width = space.dimensions.length
    const busy = new Set(canRepeat(space) ? running.map((trial) => keyOfCells(space, space.encode(trial.flatParams), 0)) : [])
    const length = drawCandidates(good, this.#settings.candidates, space, (key) => this.#observations.hasSeen(key) || busy.has(key), random, units)
    const bounds = this.#bounds
    for (let candidate = 0; candidate < length; candidate++) bounds[candidate] = good.logDensity(units, candidate * width) - bad.leastLogDensity(units, candidate * width)
    let best = -1
    let highest = -Infinity
    // The density of the bad ones is what costs time, and its least value is known: from the highest bound on, until none can win.
    for (let left = length; left > 0; left--) {
      let candidate = 0
      for (let other = 1; other < length; other++) if ((bounds[other] as number) > (bounds[candidate] as number)) candidate = other
      const bound = bounds[candidate] as number
      if (best >= 0 && !(bound > highest)) break
      bounds[candidate] = -Infinity
      const score = bound + bad.leastLogDensity(units, candidate * width) - bad.logDensity(units, candidate * width)
      if (best >= 0 && !(score > highest)) continue
      best = candidate
      highest = score
    }
    return best < 0 ? undefined : units.subarray(best * width, (best + 1) * width)
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

/** The rows that are not good: all of them, or so many that time allows, evenly from the best to the worst. */
function badRows({ order, length }: Observations, good: Int32Array): Int32Array {
  const rest = good.every((row, i) => row === order[i]) ? order.subarray(good.length) : without(order, good)
  const kept = Math.min(length - good.length, mostBad)
  return kept === rest.length ? rest : Int32Array.from({ length: kept }, (_, i) => rest[Math.floor(((i + 0.5) * rest.length) / kept)] as number)
}

/** The rows of an order that are not among some others, in the same order. */
function without(order: Int32Array, others: Int32Array): Int32Array {
  const taken = new Uint8Array(order.length)
  for (const row of others) taken[row] = 1
  return order.filter((row) => taken[row] === 0)
}
