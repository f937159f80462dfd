import { pathToFileURL } from 'node:url'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseSqliteOptions } from './sqlite-options.ts'
import { sqlite } from './sqlite.ts'

describe('options of the SQLite storage', () => {
  it('make a path absolute, so that a later change of folder does not matter', () => {
    expect(parseSqliteOptions('a.db').path).toBe(resolve('a.db'))
    expect(parseSqliteOptions({ path: pathToFileURL('/data/a b.db') }).path).toBe('/data/a b.db')
  })

  it('never read a path as a URI of SQLite', () => {
    expect(parseSqliteOptions('file:x?mode=memory').path).toBe(resolve('file:x?mode=memory'))
  })

  it('have defaults', () => {
    expect(parseSqliteOptions(':memory:')).toMatchObject({ path: ':memory:', durability: 'normal', busyTimeout: 10_000 })
    const before = Date.now()
    expect(parseSqliteOptions(':memory:').clock.now()).toBeGreaterThanOrEqual(before)
  })

  it.each([
    ['no path', '', /path of a file/],
    ['a path that is none', { path: 7 }, /path is 7/],
    ['a NUL in the path', 'a\0b', /NUL/],
    ['a URL of another kind', new URL('https://example.org/a.db'), /file: URL/],
    ['another durability', { path: 'a.db', durability: 'fast' }, /'normal' or 'full'/],
    ['a negative wait', { path: 'a.db', busyTimeout: -1 }, /milliseconds from 0/],
    ['an endless wait', { path: 'a.db', busyTimeout: Infinity }, /milliseconds from 0/],
    ['nothing at all', undefined, /give the path of a file/],
    ['an option that does not exist', { path: 'a.db', timeout: 5 }, /no option "timeout"/],
    ['a wait that is no number', { path: 'a.db', busyTimeout: '5' }, /milliseconds from 0/],
  ])('refuse %s at once', (_what, options, message) => {
    expect(() => sqlite(options as string)).toThrow(expect.objectContaining({ code: 'STORAGE_OPTIONS', message: expect.stringMatching(message) }))
  })
})
