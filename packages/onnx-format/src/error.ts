/**
 * - `onnx/malformed`: the bytes are no ONNX model (garbage, truncated, empty, or without graph or operator set).
 * - `onnx/too-large`, `onnx/too-deep`: a limit of the reader was passed; see {@link ReadLimits}.
 * - `onnx/invalid-tensor`: shape, element type and data of a tensor do not fit each other.
 * - `onnx/invalid-graph`: what was given to the builder is no valid graph.
 * - `onnx/unknown-name`: a tensor was asked for that the model does not hold.
 * - `onnx/external-data`: the values lie in another file, which this package never opens.
 */
export type OnnxFormatErrorCode =
  | 'onnx/malformed'
  | 'onnx/too-large'
  | 'onnx/too-deep'
  | 'onnx/invalid-tensor'
  | 'onnx/invalid-graph'
  | 'onnx/unknown-name'
  | 'onnx/external-data'

/** The one error class of this package; decide by `code`, show `message`. */
export class OnnxFormatError extends Error {
  override readonly name = 'OnnxFormatError'
  readonly code: OnnxFormatErrorCode

  constructor(code: OnnxFormatErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
