import { describe, expect, it } from 'vitest'
import { csv } from './csv.ts'
import { study, trial } from './study-data.test-support.ts'

/** A reader of its own, after the grammar of RFC 4180. */
function read(text: string): readonly (readonly string[])[] {
  const rows: string[][] = []
  let row: string[] = []
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] === '\r\n') {
      rows.push(row)
      row = []
    }
  }
  return rows
}

const data = study({
  trials: [
    trial(0, { values: [0.1], metrics: { loss: 0.1, constructor: -0 }, flatParams: { x: 1e-7, text: 'a "b", c\r\nd', on: true, none: null, empty: '' } }),
    trial(1, { state: 'failed', failure: { reason: 'error', message: 'x, y' }, values: undefined, metrics: { loss: Number.NaN, constructor: Number.NEGATIVE_INFINITY }, flatParams: { text: '=1+1' } }),
  ],
})

describe('csv', () => {
  it('is read back as it was', () => {
    const [head, first, second, ...rest] = read(csv(data))
    expect(head).toEqual(['number', 'state', 'metrics.loss', 'metrics.constructor', 'params.x', 'params.text', 'params.on', 'params.none', 'params.empty', 'steps', 'milliseconds', 'startedAt', 'failure', 'note'])
    expect(first).toEqual(['0', 'complete', '0.1', '-0', '1e-7', 'a "b", c\r\nd', 'true', 'null', '', '', '500', '2026-09-21T14:13:20.000Z', '', ''])
    expect(second?.slice(0, 6)).toEqual(['1', 'failed', 'NaN', '-Infinity', '', '=1+1'])
    expect(second?.at(-2)).toBe('error: x, y')
    expect(rest).toEqual([])
  })

  it('notes of which trial one is a fork, and that it is void', () => {
    const forks = study({ trials: [trial(0), trial(1, { parent: 0 }), trial(2, { parent: 1, voided: 'wrong data' })] })
    expect(read(csv(forks)).map((row) => row.at(-1))).toEqual(['note', '', 'fork of trial 0', 'void: wrong data; fork of trial 1'])
  })

  it('tells an empty text from no value', () => {
    expect(csv(data).split('\r\n')[2]).toContain('true,null,"",')
  })

  it('makes formulas into texts on request, and leaves numbers alone', () => {
    const hostile = study({ trials: ['=1+1', '+1', '-1', '@x', '\tx', 'x=1'].map((text, number) => trial(number, { flatParams: { text, number: -1 } })) })
    const column = (safe: boolean): readonly (string | undefined)[] => read(csv(hostile, { spreadsheetSafe: safe })).slice(1).map((row) => row[3])
    expect(column(false)).toEqual(['=1+1', '+1', '-1', '@x', '\tx', 'x=1'])
    expect(column(true)).toEqual(["'=1+1", "'+1", "'-1", "'@x", "'\tx", 'x=1'])
    expect(csv(hostile, { spreadsheetSafe: true })).toContain(',-1,')
  })
})
