import { createHash } from 'node:crypto'
import { encodeJson, type Json, type Scalar } from '@attune/core'

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

/** One tag for each different warning. */
export function warningTag({ source, message }: { readonly source: string; readonly message: string }): { readonly [tag: string]: string } {
  const text = `${source}: ${message}`
  return { [`attune.warning.${createHash('sha256').update(text).digest('hex').slice(0, 8)}`]: text }
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
