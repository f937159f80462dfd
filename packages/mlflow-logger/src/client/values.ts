import { MlflowError } from './errors.ts'
import { decodeKey, encodeKey } from './names.ts'
import type { MetricPoint, Texts } from './types.ts'

/** A server answers 200 to a field of the wrong type, and drops the rest of the request: so nothing is sent that was not checked here. */
export function refuse(what: string, remedy: string): never {
  throw new MlflowError('MLFLOW_INVALID', `${what}. ${remedy}`)
}

/** A value in a message: short, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}

/** A text that is stored as it is, or refused: identifiers, names, descriptions. */
export function checkText(what: string, value: unknown, limits: { readonly min?: number; readonly max?: number } = {}): string {
  const { min = 1, max = Number.POSITIVE_INFINITY } = limits
  if (typeof value !== 'string') refuse(`${what} is ${shown(value)}, and has to be a text`, 'Give it as a string')
  if (value.length < min) refuse(`${what} is empty`, 'Give it at least one character')
  if (value.length > max) refuse(`${what} has ${value.length} characters (${shown(value)}), and MLflow keeps ${max}`, 'Shorten it')
  if (!value.isWellFormed() || value.includes('\0')) refuse(`${what} (${shown(value)}) holds NUL or half of a surrogate pair, which servers do not keep`, 'Remove them')
  return value
}

export function checkOptionalText(what: string, value: unknown, limits: { readonly min?: number; readonly max?: number } = { min: 0 }): string | undefined {
  return value === undefined ? undefined : checkText(what, value, limits)
}

export function checkInteger(what: string, value: unknown, range: { readonly min?: number; readonly max?: number } = {}): number {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = range
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) refuse(`${what} is ${shown(value)}, and has to be an integer from ${min} to ${max}`, 'MLflow would keep 0 and lose what follows')
  return value + 0 // −0 would be sent as 0 too.
}

export function checkOneOf<T extends string>(what: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((item) => item === value)
  return found ?? refuse(`${what} is ${shown(value)}, and has to be one of ${allowed.join(', ')}`, 'Servers ignore others without an error')
}

export function checkList(what: string, value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(`${what} is ${shown(value)}, and has to be a list`, 'Give it as an array')
}

/** Milliseconds since the epoch. */
export function checkTime(what: string, value: unknown): number {
  return checkInteger(`${what} (milliseconds since the epoch)`, value, { min: 0 })
}

/** A parameter or a tag as it goes to the server, if its length is no matter yet. */
export interface CheckedText {
  readonly key: string
  readonly storedKey: string
  /** As it was given, as a text. */
  readonly value: string
}

/** Texts with their values written as JavaScript writes them, `-0` too. */
export function checkTexts(what: string, texts: unknown): readonly CheckedText[] {
  if (texts === undefined) return []
  if (typeof texts !== 'object' || texts === null || Symbol.iterator in texts) refuse(`${what}s are ${texts instanceof Map ? 'a Map' : shown(texts)}, and have to be a plain object`, "Give them by name, as in { name: 'value' }")
  return Object.entries(texts as { readonly [key: string]: unknown }).map(([key, value]) => ({ key, storedKey: storedName(what, key), value: checkScalar(`The ${what} ${shown(key)}`, value) }))
}

/** Texts for a call that cannot say what it changed: whatever would be changed is refused. */
export function checkPlainTexts(what: string, texts: Texts | undefined, maxLength: number, instead: string): readonly { readonly key: string; readonly value: string }[] {
  return checkTexts(what, texts).map(({ key, storedKey, value }) => {
    if (storedKey !== key) refuse(`MLflow does not take ${shown(key)} as the name of a ${what}`, `Use ${shown(storedKey)} (encodeKey gives it), or ${instead}, which renames it and says so`)
    if (value.length > maxLength) refuse(`The ${what} ${shown(key)} has ${value.length} characters, and MLflow keeps ${maxLength}`, `Shorten it, or use ${instead}, which shortens it and says so`)
    return { key, value: checkText(`The ${what} ${shown(key)}`, value, { min: 0 }) }
  })
}

function checkScalar(what: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (typeof value === 'boolean') return String(value)
  return refuse(`${what} is ${shown(value)}, and has to be a text, a number or a boolean`, 'Write it as a text, by JSON.stringify for instance')
}

/** The name that a key is logged under. */
export function storedName(what: string, key: unknown): string {
  if (typeof key !== 'string') refuse(`The name of a ${what} is ${shown(key)}, and has to be a text`, 'Give it as a string')
  if (key === '') refuse(`A ${what} has an empty name`, 'Give it one')
  return encodeKey(key)
}

/**
 * What a key may be stored under, likeliest first: a name as answers have it, the name that `log` makes of it, or the name itself if somebody
 * else stored it on a server that takes it.
 */
export function lookedUpNames(what: string, key: unknown): readonly string[] {
  const stored = storedName(what, key)
  const name = key as string
  if (stored === name) return [name]
  const decoded = decodeKey(name)
  const isStored = decoded === undefined || (decoded !== name && encodeKey(decoded) === name)
  return isStored ? [name, stored] : [stored, name]
}

/** A metric point as JSON. Its value is a number, or the text of one that JSON lacks. */
export interface CheckedPoint {
  readonly key: string
  readonly value: number | string
  readonly timestamp: number
  readonly step: number
  readonly model_id?: string
  readonly dataset_name?: string
  readonly dataset_digest?: string
}

export function checkPoint(point: MetricPoint, now: number): CheckedPoint {
  if (typeof point !== 'object' || (point as unknown) === null) refuse(`A metric is ${shown(point)}, and has to be an object`, 'Give { key, value, step, timestamp }')
  const key = storedName('metric', point.key)
  const what = `the metric ${shown(point.key)}`
  const value: unknown = point.value
  if (typeof value !== 'number') refuse(`The value of ${what} is ${shown(value)}, and has to be a number`, 'NaN says that there is none')
  const { modelId, datasetName, datasetDigest } = point
  return {
    key,
    value: numberInJson(value),
    timestamp: point.timestamp === undefined ? now : checkTime(`The time of ${what}`, point.timestamp),
    step: point.step === undefined ? 0 : checkInteger(`The step of ${what}`, point.step),
    ...(modelId !== undefined && { model_id: checkText(`The model of ${what}`, modelId) }),
    ...(datasetName !== undefined && { dataset_name: checkText(`The dataset of ${what}`, datasetName, { max: 500 }) }),
    ...(datasetDigest !== undefined && { dataset_digest: checkText(`The dataset digest of ${what}`, datasetDigest, { max: 36 }) }),
  }
}

/** As MLflow's own client writes it. `JSON.stringify` would make null of those without digits, and 0 of −0. */
function numberInJson(value: number): number | string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0.0' : value
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}
