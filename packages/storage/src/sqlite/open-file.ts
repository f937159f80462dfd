import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { AttuneError } from '@attune/core'
import { hasWalResetRace, type SqliteLibrary } from './library.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations.ts'

export type Durability = 'normal' | 'full'

/** Opens a file of ours, a new one included, ready for statements. Throws SQLite's busy error while another process opens it. */
export function openFile(library: SqliteLibrary, path: string, durability: Durability, now: number): DatabaseSync {
  const inMemory = path === ':memory:'
  if (!inMemory) prepareFolder(path)
  // No waiting inside SQLite: it would block the event loop.
  const database = new library.DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true, allowExtension: false })
  try {
    // Views and triggers that someone planted in the file get no say.
    database.exec('pragma trusted_schema = off')
    const copy = migrate(library, database, path, migrations, now)
    if (copy !== undefined) process.emitWarning(`${path} was brought to the format of this release; the file as it was is ${copy}.`, { code: 'ATTUNE_STORAGE_MIGRATED' })
    if (!inMemory) useWriteAheadLog(database, path)
    database.exec(`pragma synchronous = ${durability}`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function prepareFolder(path: string): void {
  const folder = dirname(path)
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    throw new AttuneError('STORAGE_PATH', `The folder ${folder} cannot be made: choose another path, or make it yourself.`, { cause, details: { path } })
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new AttuneError('STORAGE_PATH', `${path} is a folder: give the path of a file in it, as in "${path}/attune.db".`, { details: { path } })
  }
}

function useWriteAheadLog(database: DatabaseSync, path: string): void {
  const { journal_mode: mode } = database.prepare('pragma journal_mode = wal').get() as { journal_mode: string }
  if (mode !== 'wal') {
    throw new AttuneError('STORAGE_FAILED', `${path} lies where SQLite has no write-ahead log (mode ${mode}), as on some network drives: choose a local path.`, { details: { path } })
  }
  const version = process.versions['sqlite'] ?? ''
  if (hasWalResetRace(version)) {
    process.emitWarning(`This Node (${process.version}) has SQLite ${version}, in which several processes writing to one file can, very rarely, damage it: use Node 24.21 or newer where several write.`, { code: 'ATTUNE_SQLITE_WAL_RESET' })
  }
}
