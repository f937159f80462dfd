/** Marks errors of ours across duplicate installations, where `instanceof` fails. */
const marker = Symbol.for('@attune/core/AttuneError')

/**
 * The base of every error that Attune throws on purpose. `code` is stable and documented; the message says what is wrong, where, and what to do.
 */
export class AttuneError extends Error {
  readonly code: string
  /** What the error is about: paths, names, values. */
  readonly details: { readonly [key: string]: unknown }

  constructor(code: string, message: string, options: { readonly cause?: unknown; readonly details?: { readonly [key: string]: unknown } } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'AttuneError'
    this.code = code
    this.details = options.details ?? {}
    Object.defineProperty(this, marker, { value: true })
  }
}

/** True for an `AttuneError`, of this or another copy of the package, with the given code if there is one. */
export function isAttuneError(error: unknown, code?: string): error is AttuneError {
  return typeof error === 'object' && error !== null && marker in error && (code === undefined || (error as { readonly code?: unknown }).code === code)
}
