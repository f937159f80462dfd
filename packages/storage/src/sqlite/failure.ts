import { AttuneError, isAttuneError } from '@attune/core'

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html). */
const code = { perm: 3, busy: 5, locked: 6, readonly: 8, corrupt: 11, full: 13, cannotOpen: 14, constraint: 19, notDatabase: 26 } as const

/** The extended code of a write that the system refused, for a full disk, a quota or a limit on the size of files. */
const failedWrite = 778

function resultCode(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined
}

function primaryCode(error: unknown): number | undefined {
  const result = resultCode(error)
  return result === failedWrite ? code.full : result === undefined ? undefined : result & 0xff
}

/** Another connection has the file right now: worth another try. */
export function isBusy(error: unknown): boolean {
  const primary = primaryCode(error)
  return primary === code.busy || primary === code.locked
}

/** The error of SQLite as one of ours, with the file's path and a remedy. Errors of ours pass unchanged. */
export function describeFailure(error: unknown, path: string): unknown {
  if (error instanceof AggregateError) return new AttuneError('STORAGE_FAILED', `${error.message} Nothing of the request was stored in ${path}: repeat it with the same id.`, { cause: error, details: { path } })
  const primary = primaryCode(error)
  if (isAttuneError(error) || primary === undefined) return error
  const described = (kind: string, message: string): AttuneError => new AttuneError(kind, `${message} (${error instanceof Error ? error.message : String(error)})`, { cause: error, details: { path } })
  switch (primary) {
    case code.notDatabase:
      return described('STORAGE_FOREIGN', `${path} is not an SQLite file: it was left untouched. Choose another path.`)
    case code.corrupt:
      return described('STORAGE_CORRUPT', `${path} is damaged. Copy it with its -wal file, then try \`sqlite3 FILE .recover\` or go back to a backup.`)
    case code.full:
      return described('STORAGE_FULL', `No space is left for ${path}, or a quota or limit is reached. Nothing of this request was stored: free some space and repeat it. What is stored can be read.`)
    case code.perm:
    case code.readonly:
      return described('STORAGE_READ_ONLY', `${path} cannot be written: check the permissions of the file and of its folder, where SQLite keeps two more files.`)
    case code.cannotOpen:
      return described('STORAGE_PATH', `${path} cannot be opened: check that it names a file and that its folder can be written.`)
    case code.constraint:
      return described('MALFORMED_DATA', `${path} refuses a value of this request, nothing of which was stored: check its numbers and texts.`)
    default:
      return described('STORAGE_FAILED', `SQLite failed on ${path}. The request may or may not have been stored: repeat it with the same id.`)
  }
}
