import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SqliteStorage } from '../sqlite-storage.ts'
import { temporaryFile } from '../temporary-file.test-support.ts'
import { openFile } from './open-file.ts'

const definition = { name: 'digits', space: null, fingerprint: null, objectives: [], constraints: [], metrics: null, seed: 1 } as const

function newPath(name?: string): string {
  const { path, remove } = temporaryFile(name)
  onTestFinished(remove)
  return path
}

/** A file of ours with `trials` trials, closed. */
async function filled(path: string, trials: number): Promise<void> {
  const storage = await SqliteStorage.open(path)
  const study = await storage.createStudy(definition, 'create')
  await storage.write(study?.id ?? '', { id: 'fill', operations: Array.from({ length: trials }, (_, i) => ({ type: 'create', origin: 'sampler', params: { i } })) })
  await storage.close()
}

async function expectRefused(path: string, code: string, message: RegExp): Promise<void> {
  const before = existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : undefined
  const files = readdirSync(dirname(path))
  await expect(SqliteStorage.open(path)).rejects.toMatchObject({ code, message: expect.stringMatching(message), details: { path } })
  if (before !== undefined) expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(before)
  expect(readdirSync(dirname(path)), 'files beside it').toEqual(files)
}

describe('opening a file', () => {
  it('makes the file and its folders', async () => {
    const path = join(newPath(), '..', 'deep', 'er', 'attune.db')
    await filled(path, 1)
    expect(existsSync(path)).toBe(true)
  })

  it('takes an empty file for a new one', async () => {
    const path = newPath()
    writeFileSync(path, '')
    await filled(path, 3)
    const storage = await SqliteStorage.open(path)
    expect((await storage.findStudy('digits'))?.counts.waiting).toBe(3)
    await storage.close()
  })

  it('opens with the first call when it was made by `new`', async () => {
    const path = newPath()
    const storage = new SqliteStorage(path)
    expect(existsSync(path)).toBe(false)
    expect(await storage.listStudies()).toEqual([])
    expect(existsSync(path)).toBe(true)
    await storage[Symbol.asyncDispose]()
  })

  it('P18: a file that many make at once is made once', async () => {
    const path = newPath()
    const storages = await Promise.all(Array.from({ length: 12 }, () => SqliteStorage.open(path)))
    const made = await Promise.all(storages.map((storage, i) => storage.createStudy(definition, `r${i}`)))
    expect(made.filter((study) => study !== undefined)).toHaveLength(1)
    for (const storage of storages) await storage.close()
  })

  it('P18: opening the same file several times in one process works, and each sees what the others write', async () => {
    const path = newPath()
    const storages = await Promise.all([1, 2, 3].map(() => SqliteStorage.open(path)))
    const id = (await storages[0]?.createStudy(definition, 'create'))?.id ?? ''
    await Promise.all(storages.map((storage, i) => storage.write(id, { id: `r${i}`, operations: [{ type: 'create', origin: 'enqueued', params: { i } }] })))
    for (const storage of storages) {
      expect((await storage.changesSince(id, 0)).length).toBe(3)
      // The others go on without it.
      await storage.close()
    }
  })

  it('refuses a file that is no database', async () => {
    const path = newPath('notes.txt')
    writeFileSync(path, 'not a database, but long enough to be looked at '.repeat(40))
    await expectRefused(path, 'STORAGE_FOREIGN', /is not an SQLite file: it was left untouched/)
  })

  it('refuses the database of another program', async () => {
    const path = newPath()
    const other = new DatabaseSync(path)
    other.exec('create table songs (title text)')
    other.close()
    await expectRefused(path, 'STORAGE_FOREIGN', /of another program/)
  })

  it('refuses a file that has our mark, but not our tables', async () => {
    const path = newPath()
    const other = new DatabaseSync(path)
    other.exec('pragma journal_mode = wal; pragma application_id = 0x41747475; pragma user_version = 2; create table studies (title text)')
    other.close()
    await expectRefused(path, 'STORAGE_FOREIGN', /has not our tables/)
  })

  it('P15: a file of a later release is refused and left untouched', async () => {
    const path = newPath()
    await filled(path, 1)
    const later = new DatabaseSync(path)
    later.exec('pragma user_version = 3')
    later.close()
    await expectRefused(path, 'STORAGE_NEWER', /has format 3, this release reads up to 2/)
  })

  it('refuses a folder', async () => {
    const path = newPath()
    mkdirSync(path)
    await expect(SqliteStorage.open(path)).rejects.toMatchObject({ code: 'STORAGE_PATH', message: expect.stringMatching(/is a folder/) })
  })

  it('refuses a path below a file', async () => {
    const path = newPath()
    writeFileSync(path, '')
    await expect(SqliteStorage.open(join(path, 'attune.db'))).rejects.toMatchObject({ code: 'STORAGE_PATH', message: expect.stringMatching(/folder .* cannot be made/) })
  })

  it('says that a file is damaged', async () => {
    const path = newPath()
    await filled(path, 2000)
    const bytes = readFileSync(path)
    // The first page says what the file is; everything behind it is lost.
    bytes.fill(0xa5, 4096)
    writeFileSync(path, bytes)
    const storage = new SqliteStorage(path)
    await expect(storage.listStudies()).rejects.toMatchObject({ code: 'STORAGE_CORRUPT', message: expect.stringMatching(/is damaged.*recover/) })
    await storage.close()
  })

  it.each([['normal', 1], ['full', 2]] as const)('syncs as durability %s asks', async (durability, level) => {
    const database = openFile(await import('node:sqlite'), newPath(), durability, 0)
    expect(database.prepare('pragma synchronous').get()).toMatchObject({ synchronous: level })
    expect(database.prepare('pragma journal_mode').get()).toMatchObject({ journal_mode: 'wal' })
    expect(database.prepare('pragma foreign_keys').get()).toMatchObject({ foreign_keys: 1 })
    expect(database.prepare('pragma trusted_schema').get()).toMatchObject({ trusted_schema: 0 })
    database.close()
  })

  it('leaves no handle after close', async ({ skip }) => {
    if (process.platform !== 'linux') skip('open handles are listed in /proc on Linux only')
    const path = newPath()
    const storage = await SqliteStorage.open(path)
    const open = (): number => readdirSync('/proc/self/fd').filter((handle) => readLink(`/proc/self/fd/${handle}`).startsWith(path)).length
    expect(open()).toBeGreaterThan(0)
    await storage.close()
    expect(open()).toBe(0)
    expect(readdirSync(dirname(path))).toEqual(['attune.db'])
  })
})

function readLink(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    // The handle that listed the folder is closed by now.
    return ''
  }
}
