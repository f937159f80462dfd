import type { Json } from './contracts/values.ts'
import { AttuneError } from './errors.ts'

/*
 * JSON text that keeps every number. JSON alone loses NaN, ±Infinity and −0: they are written as
 * {"$number":"NaN"}. A user's key that begins with `$` gets a second one, so nothing is mistaken for a tag.
 */

const tag = '$number'

function needsTags(value: Json): boolean {
  if (typeof value === 'number') return !Number.isFinite(value) || Object.is(value, -0)
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(needsTags)
  for (const key in value) {
    if (key.startsWith('$') || needsTags((value as { [key: string]: Json })[key] as Json)) return true
  }
  return false
}

function toTagged(value: Json): Json {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : { [tag]: Object.is(value, -0) ? '-0' : String(value) }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(toTagged)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.startsWith('$') ? `$${key}` : key, toTagged(item)]))
}

const special: { readonly [text: string]: number } = { NaN, Infinity, '-Infinity': -Infinity, '-0': -0 }

function fromTagged(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(fromTagged)
  const record = value as { readonly [key: string]: Json }
  const text = record[tag]
  if (typeof text === 'string' && Object.hasOwn(special, text)) return special[text] as number
  return Object.fromEntries(Object.entries(record).map(([key, item]) => [key.startsWith('$$') ? key.slice(1) : key, fromTagged(item)]))
}

/** JSON text of a value, exact for every number. Inverse of `decodeJson`. */
export function encodeJson(value: Json): string {
  return JSON.stringify(needsTags(value) ? toTagged(value) : value)
}

/**
 * The value of a text made by `encodeJson`. Throws MALFORMED_DATA on anything else, and on keys that name prototypes.
 */
export function decodeJson(text: string): Json {
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch (cause) {
    throw new AttuneError('MALFORMED_DATA', `Expected JSON, got "${text.slice(0, 60)}": the stored data is damaged or was written by something else.`, { cause })
  }
  // A text that is a key is followed by a colon; a quote inside a text has a backslash before it.
  if (/"__proto__"\s*:/.test(text)) throw new AttuneError('MALFORMED_DATA', 'Stored data has the key "__proto__", which is never written: refusing to read it.')
  return text.includes('"$') ? fromTagged(value) : value
}

const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'prototype', 'constructor'])
const mostDeep = 100

/**
 * A frozen copy of plain data, which later changes of the original do not reach. Throws NOT_JSON naming the place that is
 * no JSON: functions, undefined, class instances, cycles (anything deeper than 100 levels), and keys that name prototypes.
 */
export function copyJson(value: unknown, place: string): Json {
  return copyWithin(value, place, 0)
}

function copyWithin(value: unknown, place: string, depth: number): Json {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (depth > mostDeep) throw notJson(place, `is more than ${mostDeep} levels deep`)
  if (Array.isArray(value)) return Object.freeze(Array.from(value, (item: unknown, i) => copyWithin(item, `${place}[${i}]`, depth + 1)))
  const plain = typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)
  if (!plain) throw notJson(place, `is ${typeof value === 'object' ? 'an instance of a class' : `of type ${typeof value}`}`)
  const copy: { [key: string]: Json } = {}
  for (const [key, item] of Object.entries(value)) {
    if (forbiddenKeys.has(key)) throw notJson(place, `has the key "${key}"`)
    copy[key] = copyWithin(item, `${place}.${key}`, depth + 1)
  }
  return Object.freeze(copy)
}

function notJson(place: string, problem: string): AttuneError {
  return new AttuneError('NOT_JSON', `${place} ${problem}: only plain JSON is kept (null, booleans, numbers, texts, arrays and plain objects).`, { details: { place } })
}
