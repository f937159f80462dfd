import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { FileSystem } from './file-system.ts'
import type { Folders } from './folders.ts'

const damagedFolder = 'damaged'

/** A file whose content does not have its hash, as it was when it was read. */
export interface DamagedFile {
  readonly target: string
  readonly hash: string
  readonly inode: number
}

/** Moves a damaged file out of the way, where a person can look at it, and tells. Never throws: the artefact counts as absent either way. */
export async function setAside(files: FileSystem, folders: Folders, { target, hash, inode }: DamagedFile, onWarning: (message: string) => void): Promise<void> {
  const folder = join(dirname(dirname(target)), damagedFolder)
  const aside = join(folder, `${hash}.${randomUUID()}`)
  try {
    await folders.make(folder)
    await files.rename(target, aside)
    const moved = await files.lstat(aside)
    // Another process put the artefact again while this one was read: the good file goes back.
    if (moved.ino !== inode) await files.rename(aside, target)
    onWarning(`Artefact ${hash} in ${folders.path} is damaged: its content does not have that hash. It counts as absent${moved.ino === inode ? `; the file is kept as ${aside}` : ''}.`)
  } catch (error) {
    onWarning(`Artefact ${hash} in ${folders.path} is damaged and counts as absent; it could not be set aside: ${error instanceof Error ? error.message : String(error)}`)
  }
}
