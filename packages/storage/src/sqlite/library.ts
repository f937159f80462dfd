import type * as Sqlite from 'node:sqlite'
import { AttuneError } from '@attune/core'

/** The module `node:sqlite`. */
export type SqliteLibrary = typeof Sqlite

/** Strict tables, which keep a damaged value from being stored under the wrong type, came with this version. */
const oldestUsable = '3.37.0'

/**
 * Loads SQLite out of Node. Loaded late, so that this package can be imported where there is none.
 * Throws STORAGE_NO_SQLITE.
 */
export async function loadSqlite(): Promise<SqliteLibrary> {
  let library: SqliteLibrary
  try {
    library = await import('node:sqlite')
  } catch (cause) {
    throw new AttuneError(
      'STORAGE_NO_SQLITE',
      `This Node (${process.version}) has no SQLite: it needs Node 22.13 or newer, run without --no-experimental-sqlite. ` +
        'Until then leave out `storage`: the study is then kept in memory and ends with the process.',
      { cause },
    )
  }
  const version = process.versions['sqlite'] ?? '0.0.0'
  if (compareVersions(version, oldestUsable) < 0) {
    throw new AttuneError('STORAGE_NO_SQLITE', `This Node (${process.version}) has SQLite ${version}, older than ${oldestUsable}: use a newer Node.`)
  }
  return library
}

/**
 * True if two connections that checkpoint and write at the same instant may damage a file in this version of SQLite
 * (3.7.0 to 3.51.2, except the repaired 3.44.6 and 3.50.7: https://www.sqlite.org/wal.html#walresetbug).
 */
export function hasWalResetRace(version: string): boolean {
  const repairedSince = version.startsWith('3.44.') ? '3.44.6' : version.startsWith('3.50.') ? '3.50.7' : '3.51.3'
  return compareVersions(version, repairedSince) < 0
}

function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number)
  const right = b.split('.').map(Number)
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
