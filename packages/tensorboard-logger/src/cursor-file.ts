import { randomUUID } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AttuneError } from '@attune/core'
import { writeError } from './events/errors.ts'

const format = 'attune-tensorboard-cursor'
const version = 1

/** The file in the folder of each study. */
export const cursorName = 'attune-cursor.json'

/** How far a study is written, and what other studies of the log directory want to know of it. */
export interface Cursor {
  /** Everything up to it is in the event files, also after a power failure. */
  readonly revision: number
  /** The study's name. */
  readonly study: string
  /** Which columns it has in the HParams tab; empty where TensorBoard derives them. */
  readonly columns: string
}

/**
 * What the file says; undefined if it is missing or damaged, which loses nothing: the event files say
 * themselves what they hold. Rejects with TENSORBOARD_CURSOR for a file of a newer release.
 */
export async function readCursor(path: string): Promise<Cursor | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw writeError(path, cause)
  }
  const value = parse(text)
  if (value === undefined) return undefined
  if (value.version > version) {
    throw new AttuneError('TENSORBOARD_CURSOR', `"${path}" was written by a newer release (format ${value.version}, known is ${version}). Update @attune/tensorboard-logger or choose another logDir.`, { details: { path, version: value.version } })
  }
  return value.cursor
}

/** Replaces the file as a whole: a crash leaves the old one or the new one. */
export async function writeCursor(path: string, cursor: Cursor): Promise<void> {
  const temporary = join(dirname(path), `.cursor-${randomUUID()}.tmp`)
  try {
    const handle = await open(temporary, 'wx')
    try {
      await handle.writeFile(`${JSON.stringify({ format, version, ...cursor })}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw writeError(path, cause)
  }
}

function parse(text: string): { readonly version: number; readonly cursor: Cursor | undefined } | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // damaged: see readCursor
  }
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== format) return undefined
  if (!('version' in value) || !isCount(value.version)) return undefined
  if (!('revision' in value && isCount(value.revision) && 'study' in value && typeof value.study === 'string' && 'columns' in value && typeof value.columns === 'string')) {
    return { version: value.version, cursor: undefined }
  }
  return { version: value.version, cursor: { revision: value.revision, study: value.study, columns: value.columns } }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
