import { AttuneError, type Awaitable, type History, type Problem, type Random, type Sampler, type SamplerFactory, type SearchSpace, type SuggestContext, type TrialRecord } from '@attune/core'
import { InnerHistory } from './inner-history.ts'
import { type Answer, type InnerName, unwrapped, wrapped } from './inner-note.ts'

export interface InnerOptions extends InnerName {
  /** Named among several, the sampler has random streams of its own. Without it, it has those that it would have alone. */
  readonly arm?: string
  /** What the sampler sees of the space. Answers the same object for the same space. Default: all of it. */
  readonly space?: (space: SearchSpace) => SearchSpace
  /** What it sees of the history, given one that shows it its own notes. Default: all of it. */
  readonly history?: (history: History) => History
}

/**
 * A sampler inside another one. It finds what its contract promises: a problem of its own, its own random streams, and its own
 * notes on its own suggestions, wherever they are read.
 */
export class InnerSampler {
  readonly #factory: SamplerFactory
  readonly #name: InnerName
  readonly #random: Random
  readonly #show: (record: TrialRecord) => TrialRecord
  readonly #sampler: Sampler

  constructor(factory: SamplerFactory, problem: Problem, { space, history, ...name }: InnerOptions) {
    this.#factory = factory
    this.#name = name
    this.#random = name.arm === undefined ? problem.random : streamsOf(problem.random, `${name.wrapper}/${name.arm}`)
    this.#show = (record) => unwrapped(record, name)
    const shown = new InnerHistory(problem.history, this.#show)
    this.#sampler = factory.create({
      get space() {
        return space === undefined ? problem.space : space(problem.space)
      },
      get objectives() {
        return problem.objectives
      },
      get constraints() {
        return problem.constraints
      },
      random: this.#random,
      history: history === undefined ? shown : history(shown),
      warn: (message) => problem.warn(message),
      remark: (message) => problem.remark(message),
    })
  }

  /** True if it wants to be told of trials. */
  get observes(): boolean {
    return this.#sampler.observe !== undefined
  }

  observe(trial: TrialRecord): void {
    this.#sampler.observe?.(this.#show(trial))
  }

  /** Its answer, as the wrapper's. */
  suggest(context: SuggestContext): Awaitable<Answer> {
    const { number, running } = context
    const answer = this.#sampler.suggest({
      ...context,
      random: this.#name.arm === undefined ? context.random : this.#random.stream(number, 'sampler'),
      running: running.length === 0 ? running : running.map(this.#show),
    })
    return 'then' in answer ? answer.then((settled) => wrapped(settled, this.#factory, this.#name)) : wrapped(answer, this.#factory, this.#name)
  }
}

/** Throws OPTION for what is no sampler: without it the study would fail later, with no hint of why. */
export function checkSampler(wrapper: string, sampler: SamplerFactory): void {
  if (typeof sampler?.create !== 'function') throw new AttuneError('OPTION', `${wrapper} takes a sampler, as tpe() or random()${typeof sampler === 'function' ? ': call the function that makes it' : ''}.`)
}

/** Streams of one part of a study: another one for each purpose that there is outside. */
function streamsOf(random: Random, part: string): Random {
  return { specVersion: 'v1', seed: random.seed, stream: (trial, purpose) => random.stream(trial, `${part}/${purpose}`) }
}
