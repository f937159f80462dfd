import type { EvaluateContext, Evaluator, Json, Metrics } from '@attune/core'
import { costDirections } from './cost/cost-directions.ts'
import { checkCostOptions, largestBatch, measuresCost, measuresTime, type CostOptions } from './cost/cost-options.ts'
import type { CostSettings } from './cost/cost-settings.ts'
import { invalidOption, onnxError } from './errors.ts'
import { checkCalibrationData, checkEvaluationData, refuseChangedData, type CalibrationData, type EvaluationData } from './evaluation-data.ts'
import { readModelBytes, type ModelSource } from './model-source.ts'
import { areMetrics, isQuality, type EvaluationSettings, type RequestBody, type SessionSettings } from './protocol.ts'
import { checkBins, checkMeasures } from './quality/check-measures.ts'
import { directionsOf } from './quality/directions.ts'
import type { ScoreKind } from './quality/judged-row.ts'
import type { Quality } from './quality/meter.ts'
import type { BinOptions, MetricOption } from './quality/metric.ts'
import type { Truth } from './quality/quality-meter.ts'
import type { QualityReport } from './quality/report.ts'
import { createRuntimeProcess, type RuntimeProcess } from './runtime-process.ts'
import { checkServing, servedSession, type ServingParams } from './serving/serving-params.ts'
import { checkSessionOptions, count, sessionOptionNames, type SessionOptions } from './session-options.ts'
import { firstRows } from './tensor-data.ts'
import { refuseUnknownOptions, type OptionNames } from './unknown-options.ts'

/** Options of `onnxEvaluator`. */
export interface OnnxEvaluatorOptions<P = unknown> extends SessionOptions, CostOptions {
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
  /**
   * How each trial serves its model, out of its parameters: `(params: Params<typeof space>) => params.serving`, with `serving: servingSpace()` in the space.
   * Where `precision` is among them, the original model is judged, too, and each metric of quality has a second one of how much it changed: `accuracyChange`.
   */
  readonly serving?: (params: P) => ServingParams
  /** What a classifier's output holds (default probabilities). */
  readonly scores?: ScoreKind
  /** The output to judge; may be left out if the model has one. */
  readonly output?: string
  /** Rows of one run while quality is measured (default 64; a model with a fixed batch is run with that). */
  readonly batchSize?: number
  /** Put before the name of each metric, as in `test.` (default nothing). */
  readonly prefix?: string
}

const optionNames: OptionNames<OnnxEvaluatorOptions> = {
  ...sessionOptionNames, latency: true, throughput: true, load: true, memory: true, parameters: true, multiplyAdds: true,
  data: true, metrics: true, calibration: true, report: true, serving: true, scores: true, output: true, batchSize: true, prefix: true,
}

/** An evaluator that can also be asked outside of a study. */
export interface OnnxEvaluator extends Evaluator, AsyncDisposable {
  /**
   * Resolves with the chosen metrics and `modelBytes`, the size of the model as it is served. Rejects with ONNX_MODEL, ONNX_EXTERNAL_DATA,
   * ONNX_PATH, ONNX_TOO_LARGE, ONNX_PRECISION, ONNX_PROVIDER, ONNX_RUNTIME_MISSING, ONNX_INPUT, ONNX_OUTPUT, ONNX_LABEL, ONNX_METRIC, ONNX_UNCOUNTED, ONNX_RUN,
   * ONNX_TIMEOUT, ONNX_MEMORY, ONNX_ABORTED, ONNX_CRASHED, ONNX_PROTOCOL, or ONNX_OPTION for what is no model, or a trial whose serving parameters cannot be meant.
   */
  evaluate(model: ModelSource, context?: Partial<EvaluateContext>): Promise<Metrics>
  /** What is to be told beyond single numbers: the confusion matrix, scores by class, the reliability diagram and the temperature, or the errors of each output. Rejects as `evaluate` does. */
  report(model: ModelSource, options?: { readonly signal?: AbortSignal }): Promise<QualityReport>
  release(): Promise<void>
}

/**
 * Judges ONNX models on a data set with ONNX Runtime: quality, cost and size. Models run in a process of their
 * own, which gets the data once, is killed on abort and time-out, and ends with this one.
 * Throws ONNX_OPTION for options or data that do not fit.
 */
export function onnxEvaluator<P = unknown>(options: OnnxEvaluatorOptions<P>): OnnxEvaluator {
  refuseUnknownOptions('onnxEvaluator', options, optionNames)
  const { session, timeout, maxModelBytes, maxMemoryBytes } = checkSessionOptions(options)
  const { inputs, truth } = checkEvaluationData(options.data)
  const settings = checkSettings(options, truth)
  const cost = checkCostOptions(options, settings.batchSize)
  const { prefix = '', serving } = options
  if (serving !== undefined && typeof serving !== 'function') throw invalidOption('serving is a function of the trial\'s parameters, as in (params) => params.serving.')
  const bins = checkBins('report', options.report ?? {})
  const attribute = checkAttribute(options.report?.attribute)
  const preamble: readonly RequestBody[] = [{ type: 'data', inputs, truth }, ...checkCalibration(options)]
  const runtime = createRuntimeProcess(preamble, maxMemoryBytes)
  /** Processes that measure, each one model. */
  const measuring = new Set<RuntimeProcess>()

  async function judge(model: Uint8Array, served: SessionSettings, more: Partial<EvaluationSettings>, signal: AbortSignal | undefined): Promise<Quality> {
    refuseChangedData(options.data, options.calibration)
    const quality = await runtime.request({ type: 'evaluate', model, session: served, settings: { ...settings, ...more } }, { signal, timeout })
    if (!isQuality(quality)) throw onnxError('ONNX_PROTOCOL', 'The process that runs ONNX Runtime answered something that is no set of metrics.')
    return quality
  }

  async function measure(model: Uint8Array, served: SessionSettings, wanted: CostSettings, signal: AbortSignal | undefined): Promise<Metrics> {
    const process = createRuntimeProcess([], maxMemoryBytes)
    measuring.add(process)
    try {
      const rows = firstRows(inputs, 16 * largestBatch(wanted))
      const costs = await process.request({ type: 'measure', model, session: served, inputs: rows, settings: wanted }, { signal, timeout })
      if (!areMetrics(costs)) throw onnxError('ONNX_PROTOCOL', 'The process that runs ONNX Runtime answered something that is no set of metrics.')
      return costs
    } finally {
      await process.close()
      measuring.delete(process)
    }
  }

  async function release(): Promise<void> {
    await Promise.all([runtime, ...measuring].map((process) => process.close()))
  }

  return {
    specVersion: 'v1',
    id: 'onnx',
    exclusive: measuresTime(cost),
    directions: { ...directionsOf(settings.quality.measures, preamble.length > 1, prefix), ...prefixed(costDirections(cost), prefix) },
    async evaluate(source, context = {}) {
      const { signal } = context
      const model = await readModelBytes(source, maxModelBytes)
      const way = serving === undefined ? {} : checkServing(serving, context.params as P)
      const served = servedSession(session, way)
      const batchSize = way.batchSize ?? settings.batchSize
      const wanted = attribute === undefined || context.setAttribute === undefined ? undefined : bins
      const { metrics, report, fit } = await judge(model, served, { batchSize, quality: { ...settings.quality, report: wanted } }, signal)
      const changes = way.precision === undefined ? {} : changesOf(metrics, way.precision === 'float32' ? metrics : (await judge(model, { ...served, precision: 'float32' }, { batchSize }, signal)).metrics)
      const costs = measuresCost(cost) ? await measure(model, served, checkCostOptions(options, settings.batchSize, way.batchSize), signal) : {}
      if (fit?.atBound === true) context.warn?.(boundWarning(fit.temperature))
      if (attribute !== undefined && report !== undefined) await context.setAttribute?.(attribute, report as unknown as Json)
      // What the child saw of its own processor time does not tell of caches and memory that trials beside it used.
      const contended = context.alone === false && 'contended' in costs ? { contended: 1 } : {}
      return prefixed({ ...metrics, ...changes, ...costs, ...contended }, prefix)
    },
    async report(source, { signal } = {}) {
      const { report } = await judge(await readModelBytes(source, maxModelBytes), session, { quality: { ...settings.quality, measures: [], report: bins } }, signal)
      if (report === undefined) throw onnxError('ONNX_PROTOCOL', 'The process that runs ONNX Runtime answered no report.')
      return report
    },
    release,
    [Symbol.asyncDispose]: release,
  }
}

function boundWarning(temperature: number): string {
  const [which, why] = temperature > 1 ? ['largest', 'most calibration rows wrong'] : ['least', 'all calibration rows right']
  return `The fitted temperature ${temperature} is the ${which} that is tried: the model gets ${why}, or nearly so. More rows tell more, as long as the model was not trained on them.`
}

/** By how much each metric of quality changed when weights were stored in fewer bits. */
function changesOf(served: Metrics, original: Metrics): Metrics {
  return Object.fromEntries(Object.entries(served).flatMap(([name, value]) => (name === 'modelBytes' ? [] : [[`${name}Change`, value - (original[name] ?? Number.NaN)]])))
}

function prefixed<T>(values: { readonly [name: string]: T }, prefix: string): { readonly [name: string]: T } {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]))
}

function checkSettings<P>(options: OnnxEvaluatorOptions<P>, truth: Truth): EvaluationSettings {
  const { scores = 'probabilities', output, batchSize = 64 } = options
  if (!['probabilities', 'logits', 'classes'].includes(scores)) throw invalidOption(`scores is 'probabilities', 'logits' or 'classes', got ${JSON.stringify(scores)}.`, { scores })
  const measures = checkMeasures(options.metrics, truth, scores)
  return { quality: { measures, scores, report: undefined }, output, batchSize: count('batchSize', batchSize, 1) }
}

/** What the child is told of calibration. Throws ONNX_OPTION. */
function checkCalibration<P>({ data, calibration, scores }: OnnxEvaluatorOptions<P>): readonly RequestBody[] {
  if (calibration === undefined) return []
  if (scores === 'classes') throw invalidOption("calibration needs probabilities or logits to fit a temperature to: with scores: 'classes' there are none.")
  return [{ type: 'calibration', ...checkCalibrationData(data, calibration) }]
}

function checkAttribute(attribute: string | undefined): string | undefined {
  if (attribute !== undefined && (typeof attribute !== 'string' || attribute === '')) throw invalidOption(`report.attribute is the name of an attribute, got ${JSON.stringify(attribute)}.`)
  return attribute
}
