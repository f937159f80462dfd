import type { Json, Scalar } from '@attune/core'
import { encodeJson } from '@attune/core'

/** A number as text that reads back to the same number, the sign of zero included. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

export function scalarText(value: Scalar): string {
  return typeof value === 'number' ? numberText(value) : String(value)
}

/** Attributes as MLflow's storage of Optuna keeps them: `user_<name>`, as JSON. */
export function attributeTag(name: string, value: Json): { readonly [key: string]: string } {
  return { [`user_${name}`]: encodeJson(value) }
}

/** A time as Python's `str(datetime)` writes it, so that what reads Optuna's tags reads ours. */
export function pythonTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('T', ' ').replace('Z', '000+00:00')
}

/** The first line, short enough for a cell of a table. */
export function firstLine(text: string, length = 250): string {
  const line = text.trim().split(/\r?\n/, 1)[0] ?? ''
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`
}
