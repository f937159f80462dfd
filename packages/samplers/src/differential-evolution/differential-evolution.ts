import { AttuneError, type Explanation, type Json, type Problem, type RandomStream, type Sampler, type SamplerFactory, type SuggestContext, type Suggestion, type TrialRecord } from '@attune/core'
import { checkKnown } from '../known-options.ts'
import { type Axis, priorUnit } from '../model/axis.ts'
import { Observations } from '../model/observations.ts'
import { Points } from '../model/points.ts'
import { unseenPoint } from '../model/unseen-point.ts'
import { AdaptiveControl, type Control } from './control.ts'
import { Population } from './population.ts'

/** Options of `differentialEvolution`. */
export interface DifferentialEvolutionOptions {
  /** Points that evolve, at least 4. Default 10. */
  readonly population?: number
  /** What is changed by differences: each point moved towards one of the best (`current-to-best`, the default), or a random point (`rand`). */
  readonly mutation?: 'current-to-best' | 'rand'
  /** F, which differences are multiplied by; above 0, at most 2. Learned from what succeeds if not given. */
  readonly scale?: number
  /** CR, the probability with which a parameter is changed; from 0 to 1. Learned from what succeeds if not given. */
  readonly crossover?: number
}

interface Settings {
  readonly population: number
  readonly mutation: 'current-to-best' | 'rand'
  readonly scale: number | undefined
  readonly crossover: number | undefined
}

/** What a suggestion leaves in its note: whose place it is to take, and how it was made. */
interface Origin extends Control {
  readonly target: number
}

const id = 'differential-evolution'
/** What is remembered at the start. */
const firstControl: Control = { scale: 0.5, crossover: 0.7 }
/** This part of the population counts as the best. */
const bestPart = 0.15
/** Probability that a changed category is drawn anew, or a changed integer goes to a neighbour: values that the population has lost come back. */
const renewal = 0.1
/** Attempts until a point keeps the constraints and is new. */
const mostTries = 40

const explanations: Readonly<Record<'start' | 'best' | 'rand' | 'new', Explanation>> = {
  start: { model: 'prior', why: 'One of the first points, which are spread over the priors: differences between them are what the search moves by.' },
  best: { model: 'differential evolution', why: 'A point of the population, moved towards one of the best and by the difference of two others.' },
  rand: { model: 'differential evolution', why: 'A random point of the population, moved by the difference of two others and crossed with the one that it is to replace.' },
  new: { model: 'prior', why: 'A random point: all that was bred was tried before or breaks a constraint.' },
}

/**
 * Differential evolution (Storn & Price 1997): a population whose points are replaced by better ones, which are made of differences between them. By default
 * with moves towards the best and with scale and crossover that are learned (current-to-pbest/1/bin with an archive: JADE and SHADE).
 *
 * Works on one objective, on every space: categories are crossed, not moved. What a trial competes against is decided by feasibility first (Deb 2000): complete
 * ones beat pruned, infeasible and failed ones, in this order. Any number of trials may run at once. Results of others join the population.
 * Throws OPTION for an option out of range; `create` throws UNSUPPORTED for several objectives.
 */
export function differentialEvolution(options: DifferentialEvolutionOptions = {}): SamplerFactory {
  checkKnown('differentialEvolution', options, ['population', 'mutation', 'scale', 'crossover'])
  const { population = 10, mutation = 'current-to-best', scale, crossover } = options
  check('population', population, Number.isSafeInteger(population) && population >= 4, 'a whole number from 4')
  check('mutation', mutation, mutation === 'current-to-best' || mutation === 'rand', '"current-to-best" or "rand"')
  check('scale', scale, scale === undefined || (typeof scale === 'number' && scale > 0 && scale <= 2), 'a number above 0, at most 2')
  check('crossover', crossover, crossover === undefined || (typeof crossover === 'number' && crossover >= 0 && crossover <= 1), 'a number from 0 to 1')
  return {
    specVersion: 'v1',
    id,
    revision: 1,
    create: (problem) => {
      if (problem.objectives.length > 1) throw new AttuneError('UNSUPPORTED', `differentialEvolution() optimises one objective, and this study has ${problem.objectives.length}. Use nsgaII() or tpe(), or make one objective of them.`)
      return new DifferentialEvolutionSampler(problem, { population, mutation, scale, crossover })
    },
  }
}

class DifferentialEvolutionSampler implements Sampler {
  readonly #problem: Problem
  readonly #settings: Settings
  readonly #observations: Observations
  readonly #population: Population
  readonly #control: AdaptiveControl
  #points: Points | undefined

  constructor(problem: Problem, settings: Settings) {
    this.#problem = problem
    this.#settings = settings
    this.#observations = new Observations(problem)
    this.#population = new Population(this.#observations, settings.population)
    this.#control = new AdaptiveControl(firstControl, settings.population)
  }

  observe(trial: TrialRecord): void {
    const row = this.#observations.length
    this.#observations.add(trial)
    if (this.#observations.length === row) return
    const origin = originOf(trial)
    if (origin === undefined || !this.#population.isComplete || origin.target >= this.#settings.population) this.#population.tellOther(row)
    else this.#control.tell(origin, this.#population.tell(row, origin.target))
  }

  suggest({ number, turn = number, random, running }: SuggestContext): Suggestion {
    const { space } = this.#problem
    if (space.dimensions.length === 0) return { params: space.sample(random), explanation: explanations.start }
    if (this.#points?.space !== space) this.#points = new Points(space)
    const points = this.#points
    const { history } = this.#problem
    const open = [...running, ...history.paused().map((paused) => history.trial(paused))]
    let busy: ReadonlySet<string> | undefined
    const isGood = (units: Float64Array): boolean => {
      const key = points.key(units, 0)
      // Between points that are alike there are no differences: a population that has converged breeds what it has.
      const isNew = key === undefined ? !this.#observations.hasPoint(space.encode(space.decode(units))) : !isSeen(key)
      return isNew && points.allows(units, 0)
    }
    const isSeen = (key: string): boolean => {
      busy ??= new Set(open.flatMap(({ flatParams }) => points.key(space.encode(flatParams), 0) ?? []))
      return this.#observations.hasSeen(key) || busy.has(key)
    }
    const units = new Float64Array(points.width)
    const { isComplete } = this.#population
    if (!isComplete) {
      this.#spread(points, turn, random, units)
      if (isGood(units)) return { params: space.decode(units), explanation: explanations.start }
    } else {
      const target = this.#population.target(open.flatMap((trial) => originOf(trial)?.target ?? []))
      for (let tries = 0; tries < mostTries; tries++) {
        const control = this.#drawControl(random)
        this.#breed(points, target, control, random, units)
        if (isGood(units)) return { params: space.decode(units), explanation: this.#settings.mutation === 'rand' ? explanations.rand : explanations.best, note: { target, ...control } }
      }
    }
    if (isComplete) this.#problem.warn('differential-evolution suggests random points where all that it breeds was tried before or breaks a constraint of the space.')
    const other = unseenPoint(points, isSeen, random)
    return { params: other === undefined ? space.sample(random) : space.decode(other), explanation: isComplete ? explanations.new : explanations.start }
  }

  /** A point of a Latin hypercube over the priors, of as many as the population has. */
  #spread(points: Points, turn: number, random: RandomStream, units: Float64Array): void {
    const size = this.#settings.population
    const round = Math.floor(turn / size)
    for (let index = 0; index < points.width; index++) {
      const order = shuffled(size, this.#problem.random.stream(round, `${id} start ${index}`))
      units[index] = priorUnit(points.axes[index] as Axis, ((order[turn % size] as number) + random.uniform()) / size)
    }
    points.settle(units, 0, random)
  }

  #drawControl(random: RandomStream): Control {
    const { scale, crossover } = this.#settings
    const learned = this.#control.draw(random)
    return { scale: scale ?? learned.scale, crossover: crossover ?? learned.crossover }
  }

  #breed(points: Points, target: number, { scale, crossover }: Control, random: RandomStream, units: Float64Array): void {
    const population = this.#population
    const towardsBest = this.#settings.mutation === 'current-to-best'
    const own = population.row(target)
    const best = towardsBest ? population.drawBest(bestPart, random) : own
    const base = population.drawMember(target, random)
    const one = towardsBest ? base : population.drawAny(own, base, random)
    const other = population.drawAny(towardsBest ? own : base, one, random)
    const always = random.integer(points.width)
    for (let index = 0; index < points.width; index++) {
      const column = this.#observations.column(index)
      const present = column[own] as number
      if (index !== always && random.uniform() >= crossover) {
        units[index] = present
        continue
      }
      const axis = points.axes[index] as Axis
      const good = column[best] as number
      const donor = column[base] as number
      if (axis.shape === 'categorical') units[index] = random.uniform() < renewal ? priorUnit(axis, random.uniform()) : first(towardsBest && random.uniform() < 0.5 ? good : donor, donor, present)
      else {
        const start = towardsBest ? first(present, good, donor) : first(donor, present)
        const pull = towardsBest ? difference(good, start) : 0
        let moved = start + scale * (pull + difference(column[one] as number, column[other] as number))
        const { cells } = axis.dimension
        if (cells < Infinity && random.uniform() < renewal) moved += (random.uniform() < 0.5 ? -1 : 1) / cells
        units[index] = within(start, moved)
      }
    }
    points.settle(units, 0, random)
  }
}

/** The first that is a number; NaN, to be drawn from the prior, if none is: all were inactive. */
function first(...units: readonly number[]): number {
  return units.find((unit) => !Number.isNaN(unit)) ?? NaN
}

/** What is inactive in one of two points has no difference. */
function difference(to: number, from: number): number {
  const distance = to - from
  return Number.isNaN(distance) ? 0 : distance
}

/** Halfway to the bound that a step would go beyond (JADE), so that points gather at a bound only if they are better there. */
function within(start: number, unit: number): number {
  return unit < 0 ? start / 2 : unit > 1 ? (1 + start) / 2 : unit
}

function shuffled(size: number, random: RandomStream): Int32Array {
  const order = Int32Array.from({ length: size }, (_, i) => i)
  for (let i = size - 1; i > 0; i--) {
    const j = random.integer(i + 1)
    const kept = order[i] as number
    order[i] = order[j] as number
    order[j] = kept
  }
  return order
}

/** What the note of a suggestion of this sampler says; undefined for all others. */
function originOf({ suggestion }: TrialRecord): Origin | undefined {
  const note = suggestion?.note
  if (suggestion?.sampler.startsWith(`${id}@`) !== true || typeof note !== 'object' || note === null || Array.isArray(note)) return undefined
  const { target, scale, crossover } = note as { readonly [key: string]: Json }
  return typeof target === 'number' && typeof scale === 'number' && typeof crossover === 'number' ? { target, scale, crossover } : undefined
}

function check(name: string, value: unknown, good: boolean, wanted: string): void {
  if (!good) throw new AttuneError('OPTION', `differentialEvolution({ ${name} }) takes ${wanted}, not ${String(value)}.`, { details: { name, value: String(value) } })
}
