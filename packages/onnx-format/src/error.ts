/**
 * - `ONNX_MALFORMED`: the bytes are no ONNX model (garbage, truncated, empty, or without graph or operator set).
 * - `ONNX_TOO_LARGE`, `ONNX_TOO_DEEP`: a limit of the reader was passed; see {@link ReadLimits}.
 * - `ONNX_INVALID_TENSOR`: shape, element type and data of a tensor do not fit each other.
 * - `ONNX_INVALID_GRAPH`: what was given to the builder is no valid graph.
 * - `ONNX_UNKNOWN_NAME`: a tensor was asked for that the model does not hold.
 * - `ONNX_UNSUPPORTED`: the model cannot be rewritten as asked, or the rewriting was asked for in a way that cannot be meant.
 * - `ONNX_EXTERNAL_DATA`: the values lie in another file, which this package never opens.
 */
export type OnnxFormatErrorCode =
  | 'ONNX_MALFORMED'
  | 'ONNX_TOO_LARGE'
  | 'ONNX_TOO_DEEP'
  | 'ONNX_INVALID_TENSOR'
  | 'ONNX_INVALID_GRAPH'
  | 'ONNX_UNKNOWN_NAME'
  | 'ONNX_UNSUPPORTED'
  | 'ONNX_EXTERNAL_DATA'

/** The one error class of this package; decide by `code`, show `message`. */
export class OnnxFormatError extends Error {
  override readonly name = 'OnnxFormatError'
  readonly code: OnnxFormatErrorCode

  constructor(code: OnnxFormatErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
