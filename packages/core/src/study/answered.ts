import type { Clock } from '../contracts/clock.ts'
import type { Awaitable } from '../contracts/values.ts'
import { isAttuneError } from '../errors.ts'

/** Waits between repetitions of a call that got no answer, in milliseconds. */
const waits = [50, 250, 1000]
/** For so long after the first failure a storage surely remembers the request, in milliseconds: a process may be frozen in between. */
const longestMemory = 60_000

/**
 * The answer of a storage. A call without an answer is repeated, so it must be a look or carry a request id, which changes
 * nothing if the call was applied after all. Errors with a code are answers, and are thrown at once, but for STORAGE_FAILED:
 * there the storage itself does not know.
 */
export async function answered<T>(clock: Clock, call: () => Awaitable<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    return repeated(clock, error, call)
  }
}

/** The same for a call that has failed once. */
export async function repeated<T>(clock: Clock, failure: unknown, call: () => Awaitable<T>): Promise<T> {
  let last = failure
  const since = clock.now()
  for (const wait of waits) {
    if (isAttuneError(last) && last.code !== 'STORAGE_FAILED') break
    await new Promise<void>((resolve) => void clock.schedule(wait, resolve, true))
    if (clock.now() - since > longestMemory) break
    try {
      return await call()
    } catch (error) {
      last = error
    }
  }
  throw last as Error // Whatever was thrown goes on as it was.
}
