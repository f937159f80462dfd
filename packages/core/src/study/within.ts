import type { Clock } from '../contracts/clock.ts'
import type { Awaitable } from '../contracts/values.ts'

/**
 * Resolves to true when `work` settles in time, to false when time is over; rejects with the work.
 * `awaited`: somebody waits for it, so the process stays alive until then.
 */
export async function within(clock: Clock, milliseconds: number, work: () => Awaitable<unknown>, awaited: boolean): Promise<boolean> {
  let cancel: (() => void) | undefined
  const deadline = new Promise<false>((resolve) => {
    cancel = clock.schedule(milliseconds, () => resolve(false), awaited)
  })
  try {
    return await Promise.race([(async () => work())().then(() => true as const), deadline])
  } finally {
    cancel?.()
  }
}
