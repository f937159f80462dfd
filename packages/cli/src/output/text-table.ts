import { fit, plain } from '@attune/node/terminal'
import stringWidth from 'string-width'
import type { View } from './answer.ts'

export interface TextColumn {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** True if its texts may be cut where the terminal is narrow. */
  readonly shrinks?: boolean
}

const gap = 2
const narrowest = 6

/** Rows below a heading, in columns as wide as needed; those that may shrink are cut to fit, the widest first. Texts are made harmless. */
export function textTable(columns: readonly TextColumn[], rows: readonly (readonly string[])[], view: View, indent = 0): string {
  const titled = columns.some(({ title }) => title !== '')
  const lines = rows.map((row) => row.map((cell) => plain(cell)))
  const widths = columns.map(({ title }, index) => Math.max(stringWidth(title), ...lines.map((line) => stringWidth(line[index] ?? ''))))
  shrink(columns, widths, view.width - indent)
  const render = (cells: readonly string[]): string => {
    const padded = columns.map(({ align = 'left' }, index) => {
      const cell = fit(cells[index] ?? '', widths[index]!)
      const space = ' '.repeat(widths[index]! - stringWidth(cell))
      return align === 'right' ? space + cell : cell + space
    })
    return `${' '.repeat(indent)}${padded.join(' '.repeat(gap))}`.trimEnd()
  }
  const heading = titled ? [view.styles.faint(render(columns.map(({ title }) => title)))] : []
  return [...heading, ...lines.map(render)].map((line) => `${line}\n`).join('')
}

function shrink(columns: readonly TextColumn[], widths: number[], width: number): void {
  let excess = widths.reduce((sum, each) => sum + each, 0) + gap * (widths.length - 1) - width
  while (excess > 0) {
    const candidates = widths.map((each, index) => (columns[index]!.shrinks === true && each > narrowest ? each : 0))
    const widest = Math.max(...candidates)
    if (widest === 0) return
    widths[candidates.indexOf(widest)]!--
    excess--
  }
}

/** A text on as many lines as it takes, broken between words, each below the first character of the first. */
export function wrapped(text: string, view: View, indent: number): string {
  const width = Math.max(20, view.width - indent)
  const lines: string[] = []
  let line = ''
  for (const word of plain(text).split(' ')) {
    if (line !== '' && stringWidth(line) + 1 + stringWidth(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}
