import { AttuneError } from '@attune/core'
import { errorCode } from '../artifacts/file-system.ts'

const remedies: { readonly [code: string]: string } = {
  ENOSPC: 'The disk is full: free some space',
  EDQUOT: 'The disk quota is used up: free some of it',
  EFBIG: 'The file would be larger than the system allows: rotate it (`rotate: { bytes }`), or raise the limit (ulimit -f)',
  EROFS: 'That file system is read-only: choose another path',
  EACCES: 'This process may not write there: give it the right, or choose another path',
  EPERM: 'This process may not write there: give it the right, or choose another path',
  ENOTDIR: 'A file stands where a folder is needed: move it, or choose another path',
  EEXIST: 'A file stands where a folder is needed: move it, or choose another path',
  EISDIR: 'A folder stands where the file is needed: choose another path',
  EMFILE: 'This process has too many files open: raise the limit (ulimit -n)',
}

/** The system refused to make, read or write the file: JSONL_WRITE, with path and system code in `details`. */
export function writeError(path: string, cause: unknown): AttuneError {
  if (cause instanceof AttuneError) return cause
  const code = errorCode(cause)
  const remedy = (code !== undefined && remedies[code]) || 'Check the folder, or choose another path'
  return new AttuneError('JSONL_WRITE', `Cannot write the log "${path}": ${cause instanceof Error ? cause.message : String(cause)}. ${remedy}.`, { cause, details: { path, code } })
}

/** The file holds something else: JSONL_FILE. It is never changed. */
export function fileError(path: string, what: string, remedy: string): AttuneError {
  return new AttuneError('JSONL_FILE', `"${path}" ${what}, and is left as it is. ${remedy}`, { details: { path } })
}

/** What there is no room for may have some later; everything else that fails at the start stays as it is. */
export function lacksRoom(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ENOSPC' || code === 'EDQUOT'
}
