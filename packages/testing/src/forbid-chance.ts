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

/** What was used while it was forbidden, also if its user caught the error. */
export interface Forbidden {
  readonly used: readonly string[]
  /** Allows everything again. */
  restore(): void
}

/** Makes `Math.random`, the clock and the machine's random bytes throw until `restore` is called. */
export function forbidChance(): Forbidden {
  const used: string[] = []
  const refuse = (what: string) => (): never => {
    used.push(what)
    throw new ConformanceError(`${what} was used: take the random stream of the context, and no time.`)
  }
  const NoDate = new Proxy(Date, {
    get: (target, name) => (name === 'now' ? refuse('Date.now()') : (Reflect.get(target, name) as unknown)),
    apply: refuse('Date()'),
    construct: (target, given: unknown[]) => (given.length === 0 ? refuse('new Date()')() : (Reflect.construct(target, given) as object)),
  })
  const undo = [
    replace(Math, 'random', refuse('Math.random()')),
    replace(globalThis, 'Date', NoDate),
    replace(crypto, 'getRandomValues', refuse('crypto.getRandomValues()')),
    replace(crypto, 'randomUUID', refuse('crypto.randomUUID()')),
  ]
  return {
    used,
    restore: () => {
      for (const step of undo) step()
    },
  }
}
