import type { JudgeContext, NextContext, NextTrial, Pruner, PrunerFactory, Verdict } from '../contracts/pruner.ts'
import type { Problem } from '../contracts/sampler.ts'
import type { Json } from '../contracts/values.ts'
import { describe } from '../errors.ts'
import { copyJson } from '../json.ts'
import { show } from '../space/show.ts'
import type { Warnings } from './warnings.ts'

/** In the place of a pruner that cannot be made again. */
const indifferent: Pruner = Object.freeze({ judge: () => 'continue' } as const)

/** The pruner of a study. One that throws prunes nothing, and is told of: it must not take trials down. */
export class Judge {
  readonly #factory: PrunerFactory
  readonly #problem: Problem
  readonly #warnings: Warnings
  /** Undefined after an amendment: what it knew may no longer be true. */
  #pruner: Pruner | undefined

  constructor(factory: PrunerFactory, problem: Problem, warnings: Warnings) {
    this.#factory = factory
    this.#problem = problem
    this.#warnings = warnings
    this.#pruner = factory.create(problem)
  }

  forget(): void {
    this.#pruner = undefined
  }

  /** True if the pruner starts trials itself, and so needs the checkpoints of those that ended. */
  get schedules(): boolean {
    return this.#current().next !== undefined
  }

  judge(context: JudgeContext): Verdict {
    try {
      const verdict: unknown = this.#current().judge(context)
      if (verdict === 'continue' || verdict === 'prune' || verdict === 'pause') return verdict
      throw new TypeError(`it answered ${String(verdict)} instead of 'continue', 'prune' or 'pause'`)
    } catch (error) {
      this.#tell(error)
      return 'continue'
    }
  }

  /** What the pruner wants; undefined leaves it to the sampler. */
  next(context: () => NextContext): NextTrial | undefined {
    const pruner = this.#current()
    if (pruner.next === undefined) return undefined
    let wanted: NextTrial | undefined
    try {
      wanted = pruner.next(context())
    } catch (error) {
      this.#tell(error)
      return undefined
    }
    try {
      return checked(wanted)
    } catch (error) {
      this.refuse(error)
      return undefined
    }
  }

  /** What the pruner wanted cannot be. Each complaint once: the sampler goes on. */
  refuse(error: unknown): void {
    this.#warnings.tell(this.#factory.id, `The pruner wants what cannot be started, so the sampler goes on: ${describe(error)}`)
  }

  #current(): Pruner {
    if (this.#pruner === undefined) {
      try {
        this.#pruner = this.#factory.create(this.#problem)
      } catch (error) {
        this.#tell(error)
        this.#pruner = indifferent
      }
    }
    return this.#pruner
  }

  #tell(error: unknown): void {
    this.#warnings.tell(this.#factory.id, `The pruner has failed, so trials go on where it cannot judge them: ${describe(error)}`)
  }
}

/** Throws unless the answer can be meant. */
function checked(wanted: NextTrial | undefined): NextTrial | undefined {
  if (wanted === undefined || wanted === 'wait') return wanted
  const kinds = typeof wanted === 'object' && wanted !== null ? ['promote', 'fork', 'suggest', 'prune', 'exhausted'].filter((kind) => kind in wanted) : []
  if (kinds.length !== 1) throw new TypeError(`it answered ${show(wanted)} instead of one of { promote }, { fork, params }, { suggest: true }, { prune }, 'wait', { exhausted } and undefined`)
  const { toStep } = wanted as { readonly toStep?: unknown }
  if (toStep !== undefined && !Number.isSafeInteger(toStep)) throw new TypeError(`toStep is ${show(toStep)}, not an integer`)
  const { attributes } = wanted as { readonly attributes?: unknown }
  return attributes === undefined ? wanted : { ...(wanted as Extract<NextTrial, { readonly suggest: true }>), attributes: copyJson(attributes, 'What is kept with a trial') as { readonly [key: string]: Json } }
}
