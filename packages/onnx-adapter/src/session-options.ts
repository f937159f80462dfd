import { invalidOption } from './errors.ts'
import type { SessionSettings } from './protocol.ts'

/** How ONNX Runtime runs a model. */
export interface SessionOptions {
  /**
   * Where to run, in order of preference (default `['cpu']`). Nothing runs elsewhere: without `'cpu'` at the end of
   * the list, a model that the others cannot run as a whole is refused with ONNX_PROVIDER.
   */
  readonly executionProviders?: readonly string[]
  /** Threads of one operator (default 1, so that evaluations beside each other do not fight for cores). */
  readonly intraOpThreads?: number
  /** Milliseconds after which one evaluation or prediction is given up and its process killed (default 120,000). */
  readonly timeout?: number
}

export interface CheckedSessionOptions {
  readonly session: SessionSettings
  readonly timeout: number
}

/** Throws ONNX_OPTION. */
export function checkSessionOptions(options: SessionOptions): CheckedSessionOptions {
  const { executionProviders = ['cpu'], intraOpThreads = 1, timeout = 120_000 } = options
  if (!Array.isArray(executionProviders) || executionProviders.length === 0 || !executionProviders.every((provider) => typeof provider === 'string' && provider !== '')) {
    throw invalidOption(`executionProviders needs at least one name, as in ['cpu'], got ${JSON.stringify(executionProviders)}.`, { executionProviders })
  }
  // Node's longest timer.
  if (!(timeout > 0 && timeout <= 2 ** 31 - 1)) throw invalidOption(`timeout is in milliseconds, above 0 and at most ${2 ** 31 - 1}, got ${timeout}.`, { timeout })
  return { session: { executionProviders: [...executionProviders], intraOpThreads: count('intraOpThreads', intraOpThreads, 1) }, timeout }
}

/** A whole number of at least `least`. Throws ONNX_OPTION. */
export function count(name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) throw invalidOption(`${name} is a whole number of at least ${least}, got ${value}.`, { [name]: value })
  return value
}
