import { AttuneError, type CompleteTrial, maximize, minimize, type ObjectiveResult, type OptimizeOptions, type Scalar, type Trial } from '@attune/core'
import { createStudy, type StudyOptions } from './create-study.ts'

/** What `tune` settles itself, or calls otherwise. */
const elsewhere: { readonly [option: string]: string } = {
  direction: "goal: 'maximize' or goal: 'minimize'",
  objective: "goal: 'maximize' or goal: 'minimize', or createStudy for metrics by name",
  space: 'trial.float(…) and its like in the function, or createStudy for a declared space',
  metrics: 'createStudy, which has metrics by name',
  constraints: 'createStudy, which has metrics by name',
}

function checkOptions(options: TuneOptions): void {
  if (typeof options !== 'object' || options === null) throw new AttuneError('OPTION', 'tune needs options as its second argument, as in { trials: 100 }.')
  for (const key of Object.keys(options)) if (Object.hasOwn(elsewhere, key)) throw new AttuneError('OPTION', `tune does not take the option "${key}": use ${elsewhere[key]}.`)
  if (options.goal !== undefined && options.goal !== 'minimize' && options.goal !== 'maximize') throw new AttuneError('OPTION', `goal must be "minimize" or "maximize", got ${JSON.stringify(options.goal)}.`)
}

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
  checkOptions(options)
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
