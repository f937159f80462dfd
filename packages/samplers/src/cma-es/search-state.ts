import { exp, log, type Random, type RandomStream } from '@attune/core'
import { priorUnit } from '../model/axis.ts'
import type { Observations } from '../model/observations.ts'
import { CategorySearch } from './category-search.ts'
import type { Layout } from './layout.ts'
import { type Margin, middleOfCell, type OrderedCoordinate } from './margin.ts'
import { NormalSearch, type NormalStart } from './normal-search.ts'
import { defaultPopulation, strategyOf } from './strategy.ts'
import type { Start } from './warm-start.ts'

export type Restarts = 'none' | 'ipop' | 'bipop'

export interface SearchSettings {
  /** λ of the first run; undefined for the usual one. */
  readonly population: number | undefined
  readonly deviation: number
  readonly restarts: Restarts
  readonly warmStart: boolean
}

/** What a suggestion leaves in its note. */
export interface Provenance {
  readonly generation: number
  /** Coordinates of the normal distribution with cells, before they were cut to cells. */
  readonly raw: readonly number[] | undefined
}

/**
 * What CMA-ES knows after some trials: a fold over finished trials in the order of the history. Every λ trials of the sampler's own make a
 * generation, whichever distribution they were drawn from: those of an earlier one, that were still running when it ended, are injected into the present one.
 * The best trial of others since the last generation takes the place of the worst, if it is better than all.
 */
export class SearchState {
  readonly #layout: Layout
  readonly #observations: Observations
  readonly #settings: SearchSettings
  readonly #random: Random
  #normal: NormalSearch | undefined
  #margin: Margin
  #categories: CategorySearch
  #population: number
  #generation = 0
  /** The generation in which the present run began: what is older belongs to another place. */
  #firstOfRun = 0
  #restarts = 0
  #largeRuns = 0
  /** Trials spent on large and small populations (BIPOP). */
  #spent = { large: 0, small: 0 }
  #large = false
  #stopped: string | undefined
  #rows: number[] = []
  #provenance: Provenance[] = []
  /** The best row of others since the last generation, -1 if there is none. */
  #outsider = -1

  /** `settle` has to follow. */
  constructor(layout: Layout, observations: Observations, start: Start, settings: SearchSettings, random: Random) {
    this.#layout = layout
    this.#observations = observations
    this.#settings = settings
    this.#random = random
    this.#population = settings.population ?? defaultPopulation(layout.parameters)
    this.#normal = this.#begin(start.normal)
    this.#margin = layout.margin()
    this.#categories = new CategorySearch(start.categories)
  }

  /** Computes what draws need, in steps of a few milliseconds. */
  *settle(): Generator<void, void, undefined> {
    if (this.#normal !== undefined) yield* this.#normal.decompose()
  }

  /** Number of generations, over all runs. */
  get generation(): number {
    return this.#generation
  }

  /** Why the search has ended; undefined if it goes on. */
  get stopped(): string | undefined {
    return this.#stopped
  }

  /** Writes a draw to `units`, a coordinate for each dimension; answers those that cells will cut. */
  draw(random: RandomStream, units: Float64Array, normal: Float64Array): void {
    units.fill(0.5)
    const { normal: dimensions, categorical } = this.#layout
    if (this.#normal !== undefined) {
      this.#normal.draw(random, normal)
      for (let at = 0; at < dimensions.length; at++) units[dimensions[at] as number] = normal[at] as number
    }
    for (let i = 0; i < categorical.length; i++) {
      const index = categorical[i] as number
      const { centres, dimension } = this.#layout.axis(index)
      const category = this.#categories.draw(i, random.uniform())
      units[index] = centres[category] ?? (category + 0.5) / dimension.cells
    }
  }

  tellOther(row: number): void {
    if (this.#outsider < 0 || this.#observations.compare(row, this.#outsider) < 0) this.#outsider = row
  }

  /** Takes in a trial of the sampler's own. What it takes to end a generation is done in steps of a few milliseconds. */
  *tell(row: number, provenance: Provenance): Generator<void, void, undefined> {
    if (provenance.generation < this.#firstOfRun) return // Another run, which has ended.
    this.#rows.push(row)
    this.#provenance.push(provenance)
    if (this.#rows.length < this.#population) return
    yield* this.#endGeneration()
    this.#rows = []
    this.#provenance = []
    this.#outsider = -1
  }

  *#endGeneration(): Generator<void, void, undefined> {
    const observations = this.#observations
    const population = this.#population
    const order = this.#rows.map((_, i) => i).sort((a, b) => observations.compare(this.#rows[a] as number, this.#rows[b] as number))
    const rows = order.map((i) => this.#rows[i] as number)
    const provenance: (Provenance | undefined)[] = order.map((i) => this.#provenance[i])
    if (this.#outsider >= 0 && observations.compare(this.#outsider, rows[0] as number) < 0) {
      rows.unshift(this.#outsider)
      provenance.unshift(undefined)
      rows.pop()
    }
    this.#spent[this.#large ? 'large' : 'small'] += population
    this.#updateCategories(rows)
    yield* this.#updateNormal(rows, provenance)
    this.#generation++
    const reason = this.#normal?.stopReason()
    if (reason === undefined) return
    this.#endRun(reason)
    yield* this.settle()
  }

  *#updateNormal(rows: readonly number[], provenance: readonly (Provenance | undefined)[]): Generator<void, void, undefined> {
    const search = this.#normal
    if (search === undefined) return
    const { normal, ordered } = this.#layout
    const n = normal.length
    const samples = new Float64Array(rows.length * n)
    const foreign = new Uint8Array(rows.length)
    for (let at = 0; at < n; at++) {
      const column = this.#observations.column(normal[at] as number)
      for (let k = 0; k < rows.length; k++) samples[k * n + at] = column[rows[k] as number] as number
    }
    for (let k = 0; k < rows.length; k++) {
      const { generation, raw } = provenance[k] ?? { generation: -1, raw: undefined }
      foreign[k] = Number(generation !== this.#generation)
      if (raw === undefined) continue
      for (let i = 0; i < ordered.length && i < raw.length; i++) {
        const { at, axis } = ordered[i] as OrderedCoordinate
        const told = raw[i] as number
        // In another cell than the trial: the space was redefined since.
        if (middleOfCell(axis, told) === samples[k * n + at]) samples[k * n + at] = told
      }
    }
    const losses = rows.map((row) => this.#observations.losses(row)[0] as number)
    this.#margin.centre(search, samples)
    yield* search.update({ samples, foreign, lowest: losses[0] as number, highest: Math.max(...losses.map((loss) => (Number.isNaN(loss) ? Infinity : loss))) })
    this.#margin.keep(search)
    yield* search.decompose()
  }

  #updateCategories(rows: readonly number[]): void {
    const { categorical } = this.#layout
    if (categorical.length === 0) return
    const { parents, weights } = this.#normal?.strategy ?? strategyOf(1, this.#population)
    const categories = new Int32Array(parents * categorical.length)
    for (let i = 0; i < categorical.length; i++) {
      const index = categorical[i] as number
      const column = this.#observations.column(index)
      for (let k = 0; k < parents; k++) categories[k * categorical.length + i] = this.#layout.categoryOf(index, column[rows[k] as number] as number)
    }
    this.#categories.update(categories, weights.subarray(0, parents))
  }

  #begin(start: NormalStart): NormalSearch | undefined {
    const n = start.mean.length
    return n === 0 ? undefined : new NormalSearch(strategyOf(n, this.#population), this.#layout.bounded, start)
  }

  /**
   * Restarts from a random place: with twice the population each time (IPOP: Auger & Hansen 2005), or with large and small ones in turn, of equal numbers
   * of trials (BIPOP: Hansen 2009); those with a small one are also narrower.
   */
  #endRun(reason: string): void {
    const { restarts, deviation } = this.#settings
    if (restarts === 'none') {
      this.#stopped = reason
      return
    }
    const random = this.#random.stream(this.#restarts++, 'cma-es restart')
    const first = this.#settings.population ?? defaultPopulation(this.#layout.parameters)
    let width = deviation
    this.#large = restarts === 'ipop' || this.#spent.large <= this.#spent.small
    if (this.#large) this.#population = first * 2 ** ++this.#largeRuns
    else {
      const u = random.uniform()
      this.#population = Math.floor(first * exp(log(2 ** (this.#largeRuns - 1)) * u * u))
      width = deviation * exp(-2 * log(10) * random.uniform())
    }
    const { mean, covariance } = this.#layout.start(width)
    for (let at = 0; at < mean.length; at++) mean[at] = priorUnit(this.#layout.axis(this.#layout.normal[at] as number), random.uniform())
    this.#normal = this.#begin({ mean, deviation: width, covariance })
    this.#margin = this.#layout.margin()
    this.#categories = new CategorySearch(this.#layout.priors())
    this.#firstOfRun = this.#generation
  }
}
