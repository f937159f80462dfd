/** Thrown by a case that fails: the message says which promise was broken and how. */
export class ConformanceError extends Error {
  override readonly name: string = 'ConformanceError'
}

/** Throws a ConformanceError unless `condition` holds. The message is made only when it is needed. */
export function ensure(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new ConformanceError(typeof message === 'string' ? message : message())
}

/** Equality of plain data by value: NaN equals NaN, −0 does not equal 0, typed arrays compare by their items. */
export function equalData(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (ArrayBuffer.isView(left) !== ArrayBuffer.isView(right) || Array.isArray(left) !== Array.isArray(right)) return false
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every((key) => Object.hasOwn(right, key) && equalData((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]))
}

export function ensureEqual(actual: unknown, expected: unknown, message: string): void {
  ensure(equalData(actual, expected), () => `${message}\n  expected: ${show(expected)}\n  got:      ${show(actual)}`)
}

/** Text of any value for a message, of bounded length. */
export function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : render(value)
  return text.length > 600 ? `${text.slice(0, 600)}…` : text
}

function render(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value)
  const seen = new Set<unknown>()
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === 'bigint' || typeof item === 'function' || typeof item === 'symbol') return String(item)
    if (typeof item === 'number' && (!Number.isFinite(item) || Object.is(item, -0))) return render(item)
    if (typeof item === 'object' && item !== null) {
      if (seen.has(item)) return '…'
      seen.add(item)
    }
    return item
  })
}

/** A copy of plain data that nothing shares with the original. */
export function snapshotOf<T>(value: T): T {
  return structuredClone(value)
}

/** Milliseconds after which a call counts as hanging. Nothing is measured with it. */
export const hangDeadline = 30_000

/** The promise's outcome, or a ConformanceError if it does not settle before the deadline. */
export async function settles<T>(promise: PromiseLike<T> | T, what: string, deadline: number = hangDeadline): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const hang = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new ConformanceError(`${what} did not settle within ${deadline / 1000} s.`)), deadline)
  })
  try {
    return await Promise.race([promise, hang])
  } finally {
    clearTimeout(timer)
  }
}

/** The error that a call ends with. Fails if it succeeds, hangs, or throws something that tells nothing. */
export async function rejection(call: () => unknown, what: string): Promise<Error> {
  let value: unknown
  try {
    value = await settles(Promise.resolve().then(call), what)
  } catch (error) {
    if (error instanceof ConformanceError) throw error
    ensure(error instanceof Error, () => `${what} must fail with an Error, not with ${show(error)}.`)
    ensure(error.message.trim().length >= 10, () => `${what} must fail with a message that says what is wrong, not with ${show(error.message)}.`)
    return error
  }
  throw new ConformanceError(`${what} must fail with an Error, but it succeeded with ${show(value)}.`)
}
