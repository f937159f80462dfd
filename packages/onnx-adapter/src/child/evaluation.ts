import { performance } from 'node:perf_hooks'
import { classificationMeter, LabelOutOfRange, quantile, regressionMeter, UnusableAnswer, type Meter } from '../meters.ts'
import type { EvaluationSettings, LatencySettings, Truth } from '../protocol.ts'
import { rowSize, sliceRows, type ModelInputs, type TensorData } from '../tensor-data.ts'
import { Failure } from './failure.ts'
import type { ModelSession, NamedTensors } from './model-session.ts'

export interface EvaluationSet {
  readonly inputs: ModelInputs
  readonly truth: Truth
}

/** The wanted metrics of a model. Throws ONNX_INPUT, ONNX_OUTPUT, ONNX_LABEL or ONNX_RUN. */
export async function evaluateModel(session: ModelSession, set: EvaluationSet, settings: EvaluationSettings): Promise<{ readonly [metric: string]: number }> {
  const inputs = session.bind(set.inputs)
  const quality = settings.metrics.length === 0 ? {} : await judge(session, inputs, set.truth, settings)
  const latency = settings.latency === undefined ? {} : await measureLatency(session, inputs, settings.latency)
  return { ...quality, ...latency }
}

async function judge(session: ModelSession, inputs: NamedTensors, truth: Truth, settings: EvaluationSettings): Promise<{ readonly [metric: string]: number }> {
  const output = outputName(session, settings.output)
  const meter: Meter = 'labels' in truth ? classificationMeter(truth.labels, settings.scores) : regressionMeter(truth.targets.data, rowSize(truth.targets))
  for await (const { first, rows, outputs } of session.batches(inputs, settings.batchSize, [output])) {
    addBatch(meter, outputs[output]!, rows, first, output)
  }
  const result = meter.result()
  return Object.fromEntries(settings.metrics.map((metric) => [metric, result[metric]!]))
}

function addBatch(meter: Meter, answer: TensorData, rows: number, first: number, output: string): void {
  try {
    meter.add(answer.data, rows, first)
  } catch (cause) {
    if (cause instanceof UnusableAnswer) throw new Failure('ONNX_OUTPUT', `The model answered ${cause.message} (output "${output}").`, { cause })
    if (cause instanceof LabelOutOfRange) throw new Failure('ONNX_LABEL', `The labels do not fit the model: ${cause.message}.`, { cause })
    throw cause
  }
}

function outputName(session: ModelSession, wanted: string | undefined): string {
  const names = session.info.outputs.map((output) => output.name)
  const listed = names.map((name) => `"${name}"`).join(', ')
  if (wanted === undefined && names.length === 1) return names[0]!
  if (wanted === undefined) throw new Failure('ONNX_OUTPUT', `The model has ${names.length} outputs (${listed}): name the one to judge in the option "output".`)
  if (!names.includes(wanted)) throw new Failure('ONNX_OUTPUT', `The model has no output "${wanted}"; it has ${listed}.`)
  return wanted
}

/** Different rows are run in turn, so that no run profits from the answer before. */
const distinctBatches = 16

async function measureLatency(session: ModelSession, inputs: NamedTensors, settings: LatencySettings): Promise<{ readonly [metric: string]: number }> {
  const shape = session.info.inputs[0]!.shape[0]
  const size = typeof shape === 'number' && shape > 0 ? shape : settings.batchSize
  const rows = Object.values(inputs)[0]!.dims[0]!
  if (rows < size) throw new Failure('ONNX_INPUT', `Latency of batches of ${size} needs as many rows, but there are ${rows}.`)
  const count = Math.min(distinctBatches, Math.floor(rows / size))
  const batches = Array.from({ length: count }, (_, index) => Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, sliceRows(tensor, index * size, (index + 1) * size)])))
  const times = new Float64Array(settings.runs)
  for (let run = -settings.warmUp; run < settings.runs; run++) {
    const batch = batches[(run + settings.warmUp) % count]!
    const start = performance.now()
    await session.run(batch)
    if (run >= 0) times[run] = performance.now() - start
  }
  times.sort()
  return { latencyP50Ms: quantile(times, 0.5), latencyP95Ms: quantile(times, 0.95) }
}
