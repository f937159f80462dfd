import type { StorageFactory } from '@attune/core'
import { type SqliteOptions, parseSqliteOptions } from './sqlite-options.ts'
import { SqliteStorage } from './sqlite-storage.ts'

/**
 * Keeps studies in one SQLite file, which several processes of one machine may use at the same time.
 * `sqlite('attune.db')` is enough; options are in `SqliteOptions`. The file is opened when a study is.
 * Throws STORAGE_OPTIONS at once for an option that is out of range.
 */
export function sqlite(options: string | URL | SqliteOptions): StorageFactory {
  const settings = parseSqliteOptions(options)
  return { specVersion: 'v1', id: 'sqlite', create: () => SqliteStorage.open(settings) }
}
