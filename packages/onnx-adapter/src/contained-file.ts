import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'

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
 * The bytes of a regular file inside a directory; links and `..` do not lead out of it. The size is checked before anything is
 * read, and a pipe or device in the file's place is noticed without waiting for it. Rejects with {@link NotContained}.
 */
export async function readContainedFile(path: string, directory: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const root = await realpath(directory)
    const file = await realpath(resolve(root, path))
    const inside = relative(root, file)
    if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) throw new NotContained(`is not in "${directory}": only files of that directory are read`)
    // Opening a pipe would wait for a writer, and the last part of the real path may have become a link since. Windows knows neither flag.
    await using handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0))
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
