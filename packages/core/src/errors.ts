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

/** What was thrown, as a text. Never throws itself: anything can be thrown, also what cannot be printed. */
export function describe(error: unknown): string {
  try {
    if (error instanceof Error) return String(error.message)
    return typeof error === 'object' && error !== null ? String(JSON.stringify(error)) : String(error)
  } catch {
    return 'something was thrown that cannot be shown'
  }
}

/** True for an `AttuneError`, of this or another copy of the package, with the given code if there is one. */
export function isAttuneError(error: unknown, code?: string): error is AttuneError {
  return typeof error === 'object' && error !== null && marker in error && (code === undefined || (error as { readonly code?: unknown }).code === code)
}
