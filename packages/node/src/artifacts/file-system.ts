import { lstat, mkdir, open, readdir, realpath, rename, unlink, utimes } from 'node:fs/promises'

/** The calls through which the store touches the disk, in one place so that tests can fail or end the process at each of them. */
export interface FileSystem {
  readonly lstat: typeof lstat
  readonly mkdir: typeof mkdir
  readonly open: typeof open
  readonly readdir: typeof readdir
  readonly realpath: typeof realpath
  readonly rename: typeof rename
  readonly unlink: typeof unlink
  readonly utimes: typeof utimes
}

export const nodeFileSystem: FileSystem = { lstat, mkdir, open, readdir, realpath, rename, unlink, utimes }

/** The code of a failed system call, as in `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** What `work` answers, or undefined if it failed because something does not exist. */
export async function ifExists<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
