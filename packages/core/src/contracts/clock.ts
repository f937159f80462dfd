/** Time, so that tests can own it. Core reads no other clock. */
export interface Clock {
  readonly specVersion: 'v1'
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Calls `callback` once after `milliseconds`; the answer cancels it. Until then it keeps the process alive only if `keepAlive` is true: somebody waits for it. */
  schedule(milliseconds: number, callback: () => void, keepAlive?: boolean): () => void
}
