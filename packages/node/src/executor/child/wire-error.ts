import { cut, type WireError } from '../protocol.ts'

/** Marks errors of ours, as in core, which the child does not load for this. */
const marker = Symbol.for('@attune/core/AttuneError')

/** An error of the child's own making: `code` as in docs/errors.md. */
export function refusal(code: string, message: string): Error {
  return Object.defineProperty(Object.assign(new Error(message), { name: 'AttuneError', code }), marker, { value: true })
}

/** Whatever was thrown, in a form that crosses. */
export function wireError(error: unknown): WireError {
  try {
    if (error instanceof Error) {
      const { code } = error as { readonly code?: unknown }
      return { name: cut(String(error.name)), message: cut(String(error.message)), stack: typeof error.stack === 'string' ? cut(error.stack) : undefined, code: typeof code === 'string' ? cut(code) : undefined, ours: marker in error, thrown: false }
    }
    const message = typeof error === 'object' && error !== null ? String(JSON.stringify(error)) : String(error)
    return { name: 'Error', message: cut(message), stack: undefined, code: undefined, ours: false, thrown: true }
  } catch {
    return { name: 'Error', message: 'something was thrown that cannot be shown', stack: undefined, code: undefined, ours: false, thrown: true }
  }
}
