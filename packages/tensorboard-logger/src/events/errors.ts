import { AttuneError } from '@attune/core'

const remedies: { readonly [code: string]: string } = {
  ENOSPC: 'Free some space on that disk or choose another logDir',
  EDQUOT: 'Free some of your quota or choose another logDir',
  EFBIG: 'The file would be larger than the system allows: raise the limit (ulimit -f) or choose another logDir',
  EROFS: 'That file system is read-only: choose another logDir',
  EACCES: 'Give this process the right to write there or choose another logDir',
  EPERM: 'Give this process the right to write there or choose another logDir',
  ENOTDIR: 'A file stands where a folder is needed: move it or choose another logDir',
  EEXIST: 'A file stands where a folder is needed: move it or choose another logDir',
  EMFILE: 'This process has too many files open: raise the limit (ulimit -n)',
}

/** The system refused to make or write a file: TENSORBOARD_WRITE, with path and system code in `details`. */
export function writeError(path: string, cause: unknown): AttuneError {
  const systemCode = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
  const reason = cause instanceof Error ? cause.message : String(cause)
  const remedy = (systemCode !== undefined && remedies[systemCode]) || 'Check the folder or choose another logDir'
  return new AttuneError('TENSORBOARD_WRITE', `Cannot write TensorBoard data to "${path}": ${reason}. ${remedy}.`, { cause, details: { path, systemCode } })
}

/** The system refused to read a file or folder: TENSORBOARD_READ, with path and system code in `details`. */
export function readError(path: string, cause: unknown): AttuneError {
  const systemCode = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new AttuneError('TENSORBOARD_READ', `Cannot read TensorBoard data from "${path}": ${reason}. Check the path and the rights of this process.`, { cause, details: { path, systemCode } })
}

/** A file is not a whole sequence of valid records: TENSORBOARD_DAMAGED, with the offset of the bad record, and whether the end of the file cuts it off. */
export function damagedError(path: string, offset: number, what: string, { torn = false, ...options }: { readonly torn?: boolean; readonly cause?: unknown } = {}): AttuneError {
  return new AttuneError(
    'TENSORBOARD_DAMAGED',
    `"${path}" is not a valid event file: ${what} in the record at byte ${offset}. What precedes it is intact; the rest cannot be trusted.`,
    { ...options, details: { path, offset, torn } },
  )
}

/** A value that cannot be written: TENSORBOARD_INVALID. */
export function invalidEvent(message: string, details: { readonly [key: string]: unknown }): AttuneError {
  return new AttuneError('TENSORBOARD_INVALID', message, { details })
}
