import { copyFileSync, existsSync, readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import * as library from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startChild, startChildren } from '../child.test-support.ts'
import { expectWhole } from '../shared-study.test-support.ts'
import { SqliteStorage } from '../sqlite-storage.ts'
import { temporaryFile } from '../temporary-file.test-support.ts'
import { migrate, readFormat } from './migrate.ts'
import { type Migration, migrations } from './migrations.ts'

/** A copy of the file that release 0.1.0 wrote. */
function fixture(): string {
  const { path, remove } = temporaryFile()
  onTestFinished(remove)
  copyFileSync(new URL('../../fixtures/format-1.db', import.meta.url), path)
  return path
}

const newest = migrations.length

const next: Migration = { version: newest + 1, name: 'a later format', sql: "alter table studies add column colour text not null default 'blue'; create table later (x integer) strict" }

const failing: Migration = { version: newest + 2, name: 'fails', sql: 'create table good (x integer) strict; insert into absent values (1)' }

/** What of `next` and `failing` is in the file. */
function traces(database: library.DatabaseSync): readonly string[] {
  const tables = database.prepare("select name from sqlite_schema where name in ('later', 'good') order by name").all().map(({ name }) => String(name))
  const format = readFormat(database)
  return format.kind === 'ours' && format.version === 1 ? tables : [`format ${format.kind === 'ours' ? format.version : format.kind}`, ...tables]
}

function open(path: string): library.DatabaseSync {
  const database = new library.DatabaseSync(path)
  onTestFinished(() => {
    if (database.isOpen) database.close()
  })
  return database
}

describe('formats', () => {
  it('are numbered from 1 without a gap', () => {
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, i) => i + 1))
  })

  it('P15: what release 0.1.0 wrote opens, with all that is in it', async () => {
    const storage = await SqliteStorage.open(fixture())
    onTestFinished(() => storage.close())
    const [study] = await storage.listStudies()
    expect(study).toMatchObject({ revision: 9, counts: { waiting: 1, running: 1, paused: 0, complete: 1, pruned: 0, failed: 0 }, definition: { name: 'format 1', seed: 7 } })
    const bodies = (await storage.changesSince(study?.id ?? '', 0)).map(({ body }) => body)
    expect(bodies.map(({ type }) => type)).toEqual(['session', 'create', 'report', 'finish', 'create', 'create', 'extend', 'attribute', 'session'])
    expect(bodies[3]).toEqual({ type: 'finish', number: 0, outcome: { state: 'complete', metrics: { loss: -0, worst: Infinity, none: NaN } } })
    expect(await storage.write(study?.id ?? '', { id: 'finish 1', operations: [{ type: 'finish', number: 1, token: 'token 1', outcome: { state: 'complete', metrics: { loss: 1 } } }] })).toMatchObject({ ok: true, changes: [{ revision: 10 }] })
    expect(await storage.write(study?.id ?? '', { id: 'request 1', operations: [] }), 'a request that was applied then').toMatchObject({ ok: true, changes: [{ revision: 2 }] })
  })
})

describe('a migration', () => {
  it('P15: a migration happens as a whole, after a copy was made', () => {
    const path = fixture()
    const database = open(path)
    const copy = migrate(library, database, path, [...migrations, next], 5)
    expect(readFormat(database)).toEqual({ kind: 'ours', version: newest + 1 })
    expect(database.prepare('select colour from studies').get()).toMatchObject({ colour: 'blue' })
    expect(database.prepare('select version, name, applied_at from migrations order by version').all()).toMatchObject([{ version: 1 }, { version: 2, applied_at: 5 }, { version: newest + 1, name: 'a later format', applied_at: 5 }])
    expect(copy).toBe(`${path}.format-1.backup`)
    const before = open(copy ?? '')
    expect(readFormat(before)).toEqual({ kind: 'ours', version: 1 })
    expect(before.prepare('pragma integrity_check').get()).toMatchObject({ integrity_check: 'ok' })
    expect(before.prepare('select count(*) as changes from changes').get()).toMatchObject({ changes: 9 })
  })

  it('P15: a migration happens once, and copies once, when several open the file', () => {
    const path = fixture()
    expect(migrate(library, open(path), path, [...migrations, next], 5)).toBeDefined()
    expect(migrate(library, open(path), path, [...migrations, next], 6)).toBeUndefined()
    expect(readdirSync(dirname(path)).filter((name) => name.endsWith('.backup'))).toHaveLength(1)
  })

  it('P15: a migration happens once, and copies once, when 8 processes open an old file at the same moment', async () => {
    const path = fixture()
    const children = await startChildren(8, (i) => startChild(new URL('../claimer.test-support.ts', import.meta.url), path, `claimer ${i}`, 'fair', 'format 1'))
    for (const child of children) child.say('go')
    const claimed = await Promise.all(children.map(async (child) => Number(await child.line())))
    expect(claimed.reduce((sum, count) => sum + count, 0), 'the one trial that waits in the file is claimed once').toBe(1)
    expect(readdirSync(dirname(path)).filter((name) => name.endsWith('.backup'))).toHaveLength(1)
    expectWhole(path)
  })

  it('P15: a migration leaves the file as it was when a step fails', async () => {
    const path = fixture()
    const database = open(path)
    expect(() => migrate(library, database, path, [...migrations, next, failing], 5)).toThrow(/absent/)
    expect(traces(database)).toEqual([])
    database.close()
    const storage = await SqliteStorage.open(path)
    expect((await storage.listStudies())[0]?.revision).toBe(9)
    await storage.close()
  })

  it('P15, broken twin: a migration without a transaction leaves traces of a step that failed', () => {
    const database = open(fixture())
    expect(() => {
      for (const { sql, version } of [...migrations.slice(1), next, failing]) database.exec(`${sql}; pragma user_version = ${version}`)
    }).toThrow(/absent/)
    expect(traces(database)).toEqual([`format ${newest + 1}`, 'good', 'later'])
  })

  it('P15: a migration never overwrites an earlier copy', () => {
    const path = fixture()
    copyFileSync(path, `${path}.format-1.backup`)
    expect(migrate(library, open(path), path, [...migrations, next], 5)).toBe(`${path}.format-1-2.backup`)
  })

  it('P15: a migration leaves nothing half copied', () => {
    const path = fixture()
    migrate(library, open(path), path, [...migrations, next], 5)
    expect(existsSync(`${path}.format-1.backup.unfinished`)).toBe(false)
  })

  it('P15: a migrated file is refused by the release before', async () => {
    const path = fixture()
    const database = open(path)
    migrate(library, database, path, [...migrations, next], 5)
    database.close()
    await expect(SqliteStorage.open(path)).rejects.toMatchObject({ code: 'STORAGE_NEWER' })
  })
})
