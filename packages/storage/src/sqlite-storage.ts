import { AttuneError, type Change, type KeepAlive, type Storage, type StudyDefinition, type StudySummary, type WriteRequest, type WriteResult } from '@attune/core'
import { describeFailure } from './sqlite/failure.ts'
import { KeepAliveThread } from './sqlite/keep-alive.ts'
import { loadSqlite } from './sqlite/library.ts'
import { openFile } from './sqlite/open-file.ts'
import { type Lock, pause, retryBusy } from './sqlite/retry-busy.ts'
import { StudyFile } from './sqlite/study-file.ts'
import { WorkQueue } from './sqlite/work-queue.ts'
import { machineClock, parseSqliteOptions, type SqliteOptions, type SqliteSettings } from './sqlite-options.ts'

/**
 * Studies in one SQLite file (write-ahead log). Calls of one instance take effect in the order they were made; other
 * processes, worker threads and parts of a program open instances of their own on the same path. A locked file is waited
 * for without blocking the event loop, and those that write all the time take turns. Every method rejects with an `AttuneError`: STORAGE_BUSY, STORAGE_CLOSED, STORAGE_CORRUPT,
 * STORAGE_FOREIGN, STORAGE_FULL, STORAGE_NEWER, STORAGE_NO_SQLITE, STORAGE_PATH, STORAGE_READ_ONLY, STORAGE_FAILED.
 */
export class SqliteStorage implements Storage, AsyncDisposable {
  readonly specVersion = 'v1' as const
  /** False for ':memory:'. */
  readonly persistent: boolean
  readonly #settings: SqliteSettings
  readonly #queue = new WorkQueue()
  readonly #threads = new Set<KeepAliveThread>()
  /** The lock for writes. */
  readonly #lock: Lock = { since: undefined }
  #file: StudyFile | undefined
  #closing: Promise<void> | undefined

  /** The file is opened by the first call; `SqliteStorage.open` does it at once. Throws STORAGE_OPTIONS. */
  constructor(options: string | URL | SqliteOptions) {
    this.#settings = parseSqliteOptions(options)
    this.persistent = this.#settings.path !== ':memory:'
  }

  /** A storage whose file is open. Rejects if it cannot be opened. */
  static async open(options: string | URL | SqliteOptions): Promise<SqliteStorage> {
    const storage = new SqliteStorage(options)
    await storage.#use(() => undefined)
    return storage
  }

  async createStudy(definition: StudyDefinition, requestId: string): Promise<StudySummary | undefined> {
    return this.#change((file, now) => file.create(definition, requestId, now))
  }

  async findStudy(name: string): Promise<StudySummary | undefined> {
    return this.#read((file) => file.find(name))
  }

  async listStudies(): Promise<readonly StudySummary[]> {
    return this.#read((file) => file.list())
  }

  async copyStudy(name: string, as: string, requestId: string): Promise<StudySummary | undefined> {
    return this.#change((file, now) => file.copy(name, as, requestId, now))
  }

  async deleteStudy(name: string, requestId: string): Promise<boolean> {
    return this.#change((file, now) => file.delete(name, requestId, now))
  }

  async write(studyId: string, request: WriteRequest): Promise<WriteResult> {
    return this.#change((file, now) => file.write(studyId, request, now))
  }

  async changesSince(studyId: string, revision: number, limit = 1000): Promise<readonly Change[]> {
    if (!Number.isSafeInteger(revision) || revision < 0) throw new AttuneError('STORAGE_ARGUMENT', `changesSince: the revision is ${revision}: use a whole number from 0.`)
    if (!Number.isSafeInteger(limit) || limit < 1) throw new AttuneError('STORAGE_ARGUMENT', `changesSince: the limit is ${limit}: use a whole number from 1.`)
    return this.#read((file) => file.changesSince(studyId, revision, limit))
  }

  /**
   * Starts a thread with a connection of its own at once, also while a call waits. Undefined for ':memory:', which no other thread
   * can open, and with a clock of one's own, which no other thread can see. Throws what Node throws where threads are not allowed.
   */
  keepAlive(studyId: string, session: string, milliseconds: number): KeepAlive | undefined {
    this.#ensureOpen()
    const { path, clock } = this.#settings
    if (!(milliseconds > 0)) throw new AttuneError('STORAGE_ARGUMENT', `keepAlive: the lease has ${milliseconds} ms: use more than 0.`)
    if (!this.persistent || clock !== machineClock) return undefined
    const thread = new KeepAliveThread({ path, study: studyId, session, milliseconds })
    this.#threads.add(thread)
    return {
      forget: (token) => thread.forget(token),
      stop: () => {
        this.#threads.delete(thread)
        return thread.stop()
      },
    }
  }

  /** Calls made before are finished first. Rejects, if at all, with an `AttuneError`; the file is let go of all the same. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const threads = Array.from(this.#threads, (thread) => thread.stop())
    this.#threads.clear()
    await Promise.all(threads)
    await this.#queue.run(() => this.#closeFile())
  }

  #closeFile(): void {
    const file = this.#file
    this.#file = undefined
    try {
      file?.close()
    } catch (error) {
      throw describeFailure(error, this.#settings.path)
    }
  }

  #ensureOpen(): void {
    if (this.#closing !== undefined) throw new AttuneError('STORAGE_CLOSED', `The storage of ${this.#settings.path} is closed: create another one.`)
  }

  #use<T>(work: (file: StudyFile) => T | PromiseLike<T>): Promise<T> {
    this.#ensureOpen()
    const { path } = this.#settings
    return this.#queue.run(async () => {
      try {
        const file = (this.#file ??= await this.#openFile())
        return await work(file)
      } catch (error) {
        // A connection that is stuck in a transaction is of no more use: the next call opens another.
        if (error instanceof AggregateError && this.persistent) this.#closeFile()
        throw describeFailure(error, path)
      }
    })
  }

  #read<T>(work: (file: StudyFile) => T): Promise<T> {
    const { path, busyTimeout } = this.#settings
    return this.#use((file) => retryBusy(() => work(file), path, busyTimeout))
  }

  #change<T>(work: (file: StudyFile, now: number) => T): Promise<T> {
    const { path, busyTimeout, clock } = this.#settings
    const called = performance.now()
    return this.#use(async (file) => {
      const { turns } = file
      const milliseconds = turns.pauseBeforeWrite()
      if (milliseconds > 0) await pause(milliseconds)
      const attempt = (): T => {
        turns.look()
        return work(file, clock.now())
      }
      const answer = await retryBusy(attempt, path, busyTimeout, { called, lock: this.#lock, onBusy: () => turns.met() })
      turns.wrote()
      return answer
    })
  }

  async #openFile(): Promise<StudyFile> {
    const { path, durability, busyTimeout, clock } = this.#settings
    const library = await loadSqlite()
    return retryBusy(() => new StudyFile(path, openFile(library, path, durability, clock.now())), path, busyTimeout)
  }
}
