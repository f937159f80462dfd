import { open, readdir, rm, type FileHandle } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** A file that this process alone writes, from its first byte. Its methods reject with what the system says. */
export interface EventFile {
  readonly path: string
  /** After a failure the file may end in the middle of a record. */
  write(bytes: Uint8Array): Promise<void>
  /** What was written, and the file's name in its folder, survive a power failure. */
  sync(): Promise<void>
  /** Removes the file if nothing could be written: each attempt on a full disk would leave one more. */
  close(): Promise<void>
}

/** True for names that TensorBoard takes for event files. */
export function isEventFileName(name: string): boolean {
  return name.includes('tfevents')
}

/** The names of the event files of a folder, in the order in which TensorBoard reads them. Rejects with what the system says. */
export async function eventFileNames(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries.filter((entry) => isEventFileName(entry.name) && !entry.isDirectory()).map(({ name }) => name).sort()
}

/**
 * A new file in a folder, after those that are there. It is made exclusively: writers in other threads, processes and
 * machines get others. `changed` are folders above it that were made, and are to survive with it. Rejects with what the system says.
 */
export async function createEventFile(folder: string, now: number, changed: readonly string[] = []): Promise<EventFile> {
  for (let second = nextSecond(await eventFileNames(folder), now); ; second++) {
    const path = join(folder, fileName(second))
    try {
      return eventFile(path, await open(path, 'ax'), [...changed, folder])
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
}

function eventFile(path: string, handle: FileHandle, changed: string[]): EventFile {
  let size = 0
  return {
    path,
    async write(bytes) {
      for (let written = 0; written < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, written)
        written += bytesWritten
        size += bytesWritten
      }
    },
    async sync() {
      await handle.sync()
      while (changed.length > 0) {
        await syncFolder(changed.at(-1)!)
        changed.pop()
      }
    },
    async close() {
      await handle.close()
      if (size === 0) await rm(path, { force: true })
    },
  }
}

/** A new name is safe once its folder is synced, too. Windows neither needs nor allows it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  let handle: FileHandle
  try {
    handle = await open(folder, 'r')
  } catch (error) {
    // Folders that may be written to, but not be read, cannot be synced.
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') return
    throw error
  }
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Readers take the files of a folder in the order of their names, so the time in a new name must be later than
 * those that are there, also if two writers start within a second or the clock was set back.
 */
function nextSecond(names: readonly string[], now: number): number {
  return names.reduce((next, name) => Math.max(next, Number(/tfevents\.(\d{10})\./.exec(name)?.[1] ?? 0) + 1), Math.floor(now / 1000))
}

function fileName(second: number): string {
  const host = hostname().replace(/[^A-Za-z0-9-]+/g, '-').slice(0, 64) || 'host'
  return `events.out.tfevents.${String(second).padStart(10, '0')}.${host}.${process.pid}.0`
}
