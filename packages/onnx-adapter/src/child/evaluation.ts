import type { EvaluationSettings } from '../protocol.ts'
import type { Quality } from '../quality/meter.ts'
import type { Truth } from '../quality/quality-meter.ts'
import type { ModelInputs } from '../tensor-data.ts'
import { judgeQuality, type CalibrationSet } from './judge-quality.ts'
import type { ModelSession } from './model-session.ts'

export interface EvaluationSet {
  readonly inputs: ModelInputs
  readonly truth: Truth
}

/** The wanted metrics of a model. Throws ONNX_INPUT, ONNX_OUTPUT, ONNX_LABEL, ONNX_METRIC or ONNX_RUN. */
export async function evaluateModel(session: ModelSession, set: EvaluationSet, calibration: CalibrationSet | undefined, settings: EvaluationSettings): Promise<Quality> {
  return judgeQuality(session, session.bind(set.inputs), set.truth, calibration, settings)
}
