import { randomUUID } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AttuneError } from '@attune/core'
import { writeError } from './events/errors.ts'

const format = 'attune-tensorboard-cursor'
const version = 1

/**
 * The revision kept in the file; 0 if the file is missing or damaged, which loses nothing: the event files say
 * themselves what they hold. Rejects with TENSORBOARD_CURSOR for a file of a newer release.
 */
export async function readCursor(path: string): Promise<number> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
    throw error
  }
  const cursor = parse(text)
  if (cursor === undefined) return 0
  if (cursor.version > version) {
    throw new AttuneError('TENSORBOARD_CURSOR', `"${path}" was written by a newer release (format ${cursor.version}, known is ${version}). Update @attune/tensorboard-logger or choose another logDir.`, { details: { path, version: cursor.version } })
  }
  return cursor.revision
}

/** Replaces the file as a whole: a crash leaves the old one or the new one. */
export async function writeCursor(path: string, revision: number): Promise<void> {
  const temporary = join(dirname(path), `.cursor-${randomUUID()}.tmp`)
  try {
    const handle = await open(temporary, 'wx')
    try {
      await handle.writeFile(`${JSON.stringify({ format, version, revision })}\n`)
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

function parse(text: string): { readonly version: number; readonly revision: number } | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // damaged: see readCursor
  }
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== format) return undefined
  if (!('version' in value) || !isCount(value.version)) return undefined
  if (value.version > version) return { version: value.version, revision: 0 }
  return 'revision' in value && isCount(value.revision) ? { version: value.version, revision: value.revision } : undefined
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
