import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AttuneError } from '@attune/core'
import { sortBeside } from './claims.ts'
import type { ClaimFile } from './claims.ts'
import { errorCode, ifExists } from './file-system.ts'
import type { FileSystem } from './file-system.ts'

export const hashPattern: RegExp = /^[0-9a-f]{64}$/
export const shardPattern: RegExp = /^[0-9a-f]{2}$/

/** An artefact, as the directory shows it. */
export interface Found {
  /** The folder that it lies in. */
  readonly shard: string
  readonly hash: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since its file was written or repeated. */
  readonly age: number
  readonly claims: readonly ClaimFile[]
}

/** The folders of a directory of artefacts: real ones, none of which leads elsewhere. */
export class Folders {
  readonly path: string
  readonly #files: FileSystem
  /** Folders that are there after a power cut, as this process knows. */
  readonly #synced = new Set<string>()

  constructor(path: string, files: FileSystem) {
    this.path = path
    this.#files = files
  }

  /** The directory, if it exists. */
  async root(): Promise<string | undefined> {
    const root = await ifExists(() => this.#files.realpath(this.path))
    if (root === undefined || (await this.#files.lstat(root)).isDirectory()) return root
    throw new AttuneError('ARTIFACT_STORE_UNUSABLE', `${this.path} is not a directory. Give the path of one, or of nothing yet.`, { details: { path: this.path } })
  }

  /** The folder of a hash, if it exists. */
  async shard(root: string | undefined, hash: string): Promise<string | undefined> {
    const shard = root === undefined ? undefined : join(root, hash.slice(0, 2))
    return shard !== undefined && (await this.is(shard)) ? shard : undefined
  }

  async make(path: string): Promise<void> {
    const there = await this.is(path)
    if (there && this.#synced.has(path)) return
    if (!there) await this.#files.mkdir(path, { recursive: true })
    // Also where it is there: whoever made it may have died, or failed, before it was on the disk.
    await this.sync(dirname(path))
    this.#synced.add(path)
  }

  /** Refuses whatever is no real directory: a symbolic link would lead out of the store. */
  async is(path: string): Promise<boolean> {
    const stat = await ifExists(() => this.#files.lstat(path))
    if (stat === undefined || stat.isDirectory()) return stat !== undefined
    throw new AttuneError('ARTIFACT_STORE_UNUSABLE', `${path} is ${stat.isSymbolicLink() ? 'a symbolic link' : 'no directory'}: artefacts are kept in real directories inside ${this.path} only. Remove it.`, { details: { path } })
  }

  /** Opens without following a link; undefined if there is nothing, or a link. */
  async openFile(target: string): Promise<FileHandle | undefined> {
    try {
      return await this.#files.open(target, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    } catch (error) {
      if (['ENOENT', 'ELOOP', 'EMLINK'].includes(errorCode(error) ?? '')) return undefined
      throw error
    }
  }

  async sync(path: string): Promise<void> {
    // Windows has no sync of directories: a rename there is as durable as NTFS makes it.
    if (process.platform === 'win32') return
    const folder = await this.#files.open(path, constants.O_RDONLY)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }

  /** Each artefact once, with what lies beside it; or only those that a study claims, and no look at the others. */
  async *all(study?: string): AsyncGenerator<Found, void, void> {
    const root = await this.root()
    if (root === undefined) return
    for (const name of (await this.#files.readdir(root)).filter((each) => shardPattern.test(each)).toSorted()) {
      const shard = await this.shard(root, name)
      const names = shard === undefined ? undefined : await ifExists(() => this.#files.readdir(shard))
      if (names === undefined) continue
      const { claims, aside } = sortBeside(names)
      for (const hash of new Set([...names.filter((each) => hashPattern.test(each)), ...aside.keys()])) {
        if (!hash.startsWith(name) || (study !== undefined && claims.get(hash)?.some(({ claim }) => claim.study === study) !== true)) continue
        for (const file of [hash, ...(aside.get(hash) ?? [])]) {
          const stat = await ifExists(() => this.#files.lstat(join(shard!, file)))
          if (stat?.isFile() !== true) continue
          yield { shard: shard!, hash, size: stat.size, age: Date.now() - stat.mtimeMs, claims: claims.get(hash) ?? [] }
          break
        }
      }
    }
  }
}
