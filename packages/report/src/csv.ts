import type { Scalar } from '@attune/core'
import type { StudyData } from './study-data.ts'
import { table } from './table.ts'
import { exactNumber } from './text.ts'

/** Options of `csv`. */
export interface CsvOptions {
  /**
   * For files that are opened in a spreadsheet: a text that starts like a formula (`=`, `+`, `-`, `@`, tab,
   * carriage return) gets an apostrophe in front, so that it is shown and not run. Numbers stay as they are.
   * Off by default, because the text is then no longer exactly what was stored.
   */
  readonly spreadsheetSafe?: boolean
}

/**
 * The study as CSV by RFC 4180: comma, CRLF, quotes where needed, one row a trial below a header row.
 * Numbers are exact (the shortest form that reads back to the same number; NaN, Infinity, -Infinity, -0).
 * A value that a trial does not have is an empty field, an empty text is `""`.
 */
export function csv(study: StudyData, options: CsvOptions = {}): string {
  const { columns, rows } = table(study)
  const safe = options.spreadsheetSafe ?? false
  const lines = [columns.map((column) => field(column.key, safe)), ...rows.map((row) => row.map((cell) => field(cell, safe)))]
  return lines.map((line) => `${line.join(',')}\r\n`).join('')
}

function field(value: Scalar | undefined, safe: boolean): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return exactNumber(value)
  if (typeof value !== 'string') return String(value)
  const text = safe && /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
