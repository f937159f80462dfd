import { AttuneError, type Explanation, log, type Problem, type RandomStream, type Sampler, type SamplerFactory, type SuggestContext, type Suggestion, type TrialRecord } from '@attune/core'
import { checkKnown } from '../known-options.ts'
import { compareDomination } from '../model/domination.ts'
import { Observations } from '../model/observations.ts'
import { pausedTrials } from '../model/paused-trials.ts'
import { Points } from '../model/points.ts'
import { unseenPoint } from '../model/unseen-point.ts'
import { step } from './step.ts'

/** Options of `annealing`. */
export interface AnnealingOptions {
  /** Trials drawn from the priors before the first step, at least 1. Default 8. */
  readonly startupTrials?: number
  /** Mean rank of the trials that steps start from, from 1 (always the best). Default 1.4. */
  readonly meanRank?: number
  /** How fast steps shrink: after n trials a step spans 1 / (1 + shrink · n) of a range. At least 0. Default 0.05. */
  readonly shrink?: number
  /** How many parameters a step changes on average, at least 1; the others stay. Default 3. */
  readonly changes?: number
}

/** So many steps are tried for one that keeps the constraints and is new; each is longer than the one before. */
const mostTries = 64
/** Beside running trials so many steps are compared at the most. */
const mostCompared = 4
/** Of more paused trials so many are looked at. */
const mostPaused = 200

const drawn: Explanation = { model: 'prior', why: 'Drawn from the priors: there are too few results to start a step from.' }
const stuck: Explanation = { model: 'prior', why: 'Drawn from the priors: no step from a good trial led to a new point that keeps the constraints.' }
const stepped: Explanation = { model: 'annealing', why: 'A random step from one of the best trials; steps shrink as trials accumulate.' }
const spread: Explanation = { model: 'annealing', why: 'A random step from one of the best trials: of several the one furthest from the trials that run.' }

/**
 * Simulated annealing in the manner of Hyperopt (Bergstra et al. 2013, `hyperopt.anneal`): random steps from good trials, which shrink.
 * There is no model, so a suggestion takes microseconds after any number of trials.
 *
 * Works on every space. Steps start from the better of the trials, the best most often; of several objectives, from any
 * that is not dominated. Pruned, paused, infeasible and failed trials rank behind the others. Throws OPTION for an option out of range.
 */
export function annealing(options: AnnealingOptions = {}): SamplerFactory {
  checkKnown('annealing', options, ['startupTrials', 'meanRank', 'shrink', 'changes'])
  const { startupTrials = 8, meanRank = 1.4, shrink = 0.05, changes = 3 } = options
  check('startupTrials', startupTrials, Number.isSafeInteger(startupTrials) && startupTrials >= 1, 'a whole number from 1')
  check('meanRank', meanRank, meanRank >= 1 && meanRank < Infinity, 'a finite number from 1')
  check('shrink', shrink, shrink >= 0 && shrink < Infinity, 'a finite number from 0')
  check('changes', changes, changes >= 1, 'a number from 1')
  const settings = { startupTrials, meanRank, shrink, changes }
  return { specVersion: 'v1', id: 'annealing', revision: 1, create: (problem) => new AnnealingSampler(problem, settings) }
}

class AnnealingSampler implements Sampler {
  readonly #problem: Problem
  readonly #settings: Required<AnnealingOptions>
  readonly #observations: Observations
  /** Of several objectives, the rows that no other dominates. */
  readonly #front: number[] = []
  #points: Points | undefined

  constructor(problem: Problem, settings: Required<AnnealingOptions>) {
    this.#problem = problem
    this.#settings = settings
    this.#observations = new Observations(problem)
  }

  observe(trial: TrialRecord): void {
    const { feasibleCount, length } = this.#observations
    this.#observations.add(trial)
    if (this.#problem.objectives.length > 1 && this.#observations.feasibleCount > feasibleCount) this.#joinFront(length)
  }

  suggest(context: SuggestContext): Suggestion {
    return this.#observations.with(pausedTrials(this.#problem, mostPaused), () => this.#suggest(context))
  }

  #suggest({ random, running }: SuggestContext): Suggestion {
    const { space, history } = this.#problem
    if (space.dimensions.length === 0) return { params: space.sample(random), explanation: drawn }
    if (this.#points?.space !== space) this.#points = new Points(space)
    const busy = running.map((trial) => space.encode(trial.flatParams))
    const points = this.#points
    const paused = history.paused().map((number) => space.encode(history.trial(number).flatParams))
    const busyKeys = new Set([...busy, ...paused].map((units) => points.key(units, 0)))
    const isSeen = (key: string): boolean => this.#observations.hasSeen(key) || busyKeys.has(key)
    const isEarly = this.#observations.endedCount < this.#settings.startupTrials
    const found = isEarly ? undefined : this.#furthest(points, busy, isSeen, random)
    if (found !== undefined) return { params: space.decode(found), explanation: busy.length === 0 ? stepped : spread }
    const other = unseenPoint(points, isSeen, random)
    return { params: other === undefined ? space.sample(random) : space.decode(other), explanation: isEarly ? drawn : stuck }
  }

  /** A new point; beside running trials, of a few the one whose nearest running trial is furthest. */
  #furthest(points: Points, busy: readonly Float64Array[], isSeen: (key: string) => boolean, random: RandomStream): Float64Array | undefined {
    let found: Float64Array | undefined
    let furthest = -1
    for (let i = 0; i < Math.min(mostCompared, busy.length + 1); i++) {
      const point = this.#newPoint(points, busy.length, isSeen, random)
      if (point === undefined) break
      const distance = busy.reduce((nearest, other) => Math.min(nearest, distanceBetween(point, other)), Infinity)
      if (distance <= furthest) continue
      found = point
      furthest = distance
    }
    return found
  }

  #newPoint(points: Points, busy: number, isSeen: (key: string) => boolean, random: RandomStream): Float64Array | undefined {
    const { shrink, changes } = this.#settings
    const width = 1 / (1 + shrink * (this.#observations.endedCount + busy))
    const out = new Float64Array(points.width)
    for (let tries = 0; tries < mostTries; tries++) {
      const longer = Math.min(1, width + (tries * tries) / (mostTries * mostTries))
      step(points, this.#observations, this.#drawStart(random), { width: longer, changes }, random, out)
      const key = points.key(out, 0)
      // Where categories alone were changed, it may have been there before.
      const isNew = key === undefined ? !this.#observations.hasPoint(out) : !isSeen(key)
      if (isNew && points.allows(out, 0)) return out
    }
    return undefined
  }

  /** Place in `order` of the trial from which a step starts: ranks fall off geometrically. */
  #drawStart(random: RandomStream): number {
    if (this.#front.length > 0) return this.#drawFromFront(random)
    const { meanRank } = this.#settings
    const rank = meanRank === 1 ? 0 : Math.floor(log(1 - random.uniform()) / log(1 - 1 / meanRank))
    const { order, endedCount } = this.#observations
    return order[rank % Math.max(1, endedCount)] as number
  }

  /** Every third start is an end of the front, lest it is never extended. */
  #drawFromFront(random: RandomStream): number {
    const front = this.#front
    const any = front[random.integer(front.length)] as number
    if (random.integer(3) > 0) return any
    const objective = random.integer(this.#problem.objectives.length)
    const loss = (row: number): number => this.#observations.losses(row)[objective] as number
    return front.reduce((best, row) => (loss(row) < loss(best) ? row : best), any)
  }

  #joinFront(row: number): void {
    const losses = this.#observations.losses(row)
    let left = 0
    for (const other of this.#front) {
      const order = compareDomination(this.#observations.losses(other), losses)
      if (order <= 0) return // What is not better than one of the front is better than none of it: nothing was left out yet.
      if (order > 0) continue
      this.#front[left++] = other
    }
    this.#front.length = left
    this.#front.push(row)
  }
}

/** City-block distance; a parameter that only one of two points has counts as one. */
function distanceBetween(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] as number) - (b[i] as number))
    if (!Number.isNaN(difference)) sum += difference
    else if (Number.isNaN(a[i]) !== Number.isNaN(b[i])) sum += 1
  }
  return sum
}

function check(name: string, value: number, good: boolean, wanted: string): void {
  if (!good) throw new AttuneError('OPTION', `annealing({ ${name} }) takes ${wanted}, not ${String(value)}.`, { details: { name, value } })
}
