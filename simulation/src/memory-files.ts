import type { FileHandle } from 'node:fs/promises'
import { constants } from 'node:fs'
import { dirname } from 'node:path'
import type { FileSystem } from '../../packages/node/src/artifacts/file-system.ts'
import type { SimProcess } from './sim-process.ts'
import { never, type World } from './world.ts'

interface Inode {
  readonly ino: number
  readonly folder: boolean
  /** What programs see. */
  bytes: Uint8Array
  /** By the machine's clock: the store reads that one, and a run is over long before anything is old. */
  changed: number
  /** What a power failure leaves: undefined if it was never synced. */
  synced: Uint8Array | undefined
}

export interface DiskFaults {
  /** Chance that a call which changes the disk fails. */
  failing: number
  fullUntil: number
}

const empty = new Uint8Array(0)

/** A disk in memory that loses what was not synced, tears what it writes, and fills up. */
export class MemoryFiles {
  readonly #world: World
  readonly #faults: DiskFaults
  #inodes = 0
  /** By path; entries are safe from a power failure once their folder is synced. */
  #entries = new Map<string, Inode>()
  #synced = new Map<string, Inode>()

  constructor(world: World, faults: DiskFaults, root: string) {
    this.#world = world
    this.#faults = faults
    for (let folder = root; ; folder = dirname(folder)) {
      const inode = this.#inode(true)
      this.#entries.set(folder, inode)
      this.#synced.set(folder, inode)
      if (folder === dirname(folder)) break
    }
  }

  /** The power fails: what was not synced is gone, or there in part. */
  losePower(): void {
    const { dice } = this.#world
    this.#entries = new Map(this.#synced)
    for (const inode of this.#entries.values()) {
      if (inode.folder || inode.bytes === inode.synced) continue
      inode.bytes = inode.synced ?? inode.bytes.slice(0, dice.below(inode.bytes.length + 1))
    }
  }

  /** Turns a bit in one artefact, and answers its hash; undefined if there is none. */
  damage(): string | undefined {
    const { dice } = this.#world
    const files = [...this.#entries].filter(([path, inode]) => !inode.folder && inode.bytes.length > 0 && /\/[0-9a-f]{2}\/[0-9a-f]{64}$/.test(path))
    if (files.length === 0) return undefined
    const [path, inode] = dice.pick(files)
    const bytes = Uint8Array.from(inode.bytes)
    const at = dice.below(bytes.length)
    bytes[at] = bytes[at]! ^ (1 << dice.below(8))
    inode.bytes = bytes
    inode.synced = bytes
    return path.slice(path.lastIndexOf('/') + 1)
  }

  /** The disk as one process sees it; without one, as it lies there: at once, and nothing fails. */
  of(process?: SimProcess): FileSystem {
    const io = <T>(label: string, changes: boolean, work: () => T): Promise<T> => {
      const { dice } = this.#world
      if (process === undefined) return Promise.resolve().then(work)
      const run = (): T => {
        if (changes && (this.#world.now < this.#faults.fullUntil || dice.chance(this.#faults.failing))) throw systemError(this.#world.now < this.#faults.fullUntil ? 'ENOSPC' : 'EIO')
        return work()
      }
      if (!process.alive) return never<T>()
      // Some calls are as good as instant; others let everything else happen in between.
      if (dice.chance(0.6)) return Promise.resolve().then(run)
      return new Promise<T>((resolve, reject) => {
        this.#world.add({ at: this.#world.now + dice.below(5), process, label: `disk: ${label}`, run: () => {
          try {
            resolve(run())
          } catch (error) {
            reject(error)
          }
        } })
      })
    }
    const files = {
      lstat: (path: string) => io('lstat', false, () => statOf(this.#get(path))),
      realpath: (path: string) => io('realpath', false, () => (this.#get(path), path)),
      readdir: (path: string) => io('readdir', false, () => {
        this.#get(path)
        return [...this.#entries.keys()].filter((other) => dirname(other) === path && other !== path).map((other) => other.slice(other.lastIndexOf('/') + 1))
      }),
      mkdir: (path: string, options?: { readonly recursive?: boolean }) => io('mkdir', true, () => this.#mkdir(path, options?.recursive === true)),
      rename: (from: string, to: string) => io('rename', true, () => {
        const inode = this.#get(from)
        this.#get(dirname(to))
        this.#entries.delete(from)
        this.#entries.set(to, inode)
      }),
      utimes: (path: string, _read: Date, changed: Date) => io('utimes', true, () => {
        this.#get(path).changed = changed.getTime()
      }),
      unlink: (path: string) => io('unlink', false, () => {
        this.#get(path)
        this.#entries.delete(path)
      }),
      open: (path: string, flags: number = constants.O_RDONLY) => io('open', (flags & constants.O_CREAT) !== 0, () => {
        let inode = this.#entries.get(path)
        if (inode !== undefined && (flags & constants.O_EXCL) !== 0) throw systemError('EEXIST')
        if (inode === undefined) {
          if ((flags & constants.O_CREAT) === 0) throw systemError('ENOENT')
          this.#get(dirname(path))
          inode = this.#inode(false)
          this.#entries.set(path, inode)
        }
        if ((flags & constants.O_TRUNC) !== 0) inode.bytes = empty
        return this.#handle(path, inode, io)
      }),
    }
    return files as unknown as FileSystem
  }

  #handle(path: string, inode: Inode, io: <T>(label: string, changes: boolean, work: () => T) => Promise<T>): FileHandle {
    const handle = {
      writeFile: async (content: Uint8Array) => {
        try {
          await io('write', true, () => {
            inode.bytes = Uint8Array.from(content)
            inode.changed = Date.now()
          })
        } catch (error) {
          inode.bytes = content.slice(0, this.#world.dice.below(content.length))
          throw error
        }
      },
      sync: () => io('sync', true, () => {
        if (!inode.folder) {
          inode.synced = inode.bytes
          return
        }
        for (const other of this.#synced.keys()) if (dirname(other) === path && other !== path && !this.#entries.has(other)) this.#synced.delete(other)
        for (const [other, entry] of this.#entries) if (dirname(other) === path && other !== path) this.#synced.set(other, entry)
      }),
      stat: () => io('stat', false, () => statOf(inode)),
      readFile: () => io('read', false, () => Buffer.from(inode.bytes)),
      close: () => io('close', false, () => undefined),
    }
    return handle as unknown as FileHandle
  }

  #mkdir(path: string, recursive: boolean): string | undefined {
    if (this.#entries.has(path)) {
      if (recursive) return undefined
      throw systemError('EEXIST')
    }
    const above = dirname(path)
    let first: string | undefined
    if (!this.#entries.has(above)) {
      if (!recursive) throw systemError('ENOENT')
      first = this.#mkdir(above, true)
    }
    this.#entries.set(path, this.#inode(true))
    return recursive ? (first ?? path) : undefined
  }

  #get(path: string): Inode {
    const inode = this.#entries.get(path)
    if (inode === undefined) throw systemError('ENOENT')
    return inode
  }

  #inode(folder: boolean): Inode {
    return { ino: ++this.#inodes, folder, bytes: empty, changed: Date.now(), synced: undefined }
  }
}

function statOf(inode: Inode): object {
  return { ino: inode.ino, size: inode.bytes.length, mtimeMs: inode.changed, isFile: () => !inode.folder, isDirectory: () => inode.folder, isSymbolicLink: () => false }
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made by the simulation`), { code })
}
