import type { JudgeContext, NextTrial, Pruner, PrunerFactory, Verdict } from '../contracts/pruner.ts'
import type { RandomStream } from '../contracts/random.ts'
import type { Problem } from '../contracts/sampler.ts'
import { describe } from '../errors.ts'
import type { Warnings } from './warnings.ts'

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
      return this.#current().judge(context)
    } catch (error) {
      this.#tell(error)
      return 'continue'
    }
  }

  next(random: () => RandomStream): NextTrial | undefined {
    const pruner = this.#current()
    if (pruner.next === undefined) return undefined
    try {
      return pruner.next(random())
    } catch (error) {
      this.#tell(error)
      return undefined
    }
  }

  #current(): Pruner {
    return (this.#pruner ??= this.#factory.create(this.#problem))
  }

  #tell(error: unknown): void {
    this.#warnings.tell(this.#factory.id, `The pruner has failed, so trials go on where it cannot judge them: ${describe(error)}`)
  }
}
