/** When a call is repeated. Times in milliseconds. */
export interface RetryPolicy {
  readonly maxRetries: number
  readonly factor: number
  readonly jitter: number
  readonly respectRetryAfter: boolean
  /** For a call with its repetitions. */
  readonly deadline: number
}

/** As MLflow's own client has them. */
const transient = new Set([408, 429, 500, 502, 503, 504])
/** Repeated only if the server says when. */
const whenAsked = new Set([413])
const longestWait = 120_000
/** Servers that ask for more mean "not today"; the deadline of a call is far below. */
const longestAsked = 6 * 3_600_000

export function isTransient(status: number, retryAfter: number | undefined): boolean {
  return transient.has(status) || (retryAfter !== undefined && whenAsked.has(status))
}

/** Milliseconds that a `Retry-After` header asks for; it gives seconds or a date. Undefined for what is neither. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const seconds = /^\s*(\d+)\s*$/.exec(header)?.[1]
  const wait = seconds === undefined ? Date.parse(header) - now : Number(seconds) * 1000
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), longestAsked)
}

/**
 * The wait before repetition `repetition`, from 1: none before the first, as `urllib3` of Python has it, then growing by two.
 * `random` is uniform in [0, 1).
 */
export function backoff(policy: RetryPolicy, repetition: number, random: () => number): number {
  if (repetition <= 1) return 0
  return Math.min(policy.factor * 2 ** (repetition - 1) + random() * policy.jitter, longestWait)
}
