import { realpath } from 'node:fs/promises'
import { isAbsolute, join, relative } from 'node:path'
import { AttuneError } from '@attune/core'
import { writeError } from './events/errors.ts'
import { makeFolders } from './events/make-folders.ts'

/**
 * Makes a folder inside `parent` and answers its real path. Rejects with TENSORBOARD_OUTSIDE if a link leads
 * out of the parent, and with TENSORBOARD_WRITE if it cannot be made.
 */
export async function makeFolder(parent: string, name: string): Promise<string> {
  const folder = join(parent, name)
  try {
    await makeFolders(folder)
    const [realParent, realFolder] = await Promise.all([realpath(parent), realpath(folder)])
    const path = relative(realParent, realFolder)
    if (path !== '' && !path.startsWith('..') && !isAbsolute(path)) return realFolder
  } catch (cause) {
    throw writeError(folder, cause)
  }
  throw new AttuneError('TENSORBOARD_OUTSIDE', `"${folder}" leads out of "${parent}". Remove the link, or choose another logDir.`, { details: { folder, parent } })
}
