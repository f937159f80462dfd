import type { EvaluateContext, Evaluator, Metrics } from '@attune/core'
import { invalidOption, onnxError } from './errors.ts'
import { checkEvaluationData, type EvaluationData } from './evaluation-data.ts'
import type { QualityMetric, ScoreKind } from './meters.ts'
import { readModelBytes, type ModelSource } from './model-source.ts'
import { areMetrics, type EvaluationSettings, type LatencySettings } from './protocol.ts'
import { createRuntimeProcess } from './runtime-process.ts'
import { checkSessionOptions, count, type SessionOptions } from './session-options.ts'

/** How latency is measured, in runs. */
export interface LatencyOptions {
  /** Measured runs (default 100). */
  readonly runs?: number
  /** Runs before the first measured one (default 20). */
  readonly warmUp?: number
  /** Rows of one run (default 1; a model with a fixed batch is run with that). */
  readonly batchSize?: number
}

/** Options of `onnxEvaluator`. */
export interface OnnxEvaluatorOptions extends SessionOptions {
  readonly data: EvaluationData
  /** Default: accuracy and log loss for labels, the three mean errors for targets. An empty list measures none. */
  readonly metrics?: readonly QualityMetric[]
  /** Measures `latencyP50Ms` and `latencyP95Ms`, milliseconds of one run; makes the evaluator exclusive (default false). */
  readonly latency?: boolean | LatencyOptions
  /** What a classifier's output holds (default probabilities). */
  readonly scores?: ScoreKind
  /** The output to judge; may be left out if the model has one. */
  readonly output?: string
  /** Rows of one run while quality is measured (default 64; a model with a fixed batch is run with that). */
  readonly batchSize?: number
  /** Put before the name of each metric, as in `test.` (default nothing). */
  readonly prefix?: string
}

/** An evaluator that can also be asked outside of a study. */
export interface OnnxEvaluator extends Evaluator, AsyncDisposable {
  /**
   * Resolves with the chosen metrics and `modelBytes`, the size of the model. Rejects with ONNX_MODEL, ONNX_EXTERNAL_DATA,
   * ONNX_PATH, ONNX_PROVIDER, ONNX_RUNTIME_MISSING, ONNX_INPUT, ONNX_OUTPUT, ONNX_LABEL, ONNX_RUN, ONNX_TIMEOUT,
   * ONNX_ABORTED, ONNX_CRASHED or ONNX_PROTOCOL.
   */
  evaluate(model: ModelSource, context?: Partial<EvaluateContext>): Promise<Metrics>
  release(): Promise<void>
}

const classification: readonly QualityMetric[] = ['accuracy', 'logLoss']
const regression: readonly QualityMetric[] = ['meanSquaredError', 'rootMeanSquaredError', 'meanAbsoluteError']

/**
 * Judges ONNX models on a data set with ONNX Runtime: quality, latency and size. Models run in a process of their
 * own, which gets the data once, is killed on abort and time-out, and ends with this one.
 * Throws ONNX_OPTION for options or data that do not fit.
 */
export function onnxEvaluator(options: OnnxEvaluatorOptions): OnnxEvaluator {
  const { session, timeout } = checkSessionOptions(options)
  const { inputs, truth } = checkEvaluationData(options.data)
  const settings = checkSettings(options, 'labels' in truth)
  const { prefix = '' } = options
  const runtime = createRuntimeProcess([{ type: 'data', inputs, truth }])
  return {
    specVersion: 'v1',
    id: 'onnx',
    exclusive: settings.latency !== undefined,
    async evaluate(source, context = {}) {
      const model = await readModelBytes(source)
      const metrics = await runtime.request({ type: 'evaluate', model, session, settings }, { signal: context.signal, timeout })
      if (!areMetrics(metrics)) throw onnxError('ONNX_PROTOCOL', 'The process that runs ONNX Runtime answered something that is no set of metrics.')
      return Object.fromEntries(Object.entries({ ...metrics, modelBytes: model.length }).map(([name, value]) => [prefix + name, value]))
    },
    release: () => runtime.close(),
    [Symbol.asyncDispose]: () => runtime.close(),
  }
}

function checkSettings(options: OnnxEvaluatorOptions, hasLabels: boolean): EvaluationSettings {
  const { scores = 'probabilities', output, batchSize = 64 } = options
  const possible = hasLabels ? (scores === 'classes' ? classification.slice(0, 1) : classification) : regression
  const { metrics = possible } = options
  const wrong = metrics.find((metric) => !possible.includes(metric))
  if (wrong !== undefined) throw invalidOption(`The metric "${wrong}" cannot be measured here: with ${hasLabels ? `labels and scores: '${scores}'` : 'targets'} there are ${possible.join(', ')}.`, { metric: wrong })
  if (!['probabilities', 'logits', 'classes'].includes(scores)) throw invalidOption(`scores is 'probabilities', 'logits' or 'classes', got ${JSON.stringify(scores)}.`, { scores })
  return { metrics: [...metrics], scores, output, batchSize: count('batchSize', batchSize, 1), latency: checkLatency(options.latency ?? false) }
}

function checkLatency(latency: boolean | LatencyOptions): LatencySettings | undefined {
  if (latency === false) return undefined
  const { runs = 100, warmUp = 20, batchSize = 1 } = latency === true ? {} : latency
  return { runs: count('latency.runs', runs, 1), warmUp: count('latency.warmUp', warmUp, 0), batchSize: count('latency.batchSize', batchSize, 1) }
}
