import { readdir, realpath } from 'node:fs/promises'
import { isAbsolute, join, relative } from 'node:path'
import { AttuneError, isAttuneError } from '@attune/core'
import { writeError } from './events/errors.ts'
import { readEvents } from './events/event-reader.ts'
import { makeFolders } from './events/make-folders.ts'

/** What the event files of a run hold already. */
export interface RunContents {
  /** The highest mark, 0 without. */
  readonly mark: number
  /** The step written last, -1 without. */
  readonly step: number
  readonly hasSessionStart: boolean
}

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

/** Reads the event files of a run in order. What follows a torn record in a file does not count: readers stop there, too. */
export async function readRun(folder: string): Promise<RunContents> {
  const names = (await readdir(folder)).filter((name) => name.includes('tfevents')).sort()
  let contents: RunContents = { mark: 0, step: -1, hasSessionStart: false }
  for (const name of names) {
    try {
      for await (const event of readEvents(join(folder, name))) {
        if (event.kind !== 'summary') continue
        contents = {
          mark: Math.max(contents.mark, event.mark ?? 0),
          step: event.step,
          hasSessionStart: contents.hasSessionStart || event.values.some((value) => value.kind === 'session-start'),
        }
      }
    } catch (error) {
      if (!isAttuneError(error, 'TENSORBOARD_DAMAGED')) throw error
    }
  }
  return contents
}
