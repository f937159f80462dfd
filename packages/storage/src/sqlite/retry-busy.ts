import { AttuneError } from '@attune/core'
import { isBusy } from './failure.ts'
import { pauseLength } from './fair-turns.ts'

/**
 * Runs `work`, again and again while another connection has the file, for at most `timeout` milliseconds, then throws STORAGE_BUSY.
 * `onBusy` is told of each try that failed.
 */
export async function retryBusy<T>(work: () => T, path: string, timeout: number, onBusy?: () => void): Promise<T> {
  let deadline: number | undefined
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error)) throw error
      onBusy?.()
      const now = performance.now()
      deadline ??= now + timeout
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
