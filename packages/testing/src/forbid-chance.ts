import { ConformanceError } from './check.ts'

/** Puts a property of a global object aside while it is forbidden. */
function replace(owner: object, name: string, value: unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(owner, name)
  Object.defineProperty(owner, name, { configurable: true, writable: true, value })
  return () => {
    if (original === undefined) Reflect.deleteProperty(owner, name)
    else Object.defineProperty(owner, name, original)
  }
}

/**
 * Runs a call while `Math.random`, the clock and the machine's random bytes throw.
 * Answers what was used anyway, also if the caller caught the error.
 */
export async function forbidChance<T>(call: () => T): Promise<{ readonly value: Awaited<T> | undefined; readonly used: readonly string[] }> {
  const used: string[] = []
  const refuse = (what: string) => (): never => {
    used.push(what)
    throw new ConformanceError(`${what} was used: take the context's random stream, and no time.`)
  }
  const RealDate = Date
  const NoDate = new Proxy(RealDate, {
    get: (target, name) => (name === 'now' ? refuse('Date.now()') : (Reflect.get(target, name) as unknown)),
    construct: (target, given: unknown[]) => (given.length === 0 ? refuse('new Date()')() : (Reflect.construct(target, given) as object)),
  })
  const restore = [
    replace(Math, 'random', refuse('Math.random()')),
    replace(globalThis, 'Date', NoDate),
    replace(crypto, 'getRandomValues', refuse('crypto.getRandomValues()')),
    replace(crypto, 'randomUUID', refuse('crypto.randomUUID()')),
  ]
  try {
    return { value: await call(), used }
  } catch (error) {
    if (used.length === 0) throw error
    return { value: undefined, used }
  } finally {
    for (const undo of restore) undo()
  }
}
