import { tfjsError } from '../error.ts'
import type { Layer } from '../tensorflow.ts'

/** Names the layer and its class, says what is wrong with it and what to do. */
export function exportError(layer: Layer, problem: string, remedy = 'Replace the layer, or export the part of the model before it'): Error {
  return tfjsError('TFJS_EXPORT', `Layer "${layer.name}" (${layer.getClassName()}) cannot be exported to ONNX: ${problem}. ${remedy}.`, { details: { layer: layer.name, className: layer.getClassName() } })
}
