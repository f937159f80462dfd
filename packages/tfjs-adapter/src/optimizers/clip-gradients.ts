import { tfjsError } from '../error.ts'
import type { Scalar, Tensor, TensorFlow } from '../tensorflow.ts'

/** The longest that the gradients of all weights together may be, or the largest that each of their numbers may be. Above 0. */
export type GradientClip = { readonly norm: number } | { readonly value: number }

/** Gradients within their bounds. The tensors are the caller's to dispose of. */
export interface ClippedGradients {
  readonly gradients: { readonly [key: string]: Tensor }
  /** The length of all gradients together before they were clipped; undefined when they are clipped by value, which does not need it. */
  readonly norm: Scalar | undefined
}

/** @throws AttuneError `TFJS_OPTION` if it is neither a norm nor a value above 0. */
export function checkGradientClip(clip: GradientClip): void {
  const [[kind, bound] = [], ...others] = Object.entries(Object(clip) as { readonly [name: string]: unknown })
  if ((kind === 'norm' || kind === 'value') && others.length === 0 && Number.isFinite(bound) && (bound as number) > 0) return
  throw tfjsError('TFJS_OPTION', `Gradients are clipped by { norm } or by { value }, a number above 0, got ${JSON.stringify(clip)}.`)
}

/**
 * New gradients within the bounds; those given stay as they are, and the caller's. By norm (Pascanu et al. 2013): all are multiplied by
 * norm / max(norm, ‖g‖) with ‖g‖ over the gradients of all weights, so within the bound they are the same bit for bit. By value: each number on its own.
 */
export function clipGradients(tf: TensorFlow, gradients: { readonly [key: string]: Tensor }, clip: GradientClip): ClippedGradients {
  const entries = Object.entries(gradients)
  const byKey = (change: (gradient: Tensor) => Tensor): { [key: string]: Tensor } => Object.fromEntries(entries.map(([key, gradient]) => [key, change(gradient)]))
  if ('value' in clip) return { gradients: tf.tidy(() => byKey((gradient) => tf.clipByValue(gradient, -clip.value, clip.value))), norm: undefined }
  return tf.tidy(() => {
    const norm: Scalar = tf.sqrt(entries.length === 0 ? tf.scalar(0) : tf.addN(entries.map(([, gradient]) => tf.sum(tf.square(gradient)))))
    const factor = tf.div(tf.scalar(clip.norm), tf.maximum(norm, clip.norm))
    return { gradients: byKey((gradient) => tf.mul(gradient, factor)), norm }
  })
}
