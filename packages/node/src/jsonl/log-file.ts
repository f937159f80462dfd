import { constants } from 'node:fs'
import { open, rename, rm, stat, truncate } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ifExists } from '../artifacts/file-system.ts'
import { rotated } from './file-name.ts'
import { makeFolders } from './make-folders.ts'
import { readTail } from './tail.ts'

/** When a log is continued in a new file. */
export interface JsonlRotation {
  /** Size in bytes from which on it is; a single revision that is larger stays whole. Default 100,000,000. */
  readonly bytes?: number
  /** How many full files are kept beside the one that grows; older ones are deleted. Default: all. */
  readonly files?: number
}

/** A file that lines are appended to, whole revisions at a time. */
export class LogFile {
  readonly path: string
  readonly #studyId: string
  readonly #rotation: JsonlRotation | undefined
  #handle: FileHandle | undefined
  #identity: { readonly dev: number; readonly ino: number } | undefined
  /** Bytes of whole revisions. */
  #size = 0
  #kept = 0

  constructor(path: string, studyId: string, rotation: JsonlRotation | undefined) {
    this.path = path
    this.#studyId = studyId
    this.#rotation = rotation
  }

  /** The last revision that is in the file, or in one that it was rotated into. */
  get kept(): number {
    return this.#kept
  }

  /** Opens or makes the file, and cuts off what a crash has torn. */
  async open(): Promise<void> {
    const tail = await readTail(this.path, this.#studyId)
    if (tail !== undefined && tail.revision > 0) this.#kept = Math.max(this.#kept, tail.revision)
    else {
      const older = (await rotated(this.path)).paths.at(-1)
      const before = older === undefined ? undefined : await readTail(older, this.#studyId)
      this.#kept = Math.max(this.#kept, before?.revision ?? 0)
    }
    await makeFolders(dirname(this.path))
    // By its path: Windows does not let a file be cut through a handle that appends.
    if (tail !== undefined && tail.end < tail.size) await truncate(this.path, tail.end)
    this.#handle = await open(this.path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT)
    const { dev, ino } = await this.#handle.stat()
    this.#identity = { dev, ino }
    this.#size = tail?.end ?? 0
    if (tail === undefined) await this.#syncFolder()
  }

  /**
   * Appends the lines of a revision, unless the file has it. Answers whether the file was gone and had to be made again.
   * A failure leaves the file as it was, or a torn end that the next call cuts off.
   */
  async append(revision: number, text: string): Promise<boolean> {
    const bytes = Buffer.from(text)
    const gone = await this.#look()
    if (revision <= this.#kept) return gone
    const { bytes: limit = 100_000_000, files = Infinity } = this.#rotation ?? {}
    if (this.#rotation !== undefined && this.#size > 0 && this.#size + bytes.length > limit) await this.#rotate(files)
    try {
      await this.#handle?.appendFile(bytes)
    } catch (error) {
      // What was written of it goes, for readers; where that fails too, it goes when the file is opened again.
      await Promise.allSettled([this.#handle?.truncate(this.#size)])
      await this.#leave()
      throw error
    }
    this.#size += bytes.length
    this.#kept = revision
    return gone
  }

  /** Everything appended is on the disk. */
  async sync(): Promise<void> {
    await this.#handle?.datasync()
  }

  async close(): Promise<void> {
    try {
      await this.sync()
    } finally {
      await this.#leave()
    }
  }

  /** Opens the file again if it is not the one that it was: moved away, deleted, or written by another process that took this one for dead. */
  async #look(): Promise<boolean> {
    const now = this.#handle === undefined ? undefined : await ifExists(() => stat(this.path))
    if (now !== undefined && now.dev === this.#identity?.dev && now.ino === this.#identity.ino && now.size === this.#size) return false
    const gone = this.#handle !== undefined && now === undefined
    await this.#leave()
    await this.open()
    return gone
  }

  /** One rename: readers find the lines under one of both names at any time. */
  async #rotate(files: number): Promise<void> {
    await this.sync()
    await this.#leave()
    const { paths, next } = await rotated(this.path)
    await rename(this.path, next)
    await this.open()
    const all = [...paths, next]
    for (const path of all.slice(0, Math.max(0, all.length - files))) await rm(path, { force: true })
  }

  async #leave(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  /** Without it, a power failure may take the file's name. */
  async #syncFolder(): Promise<void> {
    if (process.platform === 'win32') return // It has no sync of folders.
    const folder = await open(dirname(this.path), constants.O_RDONLY)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }
}
