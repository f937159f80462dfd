/** Answers what is wrong with a value, as in `metrics.loss: expected a number`, or undefined. */
export type Check = (value: unknown, path: string) => string | undefined

function expected(what: string, path: string): string {
  return `${path}: expected ${what}`
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export const text: Check = (value, path) => (typeof value === 'string' ? undefined : expected('a text', path))

/** Any number, NaN and the infinities included. */
export const number: Check = (value, path) => (typeof value === 'number' ? undefined : expected('a number', path))

export const count: Check = (value, path) => (Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : expected('a whole number from 0', path))

export const json: Check = (value, path) => (value === undefined ? expected('a value', path) : undefined)

export const scalar: Check = (value, path) =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? undefined : expected('a text, number, boolean or null', path)

export function oneOfTexts(...texts: readonly string[]): Check {
  return (value, path) => (typeof value === 'string' && texts.includes(value) ? undefined : expected(`one of ${texts.join(', ')}`, path))
}

export function nullable(check: Check): Check {
  return (value, path) => (value === null ? undefined : check(value, path))
}

export function listOf(check: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return expected('a list', path)
    for (let i = 0; i < value.length; i++) {
      const wrong = check(value[i], `${path}[${i}]`)
      if (wrong !== undefined) return wrong
    }
    return undefined
  }
}

/** A record from any keys to values of one kind. */
export function mapOf(check: Check): Check {
  return (value, path) => {
    if (!isRecord(value)) return expected('an object', path)
    for (const key of Object.keys(value)) {
      const wrong = check(value[key], `${path}.${key}`)
      if (wrong !== undefined) return wrong
    }
    return undefined
  }
}

/** An object with these members; further ones are let through, as a later release may add some. */
export function shape(required: { readonly [key: string]: Check }, optional: { readonly [key: string]: Check } = {}): Check {
  const members = [...Object.entries(required).map(([key, check]) => ({ key, check, must: true })), ...Object.entries(optional).map(([key, check]) => ({ key, check, must: false }))]
  return (value, path) => {
    if (!isRecord(value)) return expected('an object', path)
    for (const { key, check, must } of members) {
      const member = value[key]
      if (member === undefined && !must) continue
      const wrong = check(member, `${path}.${key}`)
      if (wrong !== undefined) return wrong
    }
    return undefined
  }
}

/** An object whose member `key` says which of these it is. */
export function tagged(key: string, variants: { readonly [tag: string]: Check }): Check {
  const known = new Map(Object.entries(variants))
  return (value, path) => {
    const check = isRecord(value) ? known.get(value[key] as string) : undefined
    return check === undefined ? expected(`one of ${[...known.keys()].join(', ')}`, `${path}.${key}`) : check(value, path)
  }
}
