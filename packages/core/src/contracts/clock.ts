/** Time, so that tests can own it. Core reads no other clock. */
export interface Clock {
  readonly specVersion: 'v1'
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Calls `callback` once after `milliseconds`; the answer cancels it. Must not keep a process alive. */
  schedule(milliseconds: number, callback: () => void): () => void
}
