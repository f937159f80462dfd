import { onnxError } from '../errors.ts'
import { executionProviders, graphOptimizationLevels, precisions, type ExecutionProvider, type GraphOptimizationLevel, type Precision } from '../execution-provider.ts'
import type { SessionSettings } from '../protocol.ts'
import { mostThreads } from '../session-options.ts'

/** How a trial serves its model. What is left out is as the evaluator's own options say. */
export interface ServingParams {
  /** Runs there and nowhere else. */
  readonly provider?: ExecutionProvider
  /** Threads of one operator, at most 1024. */
  readonly threads?: number
  readonly graphOptimizationLevel?: GraphOptimizationLevel
  /** Rows of one run, also where latency and throughput are measured, unless these name their own. */
  readonly batchSize?: number
  /** Weights are stored so. */
  readonly precision?: Precision
}

const checks: { readonly [K in keyof Required<ServingParams>]: (value: unknown) => boolean } = {
  provider: (value) => (executionProviders as readonly unknown[]).includes(value),
  threads: (value) => isCount(value) && (value as number) <= mostThreads,
  graphOptimizationLevel: (value) => (graphOptimizationLevels as readonly unknown[]).includes(value),
  batchSize: isCount,
  precision: (value) => (precisions as readonly unknown[]).includes(value),
}

/** What `serving` answers for a trial. Throws ONNX_OPTION: it comes out of a user's function and a space of their own. */
export function checkServing<P>(serving: (params: P) => ServingParams, params: P): ServingParams {
  const refuse = (problem: string, cause?: unknown): Error => onnxError('ONNX_OPTION', `serving(params) ${problem}. It answers how this trial is served, as servingSpace() describes it.`, {}, cause)
  let way: unknown
  try {
    way = serving(params)
  } catch (cause) {
    throw refuse(`failed with ${shown(params)} as the trial's parameters: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  if (typeof way !== 'object' || way === null) throw refuse(`answered ${shown(way)}`)
  for (const [key, value] of Object.entries(way)) {
    if (!Object.hasOwn(checks, key)) throw refuse(`answered "${key}", which is none of ${Object.keys(checks).join(', ')}`)
    if (value !== undefined && !checks[key as keyof ServingParams](value)) throw refuse(`answered ${key}: ${shown(value)}, which cannot be served`)
  }
  return way
}

export function servedSession(session: SessionSettings, { provider, threads, graphOptimizationLevel, precision }: ServingParams): SessionSettings {
  return {
    ...session,
    ...(provider === undefined ? {} : { executionProviders: [provider] }),
    ...(threads === undefined ? {} : { intraOpThreads: threads }),
    ...(graphOptimizationLevel === undefined ? {} : { graphOptimizationLevel }),
    ...(precision === undefined ? {} : { precision }),
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= 120 ? text : `${text.slice(0, 120)}…`
}
