import { createStudy, isAttuneError, MemoryStorage, minimize, type Objective, type OutcomeBound, type PrunerFactory, type SamplerFactory, type Scalar, type Space, type Storage, type Study, type Trial, type TrialRecord } from '@attune/core'
import type { ProblemSpace } from './problem-spaces.ts'

/** An in-memory storage that several studies can open, in a row or at once. Its time is a counter: nothing depends on the real one. */
export function sharedStorage(): Storage {
  let now = 1_700_000_000_000
  return new MemoryStorage({ now: () => now++ })
}

export interface StudyPlan {
  readonly problem: ProblemSpace
  readonly sampler?: SamplerFactory
  readonly pruner?: PrunerFactory
  readonly storage?: Storage
  readonly seed?: number
  readonly objectives?: readonly Objective[]
  readonly constraints?: { readonly [metric: string]: OutcomeBound }
}

/** Opens a real study; the one of the same storage is resumed. */
export async function openStudy(plan: StudyPlan): Promise<Study<unknown>> {
  const { problem, sampler, pruner, storage = sharedStorage(), seed = 20_250_101, objectives = [minimize('value')], constraints } = plan
  const options = {
    name: 'conformance',
    seed,
    storage,
    ifExists: 'resume',
    objective: objectives,
    ...(sampler === undefined ? {} : { sampler }),
    ...(pruner === undefined ? {} : { pruner }),
    ...(constraints === undefined ? {} : { constraints }),
  } as const
  const study = problem.space === undefined ? await createStudy<undefined, string>(options) : await createStudy<Space<unknown>, string>({ ...options, space: problem.space })
  return study
}

/** The next trial, or the reason for which there is none now. */
export async function askOrExhausted(study: Study<unknown>): Promise<Trial | string> {
  try {
    return await study.ask()
  } catch (error) {
    if (isAttuneError(error, 'EXHAUSTED') || isAttuneError(error, 'SAMPLER_WAITS')) return error.message
    throw error
  }
}

/** A number in [0, 1) that depends on a parameter alone. */
function weigh(value: Scalar): number {
  if (typeof value === 'number') return Math.abs(Math.sin(value)) * 0.999
  let sum = 7
  for (const character of String(value)) sum = (sum * 31 + character.charCodeAt(0)) % 1009
  return sum / 1009
}

/** A value to tell: a plain function of the parameters. */
export function lossOf(problem: ProblemSpace, trial: Trial): number {
  const scalars = problem.meet === undefined ? Object.values(trial.flatParams) : problem.meet(trial)
  return scalars.reduce((sum: number, value, i) => sum + (weigh(value) - 0.3) ** 2 / (i + 1), 0)
}

/**
 * Ends a trial in a way that its number decides: most complete, others fail, are pruned with and without reports,
 * or have an infinite value.
 */
export async function endTrial(study: Study<unknown>, problem: ProblemSpace, trial: Trial, more: { readonly [metric: string]: number } = {}): Promise<TrialRecord> {
  const loss = lossOf(problem, trial)
  switch (trial.number % 11) {
    case 2:
      return study.fail(trial, new Error('This trial fails on purpose.'))
    case 4:
      await trial.report({ step: 1, value: loss + 1 })
      await trial.report({ step: 2, value: loss })
      return study.prune(trial)
    case 6:
      return study.prune(trial)
    case 8:
      return study.tell(trial, { value: Infinity, ...more })
    case 10:
      return study.tell(trial, { value: trial.number % 2 === 0 ? -Infinity : -1e308, ...more })
    default:
      return study.tell(trial, { value: loss, ...more })
  }
}

/** What a trial was suggested. */
export interface Suggested {
  readonly number: number
  readonly flatParams: TrialRecord['flatParams']
  readonly note: unknown
}

/** Runs up to `count` trials one after the other. Ends earlier when the sampler is exhausted. */
export async function runTrials(study: Study<unknown>, problem: ProblemSpace, count: number): Promise<readonly Suggested[]> {
  const suggested: Suggested[] = []
  for (let i = 0; i < count; i++) {
    const trial = await askOrExhausted(study)
    if (typeof trial === 'string') break
    const record = await endTrial(study, problem, trial)
    suggested.push({ number: record.number, flatParams: record.flatParams, note: record.suggestion?.note })
  }
  return suggested
}
