import { AttuneError, type Awaitable, type Exhausted, type Explanation, type Json, type Problem, type RandomStream, type Sampler, type SamplerFactory, type SuggestContext, type Suggestion, type TrialRecord } from '@attune/core'
import { atOnce, inParts } from '../in-parts.ts'
import { checkKnown } from '../known-options.ts'
import { Observations } from '../model/observations.ts'
import { Points } from '../model/points.ts'
import { unseenPoint } from '../model/unseen-point.ts'
import { Layout } from './layout.ts'
import { type Provenance, type Restarts, type SearchSettings, SearchState } from './search-state.ts'
import { warmStart } from './warm-start.ts'

/** Options of `cmaEs`. */
export interface CmaEsOptions {
  /** Trials in a generation, at least 4. Default 4 + ⌊3 ln d⌋ for d parameters. */
  readonly population?: number
  /** Standard deviation of the first trials, as a part of each range; above 0, at most 1. Default 0.25. */
  readonly initialDeviation?: number
  /** What follows when a run has converged: another one from a random place with twice the population (`ipop`, the default), with large and small populations in turn (`bipop`), or the end of the study (`none`). */
  readonly restarts?: 'none' | 'ipop' | 'bipop'
  /** Whether to begin at the best of the results that other samplers found or that were added. Default true. */
  readonly warmStart?: boolean
}

const id = 'cma-es'
/** Draws until one keeps the constraints and is new. */
const mostDraws = 100
/** With so many normal coordinates, or so many trials to take in, a suggestion lets other work have its turn. */
const pausesFrom = { coordinates: 64, trials: 1000 }
/** Work between two pauses while trials are taken in, each of about 300 + n² for n normal coordinates: some 10 ms. */
const mostWork = 1_000_000
/** With more coordinates than this a note would become too long. */
const mostRaw = 200

const explanations: Readonly<Record<'none' | 'start' | 'warm' | 'search' | 'new', Explanation>> = {
  none: { model: 'prior', why: 'There is nothing to choose: no parameter has two values.' },
  start: { model: 'CMA-ES', why: 'Around the middle of the priors: no trial of this sampler has ended yet.' },
  warm: { model: 'CMA-ES', why: 'Around the best results so far, which others found: no trial of this sampler has ended yet.' },
  search: { model: 'CMA-ES', why: 'A draw from the normal distribution that follows the better half of each generation of trials.' },
  new: { model: 'prior', why: 'A random point: all that CMA-ES drew was tried before or breaks a constraint.' },
}

/**
 * CMA-ES, the evolution strategy that learns a covariance (Hansen 2016, arXiv:1604.00772), with active update. Integers and ordinals keep a margin of
 * probability (CMA-ES with margin), categories have a distribution of their own (CatCMA). Runs that have converged are followed by others.
 *
 * Works on one objective, on every space; inactive parameters of a conditional space learn nothing from a trial. Any number of trials may run at once,
 * and they may end in any order. Failed, infeasible and pruned trials rank last, in this order. Results of other samplers are where it begins.
 * Throws OPTION for an option out of range; `create` throws UNSUPPORTED for several objectives.
 */
export function cmaEs(options: CmaEsOptions = {}): SamplerFactory {
  checkKnown('cmaEs', options, ['population', 'initialDeviation', 'restarts', 'warmStart'])
  const { population, initialDeviation = 0.25, restarts = 'ipop', warmStart = true } = options
  check('population', population, population === undefined || (Number.isSafeInteger(population) && population >= 4), 'a whole number from 4')
  check('initialDeviation', initialDeviation, typeof initialDeviation === 'number' && initialDeviation > 0 && initialDeviation <= 1, 'a number above 0, at most 1')
  check('restarts', restarts, (['none', 'ipop', 'bipop'] satisfies Restarts[]).includes(restarts), '"none", "ipop" or "bipop"')
  check('warmStart', warmStart, typeof warmStart === 'boolean', 'true or false')
  const settings: SearchSettings = { population, deviation: initialDeviation, restarts, warmStart }
  return {
    specVersion: 'v1',
    id,
    revision: 1,
    create: (problem) => {
      if (problem.objectives.length > 1) throw new AttuneError('UNSUPPORTED', `cmaEs() optimises one objective, and this study has ${problem.objectives.length}. Use nsgaII() or tpe(), or make one objective of them.`)
      return new CmaEsSampler(problem, settings)
    },
  }
}

class CmaEsSampler implements Sampler {
  readonly #problem: Problem
  readonly #settings: SearchSettings
  readonly #observations: Observations
  /** By row, what the note of the sampler's own trials says. */
  readonly #provenance: (Provenance | undefined)[] = []
  #layout: Layout | undefined
  #state: SearchState | undefined
  /** So many rows are in the state. */
  #taken = 0
  /** Takes in the others; where a suggestion was aborted, the next one goes on with it. */
  #learning: Generator<void, void, undefined> | undefined
  /** Where a search would begin, while no trial of this sampler has ended; for so many rows. */
  #start: { readonly length: number; readonly state: SearchState; readonly warm: boolean } | undefined
  #units = new Float64Array(0)
  #normal = new Float64Array(0)

  constructor(problem: Problem, settings: SearchSettings) {
    this.#problem = problem
    this.#settings = settings
    this.#observations = new Observations(problem)
  }

  /** Only keeps the trial: the state is a fold over all of them, which `suggest` goes on with, since it may pause. */
  observe(trial: TrialRecord): void {
    const row = this.#observations.length
    this.#observations.add(trial)
    if (this.#observations.length > row) this.#provenance[row] = provenanceOf(trial)
  }

  suggest(context: SuggestContext): Awaitable<Suggestion | Exhausted> {
    const { space, history } = this.#problem
    const layout = this.#layout?.points.space === space ? this.#layout : this.#layOut()
    if (layout.parameters === 0) return { params: space.sample(context.random), explanation: explanations.none }
    // Space and history are those of now: what others write during a pause comes too late.
    const open = [...context.running, ...history.paused().map((number) => history.trial(number))]
    const steps = this.#suggest(layout, open, context.random)
    return layout.normal.length < pausesFrom.coordinates && this.#observations.length - this.#taken < pausesFrom.trials ? atOnce(steps) : inParts(steps, context.signal)
  }

  *#suggest(layout: Layout, open: readonly TrialRecord[], random: RandomStream): Generator<void, Suggestion | Exhausted, undefined> {
    const learning = this.#learning ?? this.#learn(layout)
    this.#learning = learning
    yield* learning
    this.#learning = undefined
    const { state, explanation } = yield* this.#present(layout)
    if (state.stopped !== undefined) return { exhausted: `CMA-ES has converged: ${state.stopped}. Use cmaEs({ restarts: 'ipop' }) to go on from another place.` }
    const { points } = layout
    const { space } = points
    let busy: ReadonlySet<string> | undefined
    const isSeen = (key: string): boolean => {
      busy ??= new Set(open.flatMap(({ flatParams }) => points.key(space.encode(flatParams), 0) ?? []))
      return this.#observations.hasSeen(key) || busy.has(key)
    }
    const drawn = yield* this.#drawn(layout, state, isSeen, random, explanation)
    if (drawn !== undefined) return drawn
    this.#problem.warn('cma-es suggests random points where all that its distribution gives was tried before or breaks a constraint of the space.')
    const other = unseenPoint(points, isSeen, random)
    return { params: other === undefined ? space.sample(random) : space.decode(other), explanation: explanations.new }
  }

  /** The space is new or has grown: everything is to be taken in anew. */
  #layOut(): Layout {
    const layout = new Layout(new Points(this.#problem.space))
    this.#layout = layout
    this.#units = new Float64Array(layout.points.width)
    this.#normal = new Float64Array(layout.normal.length)
    this.#state = undefined
    this.#start = undefined
    this.#taken = 0
    this.#learning = undefined
    return layout
  }

  *#learn(layout: Layout): Generator<void, void, undefined> {
    const most = Math.ceil(mostWork / (300 + layout.normal.length * layout.normal.length))
    for (let row = this.#taken; row < this.#observations.length; row = ++this.#taken) {
      const provenance = this.#provenance[row]
      if (provenance === undefined) this.#state?.tellOther(row)
      else {
        this.#state ??= (yield* this.#begin(layout, row)).state
        yield* this.#state.tell(row, provenance)
      }
      if ((row + 1) % most === 0) yield
    }
  }

  /** A search that knows the rows before one, all of them by others. */
  *#begin(layout: Layout, before: number): Generator<void, { readonly state: SearchState; readonly warm: boolean }, undefined> {
    const { order, feasibleCount } = this.#observations
    const sources = this.#settings.warmStart ? Array.from(order.subarray(0, feasibleCount)).filter((row) => row < before && (this.#observations.losses(row)[0] as number) < Infinity) : []
    const warm = sources.length > 0
    const { deviation } = this.#settings
    const start = warm ? yield* warmStart(layout, this.#observations, sources, deviation) : { normal: layout.start(deviation), categories: layout.priors() }
    const state = new SearchState(layout, this.#observations, start, this.#settings, this.#problem.random)
    yield* state.settle()
    return { state, warm }
  }

  *#present(layout: Layout): Generator<void, { readonly state: SearchState; readonly explanation: Explanation }, undefined> {
    if (this.#state !== undefined) return { state: this.#state, explanation: explanations.search }
    const { length } = this.#observations
    if (this.#start?.length !== length) this.#start = { length, ...(yield* this.#begin(layout, length)) }
    return { state: this.#start.state, explanation: this.#start.warm ? explanations.warm : explanations.start }
  }

  *#drawn({ points, normal, ordered }: Layout, state: SearchState, isSeen: (key: string) => boolean, random: RandomStream, explanation: Explanation): Generator<void, Suggestion | undefined, undefined> {
    const units = this.#units
    for (let draw = 0; draw < mostDraws; draw++) {
      if (draw > 0 && normal.length >= pausesFrom.coordinates) yield
      state.draw(random, units, this.#normal)
      points.settle(units, 0, random)
      const key = points.key(units, 0)
      if ((key !== undefined && isSeen(key)) || !points.allows(units, 0)) continue
      const raw = ordered.length === 0 || ordered.length > mostRaw ? undefined : ordered.map(({ at }) => Math.round((this.#normal[at] as number) * 1e6) / 1e6)
      return { params: points.space.decode(units), explanation, note: raw === undefined ? { generation: state.generation } : { generation: state.generation, raw } }
    }
    return undefined
  }
}

/** What the note of a suggestion of this sampler says; undefined for all others. */
function provenanceOf({ suggestion }: TrialRecord): Provenance | undefined {
  const note = suggestion?.note
  if (suggestion?.sampler.startsWith(`${id}@`) !== true || typeof note !== 'object' || note === null || Array.isArray(note)) return undefined
  const { generation, raw } = note as { readonly [key: string]: Json }
  if (typeof generation !== 'number') return undefined
  return { generation, raw: Array.isArray(raw) && raw.every((one) => typeof one === 'number') ? raw : undefined }
}

function check(name: string, value: unknown, good: boolean, wanted: string): void {
  if (!good) throw new AttuneError('OPTION', `cmaEs({ ${name} }) takes ${wanted}, not ${String(value)}.`, { details: { name, value: String(value) } })
}
