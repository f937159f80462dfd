import { type IAsyncProperty, check } from 'fast-check'
import { ConformanceError } from './check.ts'

/** Environment of the process, where there is one. */
function variable(name: string): string | undefined {
  return (globalThis as { process?: { env: { [name: string]: string | undefined } } }).process?.env[name]
}

/**
 * Checks a random property. The error of a failure names the smallest counter-example and the command that repeats it:
 * `ATTUNE_SEED` and `ATTUNE_PATH` in the environment choose the case.
 */
export async function checkReplayable<T>(property: IAsyncProperty<T>, runs: number, testName: string): Promise<void> {
  const seed = variable('ATTUNE_SEED')
  const path = variable('ATTUNE_PATH')
  const result = await check(property, { numRuns: runs, ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) })
  if (!result.failed) return
  const { counterexample, counterexamplePath, errorInstance } = result
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
  throw new ConformanceError(
    `${reason}\nSmallest case: ${JSON.stringify(counterexample)}\nRepeat it: ATTUNE_SEED=${result.seed} ATTUNE_PATH=${counterexamplePath ?? ''} npx vitest run -t ${JSON.stringify(testName)}`,
    { cause: errorInstance },
  )
}
