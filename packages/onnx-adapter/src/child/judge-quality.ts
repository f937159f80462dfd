import type { EvaluationSettings } from '../protocol.ts'
import type { Quality } from '../quality/meter.ts'
import { qualityMeter, type Truth } from '../quality/quality-meter.ts'
import { TemperatureFitter, type TemperatureFit } from '../quality/temperature.ts'
import { LabelOutOfRange, UnfitMetric, UnusableAnswer } from '../quality/unjudgeable.ts'
import type { ModelInputs, TensorArray } from '../tensor-data.ts'
import { Failure } from './failure.ts'
import type { ModelSession, NamedTensors } from './model-session.ts'

/** Rows that temperatures are fitted to; they are judged nowhere. */
export interface CalibrationSet {
  readonly inputs: ModelInputs
  readonly labels: Int32Array
}

/** Runs the rows through the model, batch after batch. Throws ONNX_INPUT, ONNX_OUTPUT, ONNX_LABEL, ONNX_METRIC or ONNX_RUN. */
export async function judgeQuality(session: ModelSession, inputs: NamedTensors, truth: Truth, calibration: CalibrationSet | undefined, settings: EvaluationSettings): Promise<Quality> {
  const { quality } = settings
  if (quality.measures.length === 0 && quality.report === undefined && calibration === undefined) return { metrics: {} }
  const output = outputName(session, settings.output)
  const batchesTo = async (rows: NamedTensors, add: (values: TensorArray, rows: number, first: number) => void): Promise<void> => {
    for await (const { first, rows: count, outputs } of session.batches(rows, settings.batchSize, [output])) {
      const { data, dims } = outputs[output]!
      if ('labels' in truth) refuseSeveralAnswers(dims)
      add(data, count, first)
    }
  }
  // Classes without scores have no temperature.
  const fit = calibration === undefined || quality.scores === 'classes' ? undefined : await fitTemperature(calibration, quality.scores)
  const meter = qualityMeter(truth, quality, fit)
  return translated(output, 'data', async () => {
    await batchesTo(inputs, meter.add)
    return meter.result()
  })

  async function fitTemperature({ inputs: rows, labels }: CalibrationSet, kind: 'probabilities' | 'logits'): Promise<TemperatureFit> {
    const fitter = new TemperatureFitter(labels, kind)
    return translated(output, 'calibration', async () => {
      await batchesTo(session.bind(rows), (values, count, first) => fitter.add(values, count, first))
      return fitter.fit()
    })
  }
}

/** What meters throw, as failures with a code; `set` is the option that the rows came from. */
async function translated<T>(output: string, set: 'data' | 'calibration', work: () => Promise<T>): Promise<T> {
  const where = set === 'data' ? '' : ' of the calibration data'
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof UnusableAnswer) throw new Failure('ONNX_OUTPUT', `The model answered ${cause.message} (output "${output}"${where}).`, { cause })
    if (cause instanceof LabelOutOfRange) throw new Failure('ONNX_LABEL', `The labels${where} do not fit the model: ${cause.message}.`, { cause })
    if (cause instanceof UnfitMetric) throw new Failure('ONNX_METRIC', cause.message, { cause })
    throw cause
  }
}

/** A classifier's answer has one axis besides that of the rows; more of size 1 do no harm. Throws `UnusableAnswer`. */
function refuseSeveralAnswers(dims: readonly number[]): void {
  if (dims.slice(1).filter((size) => size !== 1).length <= 1) return
  throw new UnusableAnswer(`numbers of the dimensions [${dims.join(', ')}], where a classifier's are [rows, classes]`)
}

function outputName(session: ModelSession, wanted: string | undefined): string {
  const names = session.info.outputs.map((output) => output.name)
  const listed = names.map((name) => `"${name}"`).join(', ')
  if (wanted === undefined && names.length === 1) return names[0]!
  if (wanted === undefined) throw new Failure('ONNX_OUTPUT', `The model has ${names.length} outputs (${listed}): name the one to judge in the option "output".`)
  if (!names.includes(wanted)) throw new Failure('ONNX_OUTPUT', `The model has no output "${wanted}"; it has ${listed}.`)
  return wanted
}
