import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Host } from '@attune/core'
import { ifExists } from './file-system.ts'
import type { FileSystem } from './file-system.ts'

/** No put takes that long: a file this old was left by a process of which nothing is known. */
const oldAge = 24 * 60 * 60 * 1000
/** Names of files end here on every usual file system. */
const longestName = 255

/** A name that tells who writes the file, so that others know when it is left behind. */
export function temporaryName(host: Host): string {
  return `${randomUUID()}.${encodeURIComponent(host.identity)}`.slice(0, longestName)
}

/** Takes away files whose writer has ended, and very old ones. Other files are not touched. */
export async function removeStale(folder: string, files: FileSystem, host: Host): Promise<void> {
  for (const name of await files.readdir(folder)) {
    const writer = writerOf(name)
    if (writer === undefined) continue
    const path = join(folder, name)
    const stat = await ifExists(() => files.lstat(path))
    if (stat?.isFile() !== true) continue
    if ((await host.isGone(writer)) || Date.now() - stat.mtimeMs > oldAge) await ifExists(() => files.unlink(path))
  }
}

function writerOf(name: string): string | undefined {
  const encoded = /^[0-9a-f]{8}-[0-9a-f-]{27}\.(.+)$/.exec(name)?.[1]
  if (encoded === undefined) return undefined
  try {
    return decodeURIComponent(encoded)
  } catch (error) {
    // A name that was cut inside an escape: its writer is unknown, its age still counts.
    if (error instanceof URIError) return ''
    throw error
  }
}
