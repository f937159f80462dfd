import { AttuneError } from '@attune/core'
import type { StudyData } from './study-data.ts'
import { table } from './table.ts'
import { formatScalar } from './text.ts'

/** Options of `markdownTable`. */
export interface MarkdownTableOptions {
  /** Keys of the columns to show, in order, as in `table(study).columns`. Default: number, state, metrics and parameters. */
  readonly columns?: readonly string[]
}

/** The study as a Markdown table (GitHub's form), with rounded numbers. Texts are escaped: they cannot leave their cell. Throws OPTION for a column that does not exist. */
export function markdownTable(study: StudyData, options: MarkdownTableOptions = {}): string {
  const { columns, rows } = table(study)
  const keys = options.columns ?? columns.filter(({ key, group }) => group !== 'trial' || key === 'number' || key === 'state').map(({ key }) => key)
  const shown = keys.map((key) => {
    const index = columns.findIndex((column) => column.key === key)
    if (index < 0) throw new AttuneError('OPTION', `markdownTable: there is no column ${JSON.stringify(key)}. Columns are: ${columns.map((column) => column.key).join(', ')}.`, { details: { column: key } })
    return index
  })
  const lines = [
    shown.map((index) => escapeCell(columns[index]?.label ?? '')),
    shown.map((index) => (rows.some((row) => typeof row[index] === 'number') ? '--:' : '---')),
    ...rows.map((row) => shown.map((index) => {
      const value = row[index]
      return value === undefined ? '' : escapeCell(formatScalar(value))
    })),
  ]
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

function escapeCell(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>|#~!&]/g, '\\$&').replaceAll(/\s*[\r\n]+\s*/g, ' ')
}
