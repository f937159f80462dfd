/** How the time of runs is measured. */
export interface RunSettings {
  /** Runs before the first measured one of each session. */
  readonly warmUp: number
  /** Measured runs of each session, as far as the budget allows. */
  readonly runs: number
  readonly sessions: number
  /** Milliseconds. */
  readonly budget: number
}

/** What is measured of a model's cost, as the child gets it. */
export interface CostSettings {
  /** Rows of one run whose latency is measured. */
  readonly latency: (RunSettings & { readonly batchSize: number }) | undefined
  readonly throughput: readonly (RunSettings & { readonly batchSize: number; readonly metric: string })[]
  /** With `load` alone: how many sessions are opened. */
  readonly load: number | undefined
  readonly memory: boolean
  readonly parameters: boolean
  readonly multiplyAdds: boolean
}
