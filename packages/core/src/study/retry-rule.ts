import type { FailureReason } from '../contracts/trial-record.ts'
import type { RetryPolicy } from './options.ts'
import type { RunOptions } from './run-trial.ts'

const retriedReasons: readonly FailureReason[] = ['error', 'timeout', 'out-of-memory', 'crashed']

/** Which failures are worth another attempt. */
export function retryRule(retry: number | RetryPolicy | undefined): RunOptions['retries'] {
  const { times, on = retriedReasons } = typeof retry === 'number' ? { times: retry } : (retry ?? { times: 0 })
  // Attempts that were interrupted or lost cost no retry.
  return ({ reason }, earlier) => on.includes(reason) && earlier.filter((failure) => on.includes(failure.reason)).length < times
}
