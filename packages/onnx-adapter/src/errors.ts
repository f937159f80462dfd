import { AttuneError } from '@attune/core'

type Details = { readonly [key: string]: unknown }

export function onnxError(code: string, message: string, details: Details = {}, cause?: unknown): AttuneError {
  return new AttuneError(code, message, { details, ...(cause === undefined ? {} : { cause }) })
}

/** An option or a data set that cannot be meant: ONNX_OPTION. */
export function invalidOption(message: string, details: Details = {}): AttuneError {
  return onnxError('ONNX_OPTION', message, details)
}
