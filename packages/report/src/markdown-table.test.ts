import { expect, it } from 'vitest'
import { markdownTable } from './markdown-table.ts'
import { study, trial } from './study-data.test-support.ts'

const data = study({ trials: [trial(0, { values: [0.123_456_789], flatParams: { a: 'x|y\n<b>' } }), trial(1, { state: 'failed' })] })

it('shows state, metrics and parameters', () => {
  expect(markdownTable(data)).toBe('| number | state | loss | a |\n| --: | --- | --: | --- |\n| 0 | complete | 0.12346 | x\\|y \\<b\\> |\n| 1 | failed |  |  |\n')
})

it('shows the columns that are asked for', () => {
  expect(markdownTable(data, { columns: ['params.a', 'number'] }).split('\n')[2]).toBe('| x\\|y \\<b\\> | 0 |')
  expect(() => markdownTable(data, { columns: ['loss'] })).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining('metrics.loss') }))
})
