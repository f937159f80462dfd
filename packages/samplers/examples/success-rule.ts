import { AttuneError, type FlatParams, type Problem, type RandomStream, type Sampler, type SamplerFactory, type SuggestContext, type Suggestion, type TrialRecord } from '@attune/core'

export interface SuccessRuleOptions {
  /** Width of the first steps, as a part of each parameter's range. Default 0.3. */
  readonly width?: number
}

/**
 * The (1 + 1) evolution strategy with the one-fifth success rule (Rechenberg 1973): steps around the best point, which get wider after a success
 * and narrower after a failure. One objective; every kind of space. Throws OPTION.
 */
export function successRule({ width = 0.3 }: SuccessRuleOptions = {}): SamplerFactory {
  if (!(width > 0 && width <= 1)) throw new AttuneError('OPTION', `successRule({ width }) takes a number above 0, at most 1, not ${width}.`)
  return {
    specVersion: 'v1',
    id: 'success-rule',
    revision: 1,
    create(problem) {
      if (problem.objectives.length > 1) throw new AttuneError('UNSUPPORTED', 'successRule() follows one objective. Use tpe() or nsgaII() for several.')
      return new SuccessRule(problem, width)
    },
  }
}

class SuccessRule implements Sampler {
  readonly #problem: Problem
  /** Changed by `observe` alone, so that it follows from the history. */
  #width: number
  #best: { readonly loss: number; readonly params: FlatParams } | undefined

  constructor(problem: Problem, width: number) {
    this.#problem = problem
    this.#width = width
  }

  observe({ state, value, violation, flatParams }: TrialRecord): void {
    const sign = this.#problem.objectives[0]?.direction === 'maximize' ? -1 : 1
    const good = state === 'complete' && value !== undefined && violation === 0 && !Number.isNaN(value)
    const better = good && (this.#best === undefined || sign * value < this.#best.loss)
    if (better) this.#best = { loss: sign * value, params: flatParams }
    // Wider by e^0.8 after a success, narrower by e^-0.2 otherwise: in balance when one of five succeeds.
    this.#width = Math.min(0.5, Math.max(0.001, this.#width * (better ? 2.2255409284924676 : 0.8187307530779818)))
  }

  suggest({ random }: SuggestContext): Suggestion {
    const { space } = this.#problem
    if (this.#best === undefined) return { params: space.sample(random), explanation: { model: 'prior', why: 'Nothing good is known yet.' } }
    for (let tries = 0; tries < 20; tries++) {
      const params = this.#step(this.#best.params, random)
      if (space.violation(params) <= 0) return { params, explanation: { model: 'success rule', why: `A step of width ${this.#width.toPrecision(2)} from the best trial.` } }
    }
    return { params: space.sample(random), explanation: { model: 'prior', why: 'No step from the best trial keeps the constraints of the space.' } }
  }

  /** In coordinates every parameter is a number in [0, 1]; one that was inactive (NaN) is drawn, and is used if it is active now. */
  #step(from: FlatParams, random: RandomStream): FlatParams {
    const { space } = this.#problem
    const units = space.encode(from)
    for (const { index, kind } of space.dimensions) {
      const unit = units[index] as number
      const anew = Number.isNaN(unit) || (kind === 'categorical' && random.uniform() < this.#width)
      units[index] = anew ? random.uniform() : kind === 'categorical' ? unit : Math.min(1, Math.max(0, unit + this.#width * random.normal()))
    }
    return space.decode(units)
  }
}
