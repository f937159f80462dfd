import { AttuneError } from '@attune/core'
import { isBusy } from './failure.ts'

/** Longest pause between two tries, in milliseconds. */
const longestPause = 25

/**
 * Runs `work`, again and again while another connection has the file, for at most `timeout` milliseconds, then throws STORAGE_BUSY.
 * SQLite's lock is not fair: pauses of random length keep a writer in a tight loop from shutting the others out.
 */
export async function retryBusy<T>(work: () => T, path: string, timeout: number): Promise<T> {
  let deadline: number | undefined
  for (let attempt = 0; ; attempt++) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error)) throw error
      const now = performance.now()
      deadline ??= now + timeout
      if (now >= deadline) {
        const message = `${path} was locked by another process for ${timeout} ms: nothing was stored. Look for a program that keeps a transaction open on it, or raise \`busyTimeout\`.`
        throw new AttuneError('STORAGE_BUSY', message, { cause: error, details: { path, timeout } })
      }
      await pause(Math.random() * Math.min(2 ** attempt, longestPause, deadline - now))
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
