import { createHash, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { AttuneError } from '@attune/core'
import type { ArtifactReference, ArtifactStore, Host } from '@attune/core'
import { failpoint } from '@attune/core/failpoint'
import { nodeHost } from '../host/node-host.ts'
import { explain } from './explain.ts'
import { errorCode, ifExists, nodeFileSystem } from './file-system.ts'
import type { FileSystem } from './file-system.ts'
import { removeStale, temporaryName } from './temporary-files.ts'

export interface DirectoryArtifactsOptions {
  /** Largest artefact in bytes that is taken and given. Default 2 GiB - 1. */
  readonly maxBytes?: number
  /** Told of what the store could help itself over: a damaged file was set aside. Default: Node's own warnings (`process.emitWarning`). */
  readonly onWarning?: (message: string) => void
}

const hashPattern = /^[0-9a-f]{64}$/
const shardPattern = /^[0-9a-f]{2}$/
const temporaryFolder = 'tmp'
const damagedFolder = 'damaged'
const largest = 2 ** 31 - 1

/**
 * Artefacts as files in a directory: `ab/ab12…` by the SHA-256 of their content. The directory is made by the first `put`;
 * reading writes nothing. Any number of processes may share it.
 *
 * What `put` has answered is on the disk, synced; what it has not is whole or absent, whatever crashes. `get` checks the hash: a damaged
 * file is moved to `damaged/`, told through `onWarning`, and absent. Symbolic links inside the directory are never followed.
 *
 * Throws OPTION for options that do not fit; calls reject with ARTIFACT_STORE_FULL (disk or quota), ARTIFACT_TOO_LARGE,
 * and ARTIFACT_STORE_UNUSABLE for a place that is no directory, leads elsewhere, or may not be written.
 */
export function directoryArtifacts(path: string, options: DirectoryArtifactsOptions = {}): ArtifactStore {
  return directoryStore(path, options, nodeFileSystem)
}

/** `directoryArtifacts` over a given file system. */
export function directoryStore(path: string, options: DirectoryArtifactsOptions, files: FileSystem): ArtifactStore {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) throw new AttuneError('OPTION', `directoryArtifacts(path) needs the path of a directory, got ${JSON.stringify(path)}.`)
  const maxBytes = options.maxBytes ?? largest
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 0 || maxBytes > largest) throw new AttuneError('OPTION', `directoryArtifacts(path, { maxBytes }) is a number of bytes from 0 to ${largest}, got ${String(maxBytes)}.`, { details: { maxBytes } })
  return new DirectoryStore(resolve(path), maxBytes, options.onWarning ?? ((message) => process.emitWarning(message, { type: 'AttuneWarning', code: 'ATTUNE_ARTIFACTS' })), files)
}

class DirectoryStore implements ArtifactStore {
  readonly specVersion = 'v1' as const
  readonly persistent = true
  readonly #path: string
  readonly #maxBytes: number
  readonly #warn: (message: string) => void
  readonly #files: FileSystem
  readonly #host: Host = nodeHost()
  #prepared: Promise<string> | undefined

  constructor(path: string, maxBytes: number, warn: (message: string) => void, files: FileSystem) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#warn = warn
    this.#files = files
  }

  async put(bytes: Uint8Array): Promise<string> {
    this.#checkSize(bytes.byteLength, 'An artefact')
    // A caller may go on writing into its bytes while they are written here.
    const content = new Uint8Array(bytes)
    const hash = hashOf(content)
    try {
      const root = await this.#prepare()
      const shard = join(root, hash.slice(0, 2))
      await this.#makeFolder(shard)
      const target = join(shard, hash)
      if (!(await this.#holds(target, hash, content.byteLength))) await this.#write(root, target, content)
      failpoint('artifacts.before-folder-sync')
      // Also where another process has just renamed it: what is answered must be there after a power cut.
      await this.#syncFolder(shard)
      return hash
    } catch (error) {
      throw explain(error, this.#path, `put an artefact of ${content.byteLength} bytes`)
    }
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    if (!hashPattern.test(hash)) return undefined
    try {
      const shard = await this.#shard(await this.#root(), hash)
      return shard === undefined ? undefined : await this.#read(join(shard, hash), hash)
    } catch (error) {
      throw explain(error, this.#path, `get artefact ${hash}`)
    }
  }

  async list(): Promise<readonly Pick<ArtifactReference, 'hash' | 'size'>[]> {
    try {
      const root = await this.#root()
      if (root === undefined) return []
      const found: Pick<ArtifactReference, 'hash' | 'size'>[] = []
      for (const shard of (await this.#files.readdir(root)).filter((name) => shardPattern.test(name)).toSorted()) {
        const folder = await this.#shard(root, shard)
        const names = folder === undefined ? undefined : await ifExists(() => this.#files.readdir(folder))
        for (const hash of (names ?? []).toSorted()) {
          if (!hashPattern.test(hash) || !hash.startsWith(shard)) continue
          const stat = await ifExists(() => this.#files.lstat(join(folder!, hash)))
          if (stat?.isFile() === true) found.push({ hash, size: stat.size })
        }
      }
      return found
    } catch (error) {
      throw explain(error, this.#path, 'list artefacts')
    }
  }

  async delete(hash: string): Promise<boolean> {
    if (!hashPattern.test(hash)) return false
    try {
      const shard = await this.#shard(await this.#root(), hash)
      if (shard === undefined) return false
      const target = join(shard, hash)
      const stat = await ifExists(() => this.#files.lstat(target))
      if (stat?.isFile() !== true) return false
      const gone = await ifExists(async () => {
        await this.#files.unlink(target)
        return true
      })
      if (gone === true) await this.#syncFolder(shard)
      return gone ?? false
    } catch (error) {
      throw explain(error, this.#path, `delete artefact ${hash}`)
    }
  }

  /** The directory, if it exists. */
  async #root(): Promise<string | undefined> {
    const root = await ifExists(() => this.#files.realpath(this.#path))
    if (root === undefined || (await this.#files.lstat(root)).isDirectory()) return root
    throw new AttuneError('ARTIFACT_STORE_UNUSABLE', `${this.#path} is not a directory. Give the path of one, or of nothing yet.`, { details: { path: this.#path } })
  }

  /** Makes the directory and takes away what processes that have ended left unfinished, once; again after a failure. */
  async #prepare(): Promise<string> {
    this.#prepared ??= this.#makeRoot().catch((error: unknown) => {
      this.#prepared = undefined
      throw error
    })
    return this.#prepared
  }

  async #makeRoot(): Promise<string> {
    const made = await this.#files.mkdir(this.#path, { recursive: true })
    // A new directory is there after a power cut only if the one above it is synced.
    for (let folder = this.#path; made !== undefined && folder.length >= made.length && folder !== dirname(folder); folder = dirname(folder)) await this.#syncFolder(dirname(folder))
    const root = await this.#files.realpath(this.#path)
    const temporary = join(root, temporaryFolder)
    if (!(await this.#isFolder(temporary))) return root
    try {
      await removeStale(temporary, this.#files, this.#host)
    } catch (error) {
      this.#warn(`Could not take away unfinished files in ${temporary}: ${error instanceof Error ? error.message : String(error)}`)
    }
    return root
  }

  /** The folder of a hash, if it exists. */
  async #shard(root: string | undefined, hash: string): Promise<string | undefined> {
    const shard = root === undefined ? undefined : join(root, hash.slice(0, 2))
    return shard !== undefined && (await this.#isFolder(shard)) ? shard : undefined
  }

  async #makeFolder(path: string): Promise<void> {
    if (await this.#isFolder(path)) return
    await this.#files.mkdir(path, { recursive: true })
    await this.#syncFolder(dirname(path))
  }

  /** Refuses whatever is no real directory: a symbolic link would lead out of the store. */
  async #isFolder(path: string): Promise<boolean> {
    const stat = await ifExists(() => this.#files.lstat(path))
    if (stat === undefined || stat.isDirectory()) return stat !== undefined
    throw new AttuneError('ARTIFACT_STORE_UNUSABLE', `${path} is ${stat.isSymbolicLink() ? 'a symbolic link' : 'no directory'}: artefacts are kept in real directories inside ${this.#path} only. Remove it.`, { details: { path } })
  }

  /** True if the whole artefact is there already: a damaged one is written again. */
  async #holds(target: string, hash: string, size: number): Promise<boolean> {
    const file = await this.#openFile(target)
    if (file === undefined) return false
    try {
      const stat = await file.stat()
      return stat.isFile() && stat.size === size && hashOf(await file.readFile()) === hash
    } finally {
      await file.close()
    }
  }

  /** Temporary file, sync, rename: at no time is there a part of an artefact under its name. */
  async #write(root: string, target: string, content: Uint8Array): Promise<void> {
    const folder = join(root, temporaryFolder)
    await this.#makeFolder(folder)
    const temporary = join(folder, temporaryName(this.#host))
    try {
      const file = await this.#files.open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644)
      try {
        await file.writeFile(content)
        failpoint('artifacts.before-sync')
        await file.sync()
      } finally {
        await file.close()
      }
      failpoint('artifacts.before-rename')
      await this.#files.rename(temporary, target)
    } catch (error) {
      // The first error is what matters; a leftover is taken away when the store is next opened.
      await this.#files.unlink(temporary).catch(() => undefined)
      throw error
    }
  }

  async #read(target: string, hash: string): Promise<Uint8Array | undefined> {
    const file = await this.#openFile(target)
    if (file === undefined) return undefined
    try {
      const stat = await file.stat()
      if (!stat.isFile()) return undefined
      this.#checkSize(stat.size, `Artefact ${hash}`)
      const content = await file.readFile()
      if (hashOf(content) === hash) return new Uint8Array(content)
      await this.#setAside(target, hash, stat.ino)
      return undefined
    } finally {
      await file.close()
    }
  }

  /** Opens without following a link; undefined if there is nothing, or a link. */
  async #openFile(target: string): Promise<FileHandle | undefined> {
    try {
      return await this.#files.open(target, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    } catch (error) {
      if (['ENOENT', 'ELOOP', 'EMLINK'].includes(errorCode(error) ?? '')) return undefined
      throw error
    }
  }

  async #setAside(target: string, hash: string, inode: number): Promise<void> {
    const folder = join(dirname(dirname(target)), damagedFolder)
    const aside = join(folder, `${hash}.${randomUUID()}`)
    try {
      await this.#makeFolder(folder)
      await this.#files.rename(target, aside)
      const moved = await this.#files.lstat(aside)
      // Another process put the artefact again while this one was read: the good file goes back.
      if (moved.ino !== inode) await this.#files.rename(aside, target)
      this.#warn(`Artefact ${hash} in ${this.#path} is damaged: its content does not have that hash. It counts as absent${moved.ino === inode ? `; the file is kept as ${aside}` : ''}.`)
    } catch (error) {
      this.#warn(`Artefact ${hash} in ${this.#path} is damaged and counts as absent; it could not be set aside: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  async #syncFolder(path: string): Promise<void> {
    // Windows has no sync of directories: a rename there is as durable as NTFS makes it.
    if (process.platform === 'win32') return
    const folder = await this.#files.open(path, constants.O_RDONLY)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }

  #checkSize(size: number, what: string): void {
    if (size <= this.#maxBytes) return
    throw new AttuneError('ARTIFACT_TOO_LARGE', `${what} has ${size} bytes, and the store in ${this.#path} takes at most ${this.#maxBytes}. Raise maxBytes, or save less.`, { details: { size, maxBytes: this.#maxBytes } })
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
