import { tfjsError } from '../error.ts'
import type { Layer } from '../tensorflow.ts'

export function exportError(layer: Layer, problem: string): Error {
  return tfjsError('TFJS_EXPORT', `Layer "${layer.name}" (${layer.getClassName()}) cannot be exported to ONNX: ${problem}.`, { details: { layer: layer.name, className: layer.getClassName() } })
}
