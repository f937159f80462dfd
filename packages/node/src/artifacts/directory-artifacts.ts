import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { AttuneError, claimName } from '@attune/core'
import type { ArtifactClaim, ArtifactEntry, ArtifactStore, Host } from '@attune/core'
import { failpoint } from '@attune/core/failpoint'
import { nodeHost } from '../host/node-host.ts'
import { claim as makeClaim, removeStaleClaims, touch } from './claims.ts'
import { explain } from './explain.ts'
import { errorCode, nodeFileSystem } from './file-system.ts'
import type { FileSystem } from './file-system.ts'
import { Folders, hashPattern, shardPattern } from './folders.ts'
import { giveUp, look, removeOld, youngest } from './removal.ts'
import { Room } from './room.ts'
import { setAside } from './set-aside.ts'
import { removeStale, temporaryName } from './temporary-files.ts'

/** How much `directoryArtifacts` takes, in bytes, and whom it warns. */
export interface DirectoryArtifactsOptions {
  /** Largest artefact in bytes that is taken and given. Default 2 GiB - 1. */
  readonly maxBytes?: number
  /** Most bytes that the artefacts in the directory may have together. Other processes are looked at every ten seconds, so several at once may exceed it by what they put meanwhile. Default: no limit. */
  readonly maxTotalBytes?: number
  /** Told of what the store could help itself over: a damaged file was set aside. Default: Node's own warnings (`process.emitWarning`). */
  readonly onWarning?: (message: string) => void
}

const temporaryFolder = 'tmp'
const damaged = Symbol('damaged')
const largest = 2 ** 31 - 1
/** Looks for an artefact that is claimed and not found: each can only fail by what others do in that very moment. */
const mostLooks = 20

/**
 * Artefacts as files in a directory: `ab/ab12…` by the SHA-256 of their content, claims as empty files beside them. The directory is made by the first `put`;
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
  const maxTotalBytes = options.maxTotalBytes ?? Infinity
  if (maxTotalBytes !== Infinity && (!Number.isSafeInteger(maxTotalBytes) || maxTotalBytes < 0)) throw new AttuneError('OPTION', `directoryArtifacts(path, { maxTotalBytes }) is a whole number of bytes from 0, got ${String(maxTotalBytes)}.`, { details: { maxTotalBytes } })
  const onWarning = options.onWarning ?? ((message: string) => process.emitWarning(message, { type: 'AttuneWarning', code: 'ATTUNE_ARTIFACTS' }))
  return new DirectoryStore(resolve(path), { maxBytes, maxTotalBytes, onWarning }, files)
}

class DirectoryStore implements ArtifactStore {
  readonly specVersion = 'v1' as const
  readonly persistent = true
  readonly #path: string
  readonly #options: Required<DirectoryArtifactsOptions>
  readonly #files: FileSystem
  readonly #folders: Folders
  readonly #room: Room
  readonly #host: Host = nodeHost()
  #prepared: Promise<string> | undefined
  /** The uppermost directory that was made for it: kept where its sync fails, and is tried again. */
  #made: string | undefined
  /** The last call for each hash that changes something: the next one waits for it. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(path: string, options: Required<DirectoryArtifactsOptions>, files: FileSystem) {
    this.#path = path
    this.#options = options
    this.#files = files
    this.#folders = new Folders(path, files)
    this.#room = new Room(this.#folders, options.maxTotalBytes)
  }

  async put(bytes: Uint8Array, claim?: ArtifactClaim): Promise<string> {
    if (claim !== undefined) claimName(claim)
    this.#checkSize(bytes.byteLength, 'An artefact')
    // A caller may go on writing into its bytes while they are written here.
    const content = new Uint8Array(bytes)
    const hash = hashOf(content)
    try {
      await this.#inTurn(hash, () => this.#put(hash, content, claim))
      return hash
    } catch (error) {
      throw explain(error, this.#path, `put an artefact of ${content.byteLength} bytes`)
    }
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    if (!hashPattern.test(hash)) return undefined
    try {
      const shard = await this.#folders.shard(await this.#folders.root(), hash)
      if (shard === undefined) return undefined
      const found = await this.#read(join(shard, hash), hash)
      if (found !== undefined) return found === damaged ? undefined : found
      // Somebody may be deciding whether to delete it, or have ended while doing so. Its name may change between the look and the
      // reading, and a listing of a folder may miss a file that is renamed meanwhile: what is claimed is looked for again.
      for (let again = 0; again < mostLooks; again++) {
        const { claims, holders } = await look(this.#files, shard, hash)
        if (holders.length === 0 && claims.length === 0) return undefined
        for (const name of holders.toReversed()) {
          const kept = await this.#read(join(shard, name), hash)
          if (kept !== undefined && kept !== damaged) return kept
        }
      }
      return undefined
    } catch (error) {
      throw explain(error, this.#path, `get artefact ${hash}`)
    }
  }

  async list(study?: string): Promise<readonly ArtifactEntry[]> {
    try {
      const entries: ArtifactEntry[] = []
      for await (const { shard, hash, size, age, claims } of this.#folders.all(study)) {
        const files = claims.map(({ file }) => file)
        entries.push({ hash, size, age: Math.max(0, Math.min(age, await youngest(this.#files, shard, files))), claims: claims.map(({ claim }) => claim) })
      }
      return entries
    } catch (error) {
      throw explain(error, this.#path, 'list artefacts')
    }
  }

  async release(hash: string, claim: ArtifactClaim, age: number): Promise<boolean> {
    claimName(claim)
    if (!hashPattern.test(hash)) return false
    try {
      return await this.#inTurn(hash, async () => {
        const shard = await this.#folders.shard(await this.#folders.root(), hash)
        if (shard === undefined) return false
        const freed = await giveUp(this.#files, shard, hash, claim, age)
        return await this.#freed(shard, freed)
      })
    } catch (error) {
      throw explain(error, this.#path, `release artefact ${hash}`)
    }
  }

  async delete(hash: string, options: { readonly olderThan?: number } = {}): Promise<boolean> {
    if (!hashPattern.test(hash)) return false
    try {
      return await this.#inTurn(hash, async () => {
        const shard = await this.#folders.shard(await this.#folders.root(), hash)
        if (shard === undefined) return false
        const freed = await removeOld(this.#files, shard, hash, options.olderThan)
        return await this.#freed(shard, freed)
      })
    } catch (error) {
      throw explain(error, this.#path, `delete artefact ${hash}`)
    }
  }

  /** One after the other for each hash: what is put is not released by this process at the same time. */
  async #inTurn<T>(hash: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(hash)
    const turn = before === undefined ? work() : before.then(work)
    const over = turn.catch(() => undefined)
    this.#turns.set(hash, over)
    try {
      return await turn
    } finally {
      if (this.#turns.get(hash) === over) this.#turns.delete(hash)
    }
  }

  async #freed(shard: string, bytes: number | undefined): Promise<boolean> {
    if (bytes === undefined) return false
    this.#room.freed(bytes)
    await this.#folders.sync(shard)
    return true
  }

  /** The claim first: whoever deletes meanwhile sees it, or has taken the bytes away before they are looked for. */
  async #put(hash: string, content: Uint8Array, by: ArtifactClaim | undefined): Promise<void> {
    const root = await this.#prepare()
    const shard = join(root, hash.slice(0, 2))
    await this.#folders.make(shard)
    const target = join(shard, hash)
    const claimed = by !== undefined && (await makeClaim(this.#files, shard, hash, by))
    try {
      if (!(await this.#holds(target, hash, content.byteLength)) || (by === undefined && !(await touch(this.#files, target)))) await this.#write(root, target, content)
      failpoint('artifacts.before-folder-sync')
      // Also where another process has just renamed it: what is answered must be there after a power cut.
      await this.#folders.sync(shard)
    } catch (error) {
      // The first error is what matters; a claim on nothing is taken away a day later.
      if (claimed) await this.#files.unlink(join(shard, `${hash}.${claimName(by)}`)).catch(() => undefined)
      throw error
    }
  }

  /** Makes the directory and takes away what processes that have ended left unfinished, once; again after a failure. */
  async #prepare(): Promise<string> {
    this.#prepared ??= this.#makeRoot().catch((error: unknown) => {
      this.#prepared = undefined
      throw error
    })
    return this.#prepared
  }

  /** A process may have made the directory a moment ago, and died. What lies above an older one need not be ours to read. */
  async #syncAbove(): Promise<void> {
    try {
      await this.#folders.sync(dirname(this.#path))
    } catch (error) {
      if (!['EACCES', 'EPERM'].includes(errorCode(error) ?? '')) throw error
    }
  }

  async #makeRoot(): Promise<string> {
    this.#made ??= await this.#files.mkdir(this.#path, { recursive: true })
    // A new directory is there after a power cut only if the one above it is synced.
    if (this.#made === undefined) await this.#syncAbove()
    else for (let folder = this.#path; folder.length >= this.#made.length && folder !== dirname(folder); folder = dirname(folder)) await this.#folders.sync(dirname(folder))
    const root = await this.#files.realpath(this.#path)
    const temporary = join(root, temporaryFolder)
    if (!(await this.#folders.is(temporary))) return root
    try {
      await removeStale(temporary, this.#files, this.#host)
      for (const name of (await this.#files.readdir(root)).filter((each) => shardPattern.test(each))) {
        const shard = await this.#folders.shard(root, name)
        if (shard !== undefined) await removeStaleClaims(this.#files, shard)
      }
    } catch (error) {
      this.#options.onWarning(`Could not take away what was left unfinished in ${root}: ${error instanceof Error ? error.message : String(error)}`)
    }
    return root
  }

  /** True if the whole artefact is there already: a damaged one is written again. */
  async #holds(target: string, hash: string, size: number): Promise<boolean> {
    const file = await this.#folders.openFile(target)
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
    await this.#folders.make(folder)
    const temporary = join(folder, temporaryName(this.#host))
    await this.#room.take(content.byteLength)
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
      this.#room.came(content.byteLength)
    } catch (error) {
      // The first error is what matters; a leftover is taken away when the store is next opened.
      await this.#files.unlink(temporary).catch(() => undefined)
      this.#room.stayedAway(content.byteLength)
      throw error
    }
  }

  async #read(target: string, hash: string): Promise<Uint8Array | typeof damaged | undefined> {
    const file = await this.#folders.openFile(target)
    if (file === undefined) return undefined
    try {
      const stat = await file.stat()
      if (!stat.isFile()) return undefined
      this.#checkSize(stat.size, `Artefact ${hash}`)
      const content = await file.readFile()
      if (hashOf(content) === hash) return new Uint8Array(content)
      await setAside(this.#files, this.#folders, { target, hash, inode: stat.ino }, this.#options.onWarning)
      return damaged
    } finally {
      await file.close()
    }
  }

  #checkSize(size: number, what: string): void {
    if (size <= this.#options.maxBytes) return
    throw new AttuneError('ARTIFACT_TOO_LARGE', `${what} has ${size} bytes, and the store in ${this.#path} takes at most ${this.#options.maxBytes}. Raise maxBytes, or save less.`, { details: { size, maxBytes: this.#options.maxBytes } })
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
