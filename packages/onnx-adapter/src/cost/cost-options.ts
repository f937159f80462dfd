import { invalidOption } from '../errors.ts'
import { count } from '../session-options.ts'
import { refuseUnknownOptions, type OptionNames } from '../unknown-options.ts'
import type { CostSettings, RunSettings } from './cost-settings.ts'

/** How runs are timed. */
export interface RunOptions {
  /** Runs before the first measured one of each session (default 20, fewer where a quarter of the session's share of the budget is over before). */
  readonly warmUp?: number
  /** Measured runs of each session (default 200, fewer where its share of the budget is over before, but at least 10). */
  readonly runs?: number
  /** Sessions, each loaded afresh (default and least: 5). More are added, up to three times as many, while the interval is wider than a twentieth of the median and the budget lasts, or while other work took the processor and three times the budget lasts: only undisturbed sessions count, if there are enough. */
  readonly sessions?: number
  /** Milliseconds for the sessions together, loading aside (default 3000). A slow model takes longer: 11 runs in each session are the least. */
  readonly budget?: number
}

/** How latency is measured. */
export interface LatencyOptions extends RunOptions {
  /** Rows of one run (default: the batch size of `serving` where a trial varies that, otherwise 1; a model with a fixed batch is run with that). */
  readonly batchSize?: number
}

/** How throughput is measured. */
export interface ThroughputOptions extends RunOptions {
  /** Rows of one run: one metric for each size. Default: one metric `throughput`, at the evaluator's batch size, or that of `serving`. */
  readonly batchSizes?: readonly number[]
}

/**
 * What is measured of a model's cost, each in metrics of its own. All but counts are measured in a process that runs this model alone, and make the evaluator
 * exclusive: a study measures one model at a time, and its executor holds what computes beside it, if it can. `contended` comes with all that measures time: 1 where
 * trials computed beside it, or other work took the processor in so many sessions that fewer than five were undisturbed; else 0.
 */
export interface CostOptions {
  /** `latencyP50Ms`, `latencyP95Ms`, `latencyP99Ms`, each with `…LowMs` and `…HighMs` (default false). */
  readonly latency?: boolean | LatencyOptions
  /** `throughput`, or `throughput1`, `throughput8`, …: rows a second (default false). */
  readonly throughput?: boolean | ThroughputOptions
  /** `loadMs`: milliseconds from bytes to a session (default false). */
  readonly load?: boolean
  /** `residentMb`: MB (10^6 bytes) of resident memory by which a process grows with one more session of the model that has run (default false). */
  readonly memory?: boolean
  /** `parameters`: numbers in the tensors of the model as it was trained (default false). */
  readonly parameters?: boolean
  /** `multiplyAdds` of one row; a model with operators that nobody can count is refused with ONNX_UNCOUNTED (default false). */
  readonly multiplyAdds?: boolean
}

const runOptionNames: OptionNames<RunOptions> = { warmUp: true, runs: true, sessions: true, budget: true }
const latencyOptionNames: OptionNames<LatencyOptions> = { ...runOptionNames, batchSize: true }
const throughputOptionNames: OptionNames<ThroughputOptions> = { ...runOptionNames, batchSizes: true }

/** Throws ONNX_OPTION. `batchSize` is that of the evaluator; `servedBatch` that of the trial, if it varies. */
export function checkCostOptions(options: CostOptions, batchSize: number, servedBatch?: number): CostSettings {
  const { latency = false, throughput = false, load = false, memory = false, parameters = false, multiplyAdds = false } = options
  for (const [name, value] of Object.entries({ load, memory, parameters, multiplyAdds })) {
    if (typeof value !== 'boolean') throw invalidOption(`${name} is true or false, got ${JSON.stringify(value)}.`, { [name]: value })
  }
  const timed = latency === true ? {} : latency
  const flow = throughput === true ? {} : throughput
  if (timed !== false) refuseUnknownOptions('latency', timed, latencyOptionNames)
  if (flow !== false) refuseUnknownOptions('throughput', flow, throughputOptionNames)
  return {
    latency: timed === false ? undefined : { ...runSettings('latency', timed), batchSize: count('latency.batchSize', timed.batchSize ?? servedBatch ?? 1, 1) },
    throughput: flow === false ? [] : throughputs(flow, servedBatch ?? batchSize),
    load: load ? 5 : undefined,
    memory,
    parameters,
    multiplyAdds,
  }
}

/** Whether anything is measured that other work beside it would change. */
export function measuresTime({ latency, throughput, load }: CostSettings): boolean {
  return latency !== undefined || throughput.length > 0 || load !== undefined
}

/** Whether anything at all is asked for. */
export function measuresCost(settings: CostSettings): boolean {
  return measuresTime(settings) || settings.memory || settings.parameters || settings.multiplyAdds
}

/** The most rows of one run. */
export function largestBatch({ latency, throughput }: CostSettings): number {
  return throughput.reduce((most, { batchSize }) => Math.max(most, batchSize), latency?.batchSize ?? 1)
}

function throughputs(options: ThroughputOptions, batchSize: number): CostSettings['throughput'] {
  const runs = runSettings('throughput', options)
  const { batchSizes } = options
  if (batchSizes === undefined) return [{ ...runs, batchSize, metric: 'throughput' }]
  if (!Array.isArray(batchSizes) || batchSizes.length === 0) throw invalidOption(`throughput.batchSizes needs at least one number of rows, as in [1, 8, 64], got ${JSON.stringify(batchSizes)}.`)
  return [...new Set(batchSizes)].map((size) => ({ ...runs, batchSize: count('throughput.batchSizes', size, 1), metric: `throughput${size}` }))
}

function runSettings(name: string, { warmUp = 20, runs = 200, sessions = 5, budget = 3000 }: RunOptions): RunSettings {
  if (!(budget > 0 && budget <= 2 ** 31 - 1)) throw invalidOption(`${name}.budget is in milliseconds, above 0, got ${budget}.`, { budget })
  return { warmUp: count(`${name}.warmUp`, warmUp, 0), runs: count(`${name}.runs`, runs, 1), sessions: count(`${name}.sessions`, sessions, 5), budget }
}
