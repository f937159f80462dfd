import { DatabaseSync } from 'node:sqlite'
import { AttuneError } from '@attune/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFile } from '../temporary-file.test-support.ts'
import { describeFailure } from './failure.ts'

function failureOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return describeFailure(error, '/data/attune.db')
  }
  throw new Error('nothing failed')
}

function temporaryDatabase(options: { readonly readOnly?: boolean } = {}): DatabaseSync {
  const { path, remove } = temporaryFile()
  onTestFinished(remove)
  new DatabaseSync(path).close()
  const database = new DatabaseSync(path, options)
  onTestFinished(() => database.close())
  return database
}

describe('a failure of SQLite', () => {
  it('names the file and the remedy when it cannot be written', () => {
    const database = temporaryDatabase({ readOnly: true })
    expect(failureOf(() => database.exec('create table t (a)'))).toMatchObject({ code: 'STORAGE_READ_ONLY', message: expect.stringMatching(/data\/attune\.db.*permissions/), details: { path: '/data/attune.db' } })
  })

  it('says that space is short', () => {
    const database = temporaryDatabase()
    database.exec('pragma max_page_count = 4; create table t (a)')
    expect(failureOf(() => database.prepare('insert into t values (zeroblob(100000))').run())).toMatchObject({ code: 'STORAGE_FULL' })
  })

  it('says that a value cannot be stored', () => {
    const database = temporaryDatabase()
    database.exec('create table t (a text not null) strict')
    expect(failureOf(() => database.prepare('insert into t values (?)').run(null))).toMatchObject({ code: 'MALFORMED_DATA' })
  })

  it('keeps its cause when it is of no known kind', () => {
    const database = temporaryDatabase()
    expect(failureOf(() => database.exec('no sql'))).toMatchObject({ code: 'STORAGE_FAILED', cause: expect.objectContaining({ message: expect.stringContaining('syntax') }) })
  })

  it('lets other errors pass', () => {
    const ours = new AttuneError('STUDY_NOT_FOUND', 'gone')
    const strange = new TypeError('x')
    expect(describeFailure(ours, 'p')).toBe(ours)
    expect(describeFailure(strange, 'p')).toBe(strange)
  })
})
