import { AttuneError } from '@attune/core'
import { isBusy } from './failure.ts'
import { pauseLength } from './fair-turns.ts'

/** What calls that wait for the same lock know together. */
export interface Lock {
  /** Since when every try has found it taken, by `performance.now()`. */
  since: number | undefined
}

export interface Waiting {
  /** When the call was made: it may have waited for others before its first try. */
  readonly called?: number
  readonly lock?: Lock
  /** Told of each try that failed. */
  readonly onBusy?: () => void
}

/**
 * Runs `work`, again and again while another connection has the file, then throws STORAGE_BUSY: where the lock was taken for `timeout`
 * milliseconds since the call, so that calls which queue behind each other wait once, not one after the other.
 */
export async function retryBusy<T>(work: () => T, path: string, timeout: number, { called = performance.now(), lock = { since: undefined }, onBusy }: Waiting = {}): Promise<T> {
  for (;;) {
    try {
      const answer = work()
      lock.since = undefined
      return answer
    } catch (error) {
      if (!isBusy(error)) throw error
      onBusy?.()
      const now = performance.now()
      lock.since ??= now
      const deadline = Math.max(called, lock.since) + timeout
      if (now >= deadline) {
        const message = `${path} was locked by another process for ${timeout} ms: nothing was stored. Look for a program that keeps a transaction open on it, or raise \`busyTimeout\`.`
        throw new AttuneError('STORAGE_BUSY', message, { cause: error, details: { path, timeout } })
      }
      await pause(Math.min(pauseLength(), deadline - now))
    }
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
