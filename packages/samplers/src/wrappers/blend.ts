import { AttuneError, type Awaitable, type Problem, type Sampler, type SamplerFactory, type SuggestContext, type TrialRecord } from '@attune/core'
import { checkKnown } from '../known-options.ts'
import { type Answer, armOf } from './inner-note.ts'
import { checkSampler, InnerSampler } from './inner-sampler.ts'

const id = 'blend'

/** One sampler of a blend. */
export interface BlendArm {
  readonly sampler: SamplerFactory
  /** Its part of the trials, in relation to the other shares; above 0. Default 1. */
  readonly share?: number
}

/**
 * Several samplers in one study: each suggests its share of the trials, and all learn from all of them. The next trial is that of the sampler which
 * is furthest behind its share. When one has nothing left to try, the others go on; when one waits, the study waits for it.
 *
 * Each trial's explanation and note name the sampler, and `turn` tells each which of its own trials one is, so that a
 * sequence such as `quasiRandom()` is used without gaps. Throws OPTION for shares that make no sense, and on creation what any of the samplers throws.
 */
export function blend(arms: readonly BlendArm[]): SamplerFactory {
  if (!Array.isArray(arms) || arms.length === 0) throw new AttuneError('OPTION', 'blend takes a list of samplers with their shares: blend([{ sampler: tpe(), share: 0.75 }, { sampler: random(), share: 0.25 }]).')
  for (const { share = 1, ...arm } of arms as readonly BlendArm[]) {
    checkKnown('blend', arm, ['sampler', 'share'])
    if (!(share > 0 && share < Infinity)) throw new AttuneError('OPTION', `blend([{ share }]) takes numbers above 0, not ${String(share)}.`, { details: { share } })
    checkSampler('blend([{ sampler }])', arm.sampler)
  }
  const fixed = (arms as readonly BlendArm[]).map(({ sampler, share = 1 }) => ({ sampler, share }))
  return { specVersion: 'v1', id, revision: 1, create: (problem) => new BlendSampler(problem, fixed) }
}

interface Arm {
  readonly name: string
  readonly share: number
  readonly inner: InnerSampler
  /** Trials that it has suggested, up to where the history was read. */
  suggested: number
}

class BlendSampler implements Sampler {
  readonly #problem: Problem
  readonly #arms: readonly Arm[]
  readonly observe?: (trial: TrialRecord) => void
  /** Trials whose arm was looked up. */
  #read = 0

  constructor(problem: Problem, arms: readonly Required<BlendArm>[]) {
    this.#problem = problem
    const total = arms.reduce((sum, { share }) => sum + share, 0)
    const names = namesOf(arms)
    this.#arms = arms.map(({ sampler, share }, i) => {
      const name = names[i] as string
      return { name, share: share / total, inner: new InnerSampler(sampler, problem, { wrapper: id, arm: name }), suggested: 0 }
    })
    if (this.#arms.some(({ inner }) => inner.observes)) this.observe = (trial) => this.#arms.forEach(({ inner }) => inner.observe(trial))
  }

  suggest(context: SuggestContext): Awaitable<Answer> {
    this.#count()
    const total = this.#arms.reduce((sum, { suggested }) => sum + suggested, 1)
    const behind = ({ share, suggested }: Arm): number => share * total - suggested
    // Of equals the first: sorting keeps their order.
    return firstThatGoesOn(this.#arms.toSorted((a, b) => behind(b) - behind(a)), context)
  }

  /** Takes in which arms have suggested the trials that there are. */
  #count(): void {
    const { history } = this.#problem
    for (; this.#read < history.length; this.#read++) {
      const name = armOf(history.trial(this.#read), id)
      const arm = name === undefined ? undefined : this.#arms.find((one) => one.name === name)
      if (arm !== undefined) arm.suggested++
    }
  }
}

function firstThatGoesOn([arm, ...others]: readonly Arm[], context: SuggestContext): Awaitable<Answer> {
  const { inner, suggested } = arm as Arm
  const answer = inner.suggest({ ...context, turn: suggested })
  const goOn = (settled: Answer): Awaitable<Answer> => {
    if (!('exhausted' in settled) || others.length === 0) return settled
    return firstThatGoesOn(others, context)
  }
  return 'then' in answer ? answer.then(goOn) : goOn(answer)
}

/** Names of the arms: ids, with a number where one comes again. */
function namesOf(arms: readonly BlendArm[]): readonly string[] {
  return arms.map(({ sampler }, i) => {
    const before = arms.slice(0, i).filter((arm) => arm.sampler.id === sampler.id).length
    return before === 0 ? sampler.id : `${sampler.id}#${before + 1}`
  })
}
