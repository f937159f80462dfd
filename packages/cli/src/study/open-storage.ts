import { statSync } from 'node:fs'
import { AttuneError, type Storage } from '@attune/core'
import type { Environment } from '@attune/node/terminal'
import { SqliteStorage } from '@attune/storage'

/** The file that is meant: an option, or else the environment's. Throws CLI_USAGE if there is neither, STORAGE_NOT_FOUND if there is no such file. */
export function storageFile(option: string | undefined, environment: Environment): string {
  const file = option ?? environment['ATTUNE_STORAGE']
  if (file === undefined || file === '') throw new AttuneError('CLI_USAGE', 'Which file holds the studies? Give --storage study.db, or set ATTUNE_STORAGE.')
  const from = option === undefined ? ' (from ATTUNE_STORAGE)' : ''
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) throw new AttuneError('STORAGE_NOT_FOUND', `There is no file ${file}${from}: check the path, or run the program that makes the study first. This command makes none.`, { details: { file } })
  return file
}

/** Opens the file for the time of some work. */
export async function withStorage<T>(file: string, work: (storage: Storage) => Promise<T>): Promise<T> {
  const storage = await SqliteStorage.open(file)
  try {
    return await work(storage)
  } finally {
    await storage.close()
  }
}
