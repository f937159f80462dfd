import { AttuneError } from '@attune/core'

/**
 * - `TFJS_BACKEND`: the wanted backend is not there or does not start.
 * - `TFJS_KERNEL`: the backend lacks an operation that this model needs.
 * - `TFJS_OPTION`: an option is wrong.
 * - `TFJS_DATA`: the data are empty, misshapen or not finite.
 * - `TFJS_MODEL`: `build`, `base` or `head` gave something that cannot be trained.
 * - `TFJS_FORMAT`: bytes that are no artefact or checkpoint of this package, damaged ones, or ones of a newer version.
 * - `TFJS_CHECKPOINT`: a whole checkpoint that does not fit the model.
 * - `TFJS_TEACHER`: what a teacher answers is no logits of the samples.
 * - `TFJS_EXPORT`: a layer that has no ONNX form here.
 */
export type TfjsErrorCode =
  | 'TFJS_BACKEND' | 'TFJS_KERNEL' | 'TFJS_OPTION' | 'TFJS_DATA' | 'TFJS_MODEL' | 'TFJS_FORMAT' | 'TFJS_CHECKPOINT' | 'TFJS_TEACHER' | 'TFJS_EXPORT'

export function tfjsError(code: TfjsErrorCode, message: string, options: { readonly cause?: unknown; readonly details?: { readonly [key: string]: unknown } } = {}): AttuneError {
  return new AttuneError(code, message, options)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
