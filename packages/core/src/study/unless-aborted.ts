import type { Awaitable } from '../contracts/values.ts'

/** The answer where the signal was quicker. */
export const aborted: unique symbol = Symbol('aborted')

/** What work answers, unless the signal aborts first: then nobody waits for it any more, and what it throws is ignored. */
export async function unlessAborted<T>(work: PromiseLike<T>, signal: AbortSignal): Promise<T | typeof aborted> {
  if (signal.aborted) {
    work.then(undefined, () => undefined)
    return aborted
  }
  let end!: () => void
  const abort = new Promise<typeof aborted>((resolve) => {
    end = () => resolve(aborted)
    signal.addEventListener('abort', end, { once: true })
  })
  try {
    return await Promise.race<Awaitable<T | typeof aborted>>([work, abort])
  } finally {
    signal.removeEventListener('abort', end)
  }
}
