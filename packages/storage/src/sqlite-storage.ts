import { AttuneError, type Change, type Storage, type StudyDefinition, type StudySummary, type WriteRequest, type WriteResult } from '@attune/core'
import { describeFailure } from './sqlite/failure.ts'
import { loadSqlite } from './sqlite/library.ts'
import { openFile } from './sqlite/open-file.ts'
import { retryBusy } from './sqlite/retry-busy.ts'
import { StudyFile } from './sqlite/study-file.ts'
import { WorkQueue } from './sqlite/work-queue.ts'
import { parseSqliteOptions, type SqliteOptions, type SqliteSettings } from './sqlite-options.ts'

/**
 * Studies in one SQLite file (write-ahead log). Calls of one instance take effect in the order they were made; other
 * processes and worker threads open instances of their own on the same path. A locked file is waited for without
 * blocking the event loop. Every method rejects with an `AttuneError`: STORAGE_BUSY, STORAGE_CLOSED, STORAGE_CORRUPT,
 * STORAGE_FOREIGN, STORAGE_FULL, STORAGE_NEWER, STORAGE_NO_SQLITE, STORAGE_PATH, STORAGE_READ_ONLY, STORAGE_FAILED.
 */
export class SqliteStorage implements Storage, AsyncDisposable {
  readonly specVersion = 'v1' as const
  /** False for ':memory:'. */
  readonly persistent: boolean
  readonly #settings: SqliteSettings
  readonly #queue = new WorkQueue()
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
    return this.#use((file, now) => file.create(definition, requestId, now))
  }

  async findStudy(name: string): Promise<StudySummary | undefined> {
    return this.#use((file) => file.find(name))
  }

  async listStudies(): Promise<readonly StudySummary[]> {
    return this.#use((file) => file.list())
  }

  async copyStudy(name: string, as: string, requestId: string): Promise<StudySummary | undefined> {
    return this.#use((file, now) => file.copy(name, as, requestId, now))
  }

  async deleteStudy(name: string): Promise<boolean> {
    return this.#use((file) => file.delete(name))
  }

  async write(studyId: string, request: WriteRequest): Promise<WriteResult> {
    return this.#use((file, now) => file.write(studyId, request, now))
  }

  async changesSince(studyId: string, revision: number, limit = 1000): Promise<readonly Change[]> {
    if (!Number.isSafeInteger(revision) || revision < 0) throw new AttuneError('STORAGE_ARGUMENT', `changesSince: the revision is ${revision}: use a whole number from 0.`)
    if (!Number.isSafeInteger(limit) || limit < 1) throw new AttuneError('STORAGE_ARGUMENT', `changesSince: the limit is ${limit}: use a whole number from 1.`)
    return this.#use((file) => file.changesSince(studyId, revision, limit))
  }

  /** Calls made before are finished first. */
  close(): Promise<void> {
    this.#closing ??= this.#queue.run(() => {
      this.#file?.close()
      this.#file = undefined
    })
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #use<T>(work: (file: StudyFile, now: number) => T): Promise<T> {
    if (this.#closing !== undefined) throw new AttuneError('STORAGE_CLOSED', `The storage of ${this.#settings.path} is closed: create another one.`)
    const { path, busyTimeout, clock } = this.#settings
    return this.#queue.run(async () => {
      try {
        const file = (this.#file ??= await this.#openFile())
        return await retryBusy(() => work(file, clock.now()), path, busyTimeout)
      } catch (error) {
        throw describeFailure(error, path)
      }
    })
  }

  async #openFile(): Promise<StudyFile> {
    const { path, durability, busyTimeout, clock } = this.#settings
    const library = await loadSqlite()
    return retryBusy(() => new StudyFile(path, openFile(library, path, durability, clock.now())), path, busyTimeout)
  }
}
