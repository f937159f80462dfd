import { performance } from 'node:perf_hooks'
import type { EvaluationSettings, LatencySettings } from '../protocol.ts'
import { quantile } from '../quantile.ts'
import type { Quality } from '../quality/meter.ts'
import type { Truth } from '../quality/quality-meter.ts'
import { sliceRows, type ModelInputs } from '../tensor-data.ts'
import { Failure } from './failure.ts'
import { judgeQuality, type CalibrationSet } from './judge-quality.ts'
import type { ModelSession, NamedTensors } from './model-session.ts'

export interface EvaluationSet {
  readonly inputs: ModelInputs
  readonly truth: Truth
}

/** The wanted metrics of a model. Throws ONNX_INPUT, ONNX_OUTPUT, ONNX_LABEL, ONNX_METRIC or ONNX_RUN. */
export async function evaluateModel(session: ModelSession, set: EvaluationSet, calibration: CalibrationSet | undefined, settings: EvaluationSettings): Promise<Quality> {
  const inputs = session.bind(set.inputs)
  const quality = await judgeQuality(session, inputs, set.truth, calibration, settings)
  const latency = settings.latency === undefined ? {} : await measureLatency(session, inputs, settings.latency)
  return { ...quality, metrics: { ...quality.metrics, ...latency } }
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
