import { AttuneError } from '@attune/core'
import { errorCode } from './file-system.ts'

const full = { ENOSPC: 'the disk is full', EDQUOT: 'the disk quota is used up', EFBIG: 'files may not grow that large there' } as const

/** What a failed call of the store rejects with: the system's reason as something that a user can act on. */
export function explain(error: unknown, path: string, what: string): unknown {
  if (error instanceof AttuneError) return error
  const code = errorCode(error)
  const options = { cause: error, details: { path, code } }
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new AttuneError('ARTIFACT_STORE_FULL', `Could not ${what} in ${path}: ${full[code]}. Free some space, or keep fewer artefacts; nothing was left half-written.`, options)
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EISDIR':
      return new AttuneError('ARTIFACT_STORE_UNUSABLE', `Could not ${what}: ${path} is not a directory of artefacts (${code}). Give the path of one, or of nothing yet.`, options)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new AttuneError('ARTIFACT_STORE_UNUSABLE', `Could not ${what}: this user may not do that in ${path} (${code}). Change its permissions, or give another path.`, options)
    default:
      return error
  }
}
