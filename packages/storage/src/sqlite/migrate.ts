import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { AttuneError } from '@attune/core'
import type { SqliteLibrary } from './library.ts'
import { applicationId, type Migration } from './migrations.ts'
import { inTransaction } from './transaction.ts'

/** What a file says it is. */
export type FileFormat = { readonly kind: 'empty' } | { readonly kind: 'foreign' } | { readonly kind: 'ours'; readonly version: number }

export function readFormat(database: DatabaseSync): FileFormat {
  const application = readPragma(database, 'application_id')
  const version = readPragma(database, 'user_version')
  if (application === applicationId) return { kind: 'ours', version }
  const { objects } = database.prepare('select count(*) as objects from sqlite_schema').get() as { objects: number }
  return application === 0 && version === 0 && objects === 0 ? { kind: 'empty' } : { kind: 'foreign' }
}

function readPragma(database: DatabaseSync, name: string): number {
  return Object.values(database.prepare(`pragma ${name}`).get() ?? {})[0] as number
}

/**
 * Brings the file to the newest format in one transaction: the whole way or not at all. A file that holds data is copied
 * beside itself first, while the write lock is held, so the copy is exactly what is migrated; answers the copy's path.
 * Throws STORAGE_FOREIGN for a file that is not ours and STORAGE_NEWER for one of a later release; neither is touched.
 */
export function migrate(library: SqliteLibrary, database: DatabaseSync, path: string, steps: readonly Migration[], now: number): string | undefined {
  const newest = steps.at(-1)?.version ?? 0
  const before = judge(readFormat(database), path, newest)
  if (before === newest) return undefined
  return inTransaction(database, 'immediate', () => {
    // Another process may have migrated the file between the look above and the lock.
    const version = judge(readFormat(database), path, newest)
    const copy = version > 0 && version < newest ? backUp(library, path, version) : undefined
    for (const step of steps) if (step.version > version) apply(database, step, now)
    return copy
  })
}

function judge(format: FileFormat, path: string, newest: number): number {
  if (format.kind === 'empty') return 0
  if (format.kind === 'foreign') throw new AttuneError('STORAGE_FOREIGN', `${path} is an SQLite file of another program: it was left untouched. Choose another path.`, { details: { path } })
  if (format.version > newest) {
    const message = `${path} has format ${format.version}, this release reads up to ${newest}: it was left untouched. Update @attune/storage, or open the copy that was made before the file was migrated.`
    throw new AttuneError('STORAGE_NEWER', message, { details: { path, format: format.version, supported: newest } })
  }
  return format.version
}

function apply(database: DatabaseSync, step: Migration, now: number): void {
  database.exec(step.sql)
  database.prepare('insert into migrations (version, name, applied_at) values (?, ?, ?)').run(step.version, step.name, now)
  database.exec(`pragma application_id = ${applicationId}; pragma user_version = ${step.version}`)
}

/** A whole copy under its final name, or none: it is written beside, synced, then renamed. */
function backUp(library: SqliteLibrary, path: string, version: number): string {
  let copy = `${path}.format-${version}.backup`
  for (let i = 2; existsSync(copy); i++) copy = `${path}.format-${version}-${i}.backup`
  const unfinished = `${copy}.unfinished`
  rmSync(unfinished, { force: true })
  const reader = new library.DatabaseSync(path)
  try {
    reader.prepare('vacuum into ?').run(unfinished)
  } finally {
    reader.close()
  }
  const file = openSync(unfinished, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(unfinished, copy)
  return copy
}
