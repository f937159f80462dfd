import { constants } from 'node:fs'
import { lstat, open, readlink, realpath, type FileHandle } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import process from 'node:process'

/** Why a file is not read. The message completes `"path" …`. */
export class NotContained extends Error {
  override readonly name = 'NotContained'
  /** True for a file that is too large. */
  readonly tooLarge: boolean

  constructor(message: string, tooLarge = false, options?: ErrorOptions) {
    super(message, options)
    this.tooLarge = tooLarge
  }
}

/**
 * The bytes of a regular file inside a directory; links and `..` do not lead out of it, also where one is put there meanwhile. The size is checked
 * before anything is read, and a pipe or device in the file's place is noticed without waiting for it. Rejects with {@link NotContained}.
 */
export async function readContainedFile(path: string, directory: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const root = await realpath(directory)
    const file = await realpath(resolve(root, path))
    const refuseOutside = (real: string): void => {
      const inside = relative(root, real)
      if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) throw new NotContained(`is not in "${directory}": only files of that directory are read`)
    }
    refuseOutside(file)
    // Opening a pipe would wait for a writer, and the last part of the real path may have become a link since. Windows knows neither flag.
    await using handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0))
    // A directory of its path may have become a link since, too: what counts is what was opened.
    refuseOutside(await openedPath(handle, file))
    const stats = await handle.stat()
    if (!stats.isFile()) throw new NotContained('is no file')
    if (stats.size > maxBytes) throw new NotContained(`has ${stats.size} bytes, more than the limit of ${maxBytes}`, true)
    const bytes = new Uint8Array(stats.size)
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, Math.min(bytes.length - filled, 2 ** 26), filled)
      if (bytesRead === 0) throw new NotContained('became shorter while it was read')
      filled += bytesRead
    }
    return bytes
  } catch (error) {
    if (error instanceof NotContained) throw error
    throw new NotContained(`cannot be read: ${error instanceof Error ? error.message : String(error)}`, false, { cause: error })
  }
}

/** Where an open file lies. Linux says so, where /proc is mounted; elsewhere it lies where it was found if the same file is still there. */
async function openedPath(handle: FileHandle, file: string): Promise<string> {
  const told = process.platform === 'linux' ? await readlink(`/proc/self/fd/${handle.fd}`).catch(() => undefined) : undefined
  if (told !== undefined) return told
  const real = await realpath(file)
  const [opened, found] = await Promise.all([handle.stat({ bigint: true }), lstat(real, { bigint: true })])
  if (opened.ino !== found.ino || opened.dev !== found.dev) throw new NotContained('was replaced while it was opened')
  return real
}
