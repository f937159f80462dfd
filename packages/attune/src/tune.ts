import { type CompleteTrial, maximize, minimize, type ObjectiveResult, type OptimizeOptions, type Scalar, type Trial } from '@attune/core'
import { createStudy, type StudyOptions } from './create-study.ts'

/** Parameters that were met by running. */
export interface TunedParams {
  readonly [name: string]: Scalar
}

export interface TuneOptions extends Omit<StudyOptions, 'space' | 'objective' | 'metrics' | 'constraints'>, OptimizeOptions {
  /** Whether the function's number should become small or large. Default: minimize. */
  readonly goal?: 'minimize' | 'maximize'
}

/**
 * Finds good parameters of a function in one call, asking for them while it runs: `t.float('x', -10, 10)`.
 * Answers the best trial. Throws what `createStudy` and `optimize` throw, and NO_BEST if no trial completed.
 * @example
 * const best = await tune((t) => (t.float('x', -10, 10) - 2) ** 2, { trials: 100 })
 * best.value, best.params.x
 */
export async function tune(objective: (trial: Trial<TunedParams>) => ObjectiveResult | PromiseLike<ObjectiveResult>, options: TuneOptions): Promise<CompleteTrial<TunedParams>> {
  const { goal = 'minimize', trials, more, timeout, trialTimeout, grace, concurrency, signal, stop, evaluators, retry, checkpointEvery, ...studyOptions } = options
  const study = await createStudy({ ...studyOptions, objective: goal === 'minimize' ? minimize('value') : maximize('value') })
  try {
    const run = { trials, more, timeout, trialTimeout, grace, concurrency, signal, stop, evaluators, retry, checkpointEvery }
    await study.optimize(objective, Object.fromEntries(Object.entries(run).filter(([, value]) => value !== undefined)))
    return study.best
  } finally {
    await study.close()
  }
}
