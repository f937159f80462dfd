import { type Awaitable, isAttuneError, type Problem, type Sampler, type SamplerFactory, type SuggestContext, type TrialRecord } from '@attune/core'
import { cmaEs } from '../cma-es/cma-es.ts'
import { gp } from '../gp/gp.ts'
import { nsgaII } from '../nsga/nsga.ts'
import { tpe } from '../tpe/tpe.ts'
import { type Answer, armOf } from '../wrappers/inner-note.ts'
import { InnerSampler } from '../wrappers/inner-sampler.ts'
import { type Choice, choose, factsOf } from './choice.ts'

const id = 'auto'

/**
 * Chooses among the other samplers for each trial, by the space, the objectives, the number of trials and how well it goes: mostly a Gaussian
 * process, with TPE, CMA-ES or NSGA-II where that one is at its limits. The default of every study made through `attune`.
 *
 * Every sampler that it may use learns from every trial. What it goes on with, and why, is a remark in the study's events; each
 * trial's explanation names the sampler. It has no options: whoever knows better takes the sampler itself, or `blend`.
 */
export function auto(): SamplerFactory {
  return { specVersion: 'v1', id, revision: 1, create: (problem) => new AutoSampler(problem) }
}

interface Arm {
  readonly inner: InnerSampler
  /** Trials that it has suggested, up to where the history was read. */
  suggested: number
}

class AutoSampler implements Sampler {
  readonly #problem: Problem
  readonly #arms: ReadonlyMap<string, Arm>
  #ended = 0
  /** Trials whose arm was looked up. */
  #read = 0

  constructor(problem: Problem) {
    this.#problem = problem
    const several = problem.objectives.length > 1
    const factories: readonly SamplerFactory[] = several ? [gp(), tpe(), nsgaII()] : [gp(), tpe(), cmaEs()]
    this.#arms = new Map(factories.flatMap((factory) => {
      const inner = innerUnlessRefused(factory, problem)
      return inner === undefined ? [] : [[factory.id, { inner, suggested: 0 }] as const]
    }))
  }

  observe(trial: TrialRecord): void {
    this.#ended++
    for (const { inner } of this.#arms.values()) inner.observe(trial)
  }

  suggest(context: SuggestContext): Awaitable<Answer> {
    const choice = choose(factsOf(this.#problem, this.#ended), context.number)
    const [name, { inner, suggested }] = this.#armOf(choice)
    this.#problem.remark(`${name}: ${choice.why}`)
    return inner.suggest({ ...context, turn: suggested })
  }

  /** The chosen arm, or TPE where it refused the problem. */
  #armOf({ arm }: Choice): readonly [string, Arm] {
    this.#count()
    const chosen = this.#arms.get(arm)
    return chosen === undefined ? ['tpe', this.#arms.get('tpe') as Arm] : [arm, chosen]
  }

  /** Takes in which arms have suggested the trials that there are. */
  #count(): void {
    const { history } = this.#problem
    for (; this.#read < history.length; this.#read++) {
      const arm = this.#arms.get(armOf(history.trial(this.#read), id) ?? '')
      if (arm !== undefined) arm.suggested++
    }
  }
}

function innerUnlessRefused(factory: SamplerFactory, problem: Problem): InnerSampler | undefined {
  try {
    return new InnerSampler(factory, problem, { wrapper: id, arm: factory.id })
  } catch (error) {
    if (isAttuneError(error, 'UNSUPPORTED')) return undefined
    throw error
  }
}
