// The promises in the README are those that tests show: the table is generated from their titles.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { promisePage, promises, root, shown, summaryTable } from '../tools/promises.mjs'

const tests = shown()

describe('promises', () => {
  test.each([...promises.keys()])('%s is shown by a test', (id) => {
    expect(tests.filter(({ promise, twin }) => promise === id && !twin)).not.toEqual([])
  })

  test('no test shows a promise that nobody made', () => {
    expect(tests.filter(({ promise }) => !promises.has(promise))).toEqual([])
  })

  test('the README and the page tell what the tests show: else run node scripts/promises.mjs', () => {
    const table = /<!-- promises -->\n(.*)\n<!-- \/promises -->/s.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1]
    expect(table).toBe(summaryTable(tests))
    expect(readFileSync(join(root, 'docs', 'promises.md'), 'utf8')).toBe(promisePage(tests))
  })
})
