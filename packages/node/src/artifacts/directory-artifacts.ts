import { createHash, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { AttuneError, claimName } from '@attune/core'
import type { ArtifactClaim, ArtifactEntry, ArtifactStore, Host } from '@attune/core'
import { failpoint } from '@attune/core/failpoint'
import { nodeHost } from '../host/node-host.ts'
import { ageOf, claim as makeClaim, removeStaleClaims, sortBeside } from './claims.ts'
import type { ClaimFile } from './claims.ts'
import { explain } from './explain.ts'
import { errorCode, ifExists, nodeFileSystem } from './file-system.ts'
import type { FileSystem } from './file-system.ts'
import { look, remove, youngest } from './removal.ts'
import { removeStale, temporaryName } from './temporary-files.ts'

export interface DirectoryArtifactsOptions {
  /** Largest artefact in bytes that is taken and given. Default 2 GiB - 1. */
  readonly maxBytes?: number
  /** Most bytes that the artefacts in the directory may have together. Other processes are looked at every ten seconds, so several at once may exceed it by what they put meanwhile. Default: no limit. */
  readonly maxTotalBytes?: number
  /** Told of what the store could help itself over: a damaged file was set aside. Default: Node's own warnings (`process.emitWarning`). */
  readonly onWarning?: (message: string) => void
}

const hashPattern = /^[0-9a-f]{64}$/
const shardPattern = /^[0-9a-f]{2}$/
const temporaryFolder = 'tmp'
const damagedFolder = 'damaged'
const damaged = Symbol('damaged')
const largest = 2 ** 31 - 1
/** Milliseconds for which what the directory was seen to hold is believed. */
const measureAfter = 10_000

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
  readonly #host: Host = nodeHost()
  #prepared: Promise<string> | undefined
  /** The last call for each hash that changes something: the next one waits for it. */
  readonly #turns = new Map<string, Promise<unknown>>()
  /** Bytes that the directory held when it was last measured, with what happened here since. */
  #held = 0
  #measuredAt = -Infinity
  /** Bytes that are being put here. */
  #coming = 0

  constructor(path: string, options: Required<DirectoryArtifactsOptions>, files: FileSystem) {
    this.#path = path
    this.#options = options
    this.#files = files
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
      const shard = await this.#shard(await this.#root(), hash)
      if (shard === undefined) return undefined
      const found = await this.#read(join(shard, hash), hash)
      if (found !== undefined) return found === damaged ? undefined : found
      // Somebody may be deciding whether to delete it, or have ended while doing so; it may be back under its name, too.
      for (const name of (await look(this.#files, shard, hash)).holders.toReversed()) {
        const kept = await this.#read(join(shard, name), hash)
        if (kept !== undefined && kept !== damaged) return kept
      }
      return undefined
    } catch (error) {
      throw explain(error, this.#path, `get artefact ${hash}`)
    }
  }

  async list(): Promise<readonly ArtifactEntry[]> {
    try {
      const entries: ArtifactEntry[] = []
      for await (const { shard, hash, size, age, claims } of this.#all()) {
        const files = claims.map(({ file }) => file)
        entries.push({ hash, size, age: Math.max(0, Math.min(age, await youngest(this.#files, shard, files))), claims: claims.map(({ claim }) => claim) })
      }
      return entries
    } catch (error) {
      throw explain(error, this.#path, 'list artefacts')
    }
  }

  async release(hash: string, claim: ArtifactClaim, age: number): Promise<boolean> {
    const own = `${hash}.${claimName(claim)}`
    if (!hashPattern.test(hash)) return false
    try {
      return await this.#inTurn(hash, async () => {
        const shard = await this.#shard(await this.#root(), hash)
        if (shard === undefined) return false
        const given = async (file: ClaimFile): Promise<boolean> => file.file === own || (file.claim.study === claim.study && ((await ageOf(this.#files, join(shard, file.file))) ?? Infinity) > age)
        const claims = await filtered((await look(this.#files, shard, hash)).claims, given)
        if (claims.length === 0) return false
        const freed = await remove(this.#files, shard, hash, async (now) => (await filtered(now.claims, given)).length < now.claims.length)
        for (const { file } of await filtered(claims, given)) await ifExists(() => this.#files.unlink(join(shard, file)))
        return await this.#freed(shard, freed)
      })
    } catch (error) {
      throw explain(error, this.#path, `release artefact ${hash}`)
    }
  }

  async delete(hash: string, options: { readonly olderThan?: number } = {}): Promise<boolean> {
    if (!hashPattern.test(hash)) return false
    const { olderThan } = options
    try {
      return await this.#inTurn(hash, async () => {
        const shard = await this.#shard(await this.#root(), hash)
        if (shard === undefined) return false
        let claims: readonly ClaimFile[] = []
        const freed = await remove(this.#files, shard, hash, async (now) => {
          claims = now.claims
          return olderThan !== undefined && (await youngest(this.#files, shard, [...now.holders, ...claims.map(({ file }) => file)])) <= olderThan
        })
        if (freed !== undefined) for (const { file } of claims) await ifExists(() => this.#files.unlink(join(shard, file)))
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
    this.#held -= bytes
    await this.#syncFolder(shard)
    return true
  }

  /** Each artefact once, with what lies beside it. */
  async *#all(): AsyncGenerator<{ readonly shard: string; readonly hash: string; readonly size: number; readonly age: number; readonly claims: readonly ClaimFile[] }, void, void> {
    const root = await this.#root()
    if (root === undefined) return
    for (const name of (await this.#files.readdir(root)).filter((each) => shardPattern.test(each)).toSorted()) {
      const shard = await this.#shard(root, name)
      const names = shard === undefined ? undefined : await ifExists(() => this.#files.readdir(shard))
      if (names === undefined) continue
      const { claims, aside } = sortBeside(names)
      for (const hash of new Set([...names.filter((each) => hashPattern.test(each)), ...aside.keys()])) {
        if (!hash.startsWith(name)) continue
        for (const file of [hash, ...(aside.get(hash) ?? [])]) {
          const stat = await ifExists(() => this.#files.lstat(join(shard!, file)))
          if (stat?.isFile() !== true) continue
          yield { shard: shard!, hash, size: stat.size, age: Date.now() - stat.mtimeMs, claims: claims.get(hash) ?? [] }
          break
        }
      }
    }
  }

  /** Makes an artefact young; false if somebody has just put it aside to delete it. */
  async #touch(target: string): Promise<boolean> {
    const now = new Date()
    const touched = await ifExists(async () => {
      await this.#files.utimes(target, now, now)
      return true
    })
    return touched === true
  }

  /** Counts bytes that are coming. Throws ARTIFACT_STORE_FULL if the directory may not hold so much more. */
  async #takeRoom(size: number): Promise<void> {
    const { maxTotalBytes } = this.#options
    if (maxTotalBytes !== Infinity && (this.#held + this.#coming + size > maxTotalBytes || Date.now() - this.#measuredAt > measureAfter)) {
      let held = 0
      for await (const entry of this.#all()) held += entry.size
      this.#held = held
      this.#measuredAt = Date.now()
    }
    const held = this.#held + this.#coming
    this.#coming += size
    if (held + size <= maxTotalBytes) return
    this.#coming -= size
    throw new AttuneError('ARTIFACT_STORE_FULL', `An artefact of ${size} bytes does not fit into the store in ${this.#path}: it holds ${held} of the ${maxTotalBytes} bytes that it may. Raise maxTotalBytes, keep fewer artefacts, or call collectGarbage.`, { details: { path: this.#path, size, held, maxTotalBytes } })
  }

  /** The claim first: whoever deletes meanwhile sees it, or has taken the bytes away before they are looked for. */
  async #put(hash: string, content: Uint8Array, by: ArtifactClaim | undefined): Promise<void> {
    const root = await this.#prepare()
    const shard = join(root, hash.slice(0, 2))
    await this.#makeFolder(shard)
    const target = join(shard, hash)
    const claimed = by !== undefined && (await makeClaim(this.#files, shard, hash, by))
    try {
      if (!(await this.#holds(target, hash, content.byteLength)) || (by === undefined && !(await this.#touch(target)))) await this.#write(root, target, content)
      failpoint('artifacts.before-folder-sync')
      // Also where another process has just renamed it: what is answered must be there after a power cut.
      await this.#syncFolder(shard)
    } catch (error) {
      // The first error is what matters; a claim on nothing is taken away a day later.
      if (claimed) await this.#files.unlink(join(shard, `${hash}.${claimName(by)}`)).catch(() => undefined)
      throw error
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
      for (const name of (await this.#files.readdir(root)).filter((each) => shardPattern.test(each))) {
        const shard = await this.#shard(root, name)
        if (shard !== undefined) await removeStaleClaims(this.#files, shard)
      }
    } catch (error) {
      this.#options.onWarning(`Could not take away what was left unfinished in ${root}: ${error instanceof Error ? error.message : String(error)}`)
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
    await this.#takeRoom(content.byteLength)
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
      this.#held += content.byteLength
    } catch (error) {
      // The first error is what matters; a leftover is taken away when the store is next opened.
      await this.#files.unlink(temporary).catch(() => undefined)
      throw error
    } finally {
      this.#coming -= content.byteLength
    }
  }

  async #read(target: string, hash: string): Promise<Uint8Array | typeof damaged | undefined> {
    const file = await this.#openFile(target)
    if (file === undefined) return undefined
    try {
      const stat = await file.stat()
      if (!stat.isFile()) return undefined
      this.#checkSize(stat.size, `Artefact ${hash}`)
      const content = await file.readFile()
      if (hashOf(content) === hash) return new Uint8Array(content)
      await this.#setAside(target, hash, stat.ino)
      return damaged
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
      this.#options.onWarning(`Artefact ${hash} in ${this.#path} is damaged: its content does not have that hash. It counts as absent${moved.ino === inode ? `; the file is kept as ${aside}` : ''}.`)
    } catch (error) {
      this.#options.onWarning(`Artefact ${hash} in ${this.#path} is damaged and counts as absent; it could not be set aside: ${error instanceof Error ? error.message : String(error)}`)
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
    if (size <= this.#options.maxBytes) return
    throw new AttuneError('ARTIFACT_TOO_LARGE', `${what} has ${size} bytes, and the store in ${this.#path} takes at most ${this.#options.maxBytes}. Raise maxBytes, or save less.`, { details: { size, maxBytes: this.#options.maxBytes } })
  }
}

async function filtered<T>(items: readonly T[], test: (item: T) => Promise<boolean>): Promise<readonly T[]> {
  const found: T[] = []
  for (const item of items) if (await test(item)) found.push(item)
  return found
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
