import type { Explanation, Problem, RandomStream, Sampler, SuggestContext, Suggestion, TrialRecord } from '@attune/core'
import { Observations } from '../model/observations.ts'
import { Points } from '../model/points.ts'
import { unseenPoint } from '../model/unseen-point.ts'
import { spreadPoint } from '../quasi-random/spread-point.ts'
import { Contenders } from './contenders.ts'
import { cross, type Crossover, parentsOf } from './crossover.ts'
import { mutate } from './mutation.ts'
import type { Selection, Survivors } from './survivors.ts'

export interface BreedingSettings {
  /** Undefined: it grows with the number of trials. */
  readonly population: number | undefined
  readonly startupTrials: number
  readonly crossover: Crossover
  readonly crossoverProbability: number
  readonly crossoverIndex: number
  /** Undefined: it depends on how many parameters are active. */
  readonly mutationProbability: number | undefined
  readonly mutationIndex: number
}

const leastPopulation = 6
const mostPopulation = 50
/** So many active parameters of a child are changed on average. */
const mutations = 1.5
/** Children that are bred for one that keeps the constraints and is new. */
const mostChildren = 100

const drawn: Explanation = { model: 'prior', why: 'Spread over the priors: there are too few results to breed from.' }
const stuck: Explanation = { model: 'prior', why: 'Drawn from the priors: no child of good trials was a new point that keeps the constraints.' }

type Parents = Survivors & {
  /** Their rows among the observations. */
  readonly rows: readonly number[]
}

/**
 * Breeds each trial from the best of all trials that have ended. There are no generations to wait for: each trial is one of its own, so
 * the answer depends on which trials have ended, not on when.
 */
export class BreedingSampler implements Sampler {
  readonly #problem: Problem
  readonly #settings: BreedingSettings
  readonly #select: Selection
  readonly #bred: Explanation
  readonly #observations: Observations
  readonly #contenders: Contenders
  #points: Points | undefined
  /** Made anew after each observation. */
  #parents: Parents | undefined

  constructor(problem: Problem, settings: BreedingSettings, select: Selection, model: string) {
    this.#problem = problem
    this.#settings = settings
    this.#select = select
    this.#bred = { model, why: 'A child of trials that are among the best, with a few parameters changed at random.' }
    this.#observations = new Observations(problem)
    this.#contenders = new Contenders(settings.population ?? mostPopulation)
  }

  observe(trial: TrialRecord): void {
    const { length, feasibleCount } = this.#observations
    this.#observations.add(trial)
    if (this.#observations.feasibleCount > feasibleCount) this.#contenders.add(length, trial.number, this.#observations.losses(length))
    this.#parents = undefined
  }

  suggest({ number, turn = number, random, running }: SuggestContext): Suggestion {
    const { space, history } = this.#problem
    if (space.dimensions.length === 0) return { params: space.sample(random), explanation: drawn }
    if (this.#points?.space !== space) this.#points = new Points(space)
    const points = this.#points
    const open = [...running, ...history.paused().map((other) => history.trial(other))]
    const busy = new Set(open.map(({ flatParams }) => points.key(space.encode(flatParams), 0)))
    const isSeen = (key: string): boolean => this.#observations.hasSeen(key) || busy.has(key)
    const begins = this.#observations.endedCount < this.#settings.startupTrials
    const isGood = (units: Float64Array): boolean => {
      const key = points.key(units, 0)
      return (key === undefined || !isSeen(key)) && points.allows(units, 0)
    }
    const found = begins ? spreadPoint(points, turn, this.#problem.random.stream(-1, 'nsga').bits()) : this.#newChild(points, isGood, random)
    if (found !== undefined && (!begins || isGood(found))) return { params: space.decode(found), explanation: begins ? drawn : this.#bred }
    const other = unseenPoint(points, isSeen, random)
    return { params: other === undefined ? space.sample(random) : space.decode(other), explanation: begins ? drawn : stuck }
  }

  #newChild(points: Points, isGood: (units: Float64Array) => boolean, random: RandomStream): Float64Array | undefined {
    const units = new Float64Array(points.width)
    for (let tries = 0; tries < mostChildren; tries++) {
      this.#breed(points, random, units)
      // A copy teaches nothing: crossover and mutation may both pass by, be stopped by a bound, or put together what was apart.
      if (isGood(units) && !this.#observations.hasPoint(units)) return units
    }
    return undefined
  }

  #breed(points: Points, random: RandomStream, out: Float64Array): void {
    const { crossover, crossoverProbability, crossoverIndex, mutationProbability, mutationIndex } = this.#settings
    const wanted = random.uniform() < crossoverProbability ? parentsOf(crossover) : 1
    const parents = this.#drawParents(wanted, points.width, random)
    if (parents.length === wanted && wanted > 1) cross(crossover, crossoverIndex, parents, points.axes, random, out)
    else out.set(parents[0] as Float64Array)
    points.settle(out, 0, random)
    let active = 0
    for (const unit of out) if (!Number.isNaN(unit)) active++
    mutate(out, points.axes, mutationProbability ?? Math.min(1, mutations / active), mutationIndex, random)
    points.settle(out, 0, random)
  }

  /** Winners of tournaments of two, different ones, as many as are found. */
  #drawParents(count: number, width: number, random: RandomStream): readonly Float64Array[] {
    const { rows, prefer } = (this.#parents ??= this.#selectParents())
    const chosen = new Set<number>()
    for (let tries = 0; chosen.size < count && tries < 20 * count; tries++) {
      const one = random.integer(rows.length)
      const other = random.integer(rows.length)
      chosen.add(prefer(one, other) <= 0 ? one : other)
    }
    return Array.from(chosen, (place) => Float64Array.from({ length: width }, (_, axis) => this.#observations.column(axis)[rows[place] as number] as number))
  }

  /** The best feasible trials; where these are too few, the best of the others by their order (constrained domination: Deb et al. 2002). */
  #selectParents(): Parents {
    const { order, feasibleCount, endedCount } = this.#observations
    const population = this.#settings.population ?? Math.min(mostPopulation, Math.max(leastPopulation, Math.ceil(Math.sqrt(endedCount))))
    const ranked = this.#contenders.ranked(population)
    const { places, prefer } = this.#select(ranked, population)
    const feasible = places.map((place) => ranked.rows[place] as number)
    const others = feasibleCount >= population ? [] : Array.from(order.subarray(feasibleCount, Math.min(endedCount, population)))
    const isFeasible = (parent: number): boolean => parent < feasible.length
    return { places, rows: [...feasible, ...others], prefer: (one, other) => (isFeasible(one) && isFeasible(other) ? prefer(one, other) : one - other) }
  }
}
