import type { EvaluateContext, Evaluator, Json, Metrics } from '@attune/core'
import { invalidOption, onnxError } from './errors.ts'
import { checkCalibrationData, checkEvaluationData, type CalibrationData, type EvaluationData } from './evaluation-data.ts'
import { readModelBytes, type ModelSource } from './model-source.ts'
import { isQuality, type EvaluationSettings, type LatencySettings, type RequestBody } from './protocol.ts'
import { checkBins, checkMeasures } from './quality/check-measures.ts'
import { directionsOf } from './quality/directions.ts'
import type { ScoreKind } from './quality/judged-row.ts'
import type { Quality } from './quality/meter.ts'
import type { BinOptions, MetricOption } from './quality/metric.ts'
import type { Truth } from './quality/quality-meter.ts'
import type { QualityReport } from './quality/report.ts'
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
  /** The rows that judge. */
  readonly data: EvaluationData
  /** By name, or with options: `['accuracy', { metric: 'topKAccuracy', k: 5 }]`. Default: accuracy, log loss and ECE for labels, the three mean errors for targets. An empty list measures none. */
  readonly metrics?: readonly MetricOption[]
  /**
   * Other rows, to which a temperature is fitted anew for each model; the rows that judge are refused here. Adds the metric
   * `temperature` and, of the rows that judge, each metric of probabilities a second time at that temperature: `scaled.ece`.
   */
  readonly calibration?: CalibrationData
  /** The bins of the report's reliability diagram, and the attribute of the trial under which a study keeps the report (default: nowhere). */
  readonly report?: BinOptions & { readonly attribute?: string }
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
   * ONNX_PATH, ONNX_PROVIDER, ONNX_RUNTIME_MISSING, ONNX_INPUT, ONNX_OUTPUT, ONNX_LABEL, ONNX_METRIC, ONNX_RUN, ONNX_TIMEOUT,
   * ONNX_ABORTED, ONNX_CRASHED or ONNX_PROTOCOL.
   */
  evaluate(model: ModelSource, context?: Partial<EvaluateContext>): Promise<Metrics>
  /** What is to be told beyond single numbers: the confusion matrix, scores by class, the reliability diagram and the temperature, or the errors of each output. Rejects as `evaluate` does. */
  report(model: ModelSource, options?: { readonly signal?: AbortSignal }): Promise<QualityReport>
  release(): Promise<void>
}

/**
 * Judges ONNX models on a data set with ONNX Runtime: quality, latency and size. Models run in a process of their
 * own, which gets the data once, is killed on abort and time-out, and ends with this one.
 * Throws ONNX_OPTION for options or data that do not fit.
 */
export function onnxEvaluator(options: OnnxEvaluatorOptions): OnnxEvaluator {
  const { session, timeout } = checkSessionOptions(options)
  const { inputs, truth } = checkEvaluationData(options.data)
  const settings = checkSettings(options, truth)
  const { prefix = '' } = options
  const bins = checkBins('report', options.report ?? {})
  const attribute = checkAttribute(options.report?.attribute)
  const preamble: readonly RequestBody[] = [{ type: 'data', inputs, truth }, ...checkCalibration(options)]
  const runtime = createRuntimeProcess(preamble)

  async function judge(model: Uint8Array, more: Pick<EvaluationSettings, 'quality' | 'latency'>, signal: AbortSignal | undefined): Promise<Quality> {
    const quality = await runtime.request({ type: 'evaluate', model, session, settings: { ...settings, ...more } }, { signal, timeout })
    if (!isQuality(quality)) throw onnxError('ONNX_PROTOCOL', 'The process that runs ONNX Runtime answered something that is no set of metrics.')
    return quality
  }

  return {
    specVersion: 'v1',
    id: 'onnx',
    exclusive: settings.latency !== undefined,
    directions: directionsOf(settings.quality.measures, preamble.length > 1, prefix),
    async evaluate(source, context = {}) {
      const model = await readModelBytes(source)
      const wanted = attribute === undefined || context.setAttribute === undefined ? undefined : bins
      const { metrics, report } = await judge(model, { quality: { ...settings.quality, report: wanted }, latency: settings.latency }, context.signal)
      if (attribute !== undefined && report !== undefined) await context.setAttribute?.(attribute, report as unknown as Json)
      return Object.fromEntries(Object.entries({ ...metrics, modelBytes: model.length }).map(([name, value]) => [prefix + name, value]))
    },
    async report(source, { signal } = {}) {
      const { report } = await judge(await readModelBytes(source), { quality: { ...settings.quality, measures: [], report: bins }, latency: undefined }, signal)
      if (report === undefined) throw onnxError('ONNX_PROTOCOL', 'The process that runs ONNX Runtime answered no report.')
      return report
    },
    release: () => runtime.close(),
    [Symbol.asyncDispose]: () => runtime.close(),
  }
}

function checkSettings(options: OnnxEvaluatorOptions, truth: Truth): EvaluationSettings {
  const { scores = 'probabilities', output, batchSize = 64 } = options
  if (!['probabilities', 'logits', 'classes'].includes(scores)) throw invalidOption(`scores is 'probabilities', 'logits' or 'classes', got ${JSON.stringify(scores)}.`, { scores })
  const measures = checkMeasures(options.metrics, truth, scores)
  return { quality: { measures, scores, report: undefined }, output, batchSize: count('batchSize', batchSize, 1), latency: checkLatency(options.latency ?? false) }
}

/** What the child is told of calibration. Throws ONNX_OPTION. */
function checkCalibration({ data, calibration, scores }: OnnxEvaluatorOptions): readonly RequestBody[] {
  if (calibration === undefined) return []
  if (scores === 'classes') throw invalidOption("calibration needs probabilities or logits to fit a temperature to: with scores: 'classes' there are none.")
  return [{ type: 'calibration', ...checkCalibrationData(data, calibration) }]
}

function checkAttribute(attribute: string | undefined): string | undefined {
  if (attribute !== undefined && (typeof attribute !== 'string' || attribute === '')) throw invalidOption(`report.attribute is the name of an attribute, got ${JSON.stringify(attribute)}.`)
  return attribute
}

function checkLatency(latency: boolean | LatencyOptions): LatencySettings | undefined {
  if (latency === false) return undefined
  const { runs = 100, warmUp = 20, batchSize = 1 } = latency === true ? {} : latency
  return { runs: count('latency.runs', runs, 1), warmUp: count('latency.warmUp', warmUp, 0), batchSize: count('latency.batchSize', batchSize, 1) }
}
