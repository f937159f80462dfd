import { randomUUID } from 'node:crypto'
import { open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isAttuneError } from '@attune/core'
import { writeError } from './events/errors.ts'
import { readEvents } from './events/event-reader.ts'
import { openEventWriter, type EventWriter } from './events/event-writer.ts'
import type { SummaryEvent } from './events/event.ts'
import { makeFolder } from './run-folder.ts'

/** Milliseconds that a file without anything stays. TensorBoard looks for another one every 5 seconds, unless it is told otherwise. */
const emptyFilesStay = 600_000

/** What the event files of a run hold. */
export interface RunContents {
  /** The highest mark, 0 without. */
  readonly mark: number
  /** The lowest step of any record, 0 without. */
  readonly firstStep: number
}

/**
 * The run of one folder. It is in one file, and a process appends only to a file that it began: who takes a run up writes it anew and
 * empties what was there. So no file has steps that go back, a torn record in its middle, or two writers, and TensorBoard's two loaders,
 * which disagree on all of these, read the same. Where two processes write a run at once, each compares marks first: what is further stays.
 */
export class RunFile {
  readonly #parent: string
  readonly #name: string
  #writer: EventWriter | undefined
  #isNew = false

  constructor(parent: string, name: string) {
    this.#parent = parent
    this.#name = name
  }

  get isOpen(): boolean {
    return this.#writer !== undefined
  }

  /** What is there, also of others. Records after a torn or damaged one do not count: readers stop there, too. */
  async read(): Promise<RunContents> {
    return readRun(join(this.#parent, this.#name))
  }

  /** Goes on in the file that `replace` began. Rejects with TENSORBOARD_WRITE; the file may then end in the middle of a record: `replace` it. */
  async append(record: SummaryEvent): Promise<void> {
    if (this.#writer === undefined) throw new Error('A run is begun before anything is appended to it.')
    this.#writer.add(record)
    await this.#writer.flush()
  }

  /**
   * Makes a file with these records the only one of the run. The mark goes with the last one: a file that a crash cut short does not have it.
   * Rejects with TENSORBOARD_WRITE, and leaves what was there.
   */
  async replace(records: readonly SummaryEvent[], mark: number, before: RunContents): Promise<void> {
    await this.abandon()
    const folder = await makeFolder(this.#parent, this.#name)
    const older = await eventFiles(folder)
    // A viewer that has read the older files takes all of it back.
    const startStep = Math.min(-1, before.firstStep, ...records.slice(0, 1).map(({ step }) => step))
    const writer = await openEventWriter({ folder, startStep, now: () => records[0]?.time ?? 0 })
    try {
      for (const [i, record] of records.entries()) writer.add(i === records.length - 1 ? { ...record, mark } : record)
      await (older.length === 0 ? writer.flush() : writer.sync())
    } catch (error) {
      await writer.close().catch(() => undefined) // rejects with the same failure
      await rm(writer.path, { force: true })
      throw error
    }
    this.#writer = writer
    this.#isNew = true
    // One that cannot be emptied is taken back, as for a viewer.
    for (const path of older) await empty(path).catch(() => undefined)
  }

  /** What was written survives a power failure from here on. */
  async sync(): Promise<void> {
    if (this.#writer === undefined) return
    await this.#writer.sync()
    if (this.#isNew) for (const folder of [dirname(this.#writer.path), this.#parent]) await syncFolder(folder)
    this.#isNew = false
  }

  /** False if the file is gone or another one follows it: somebody removed the folder, or another process took the run up. */
  async isCurrent(): Promise<boolean> {
    if (this.#writer === undefined) return true
    const last = (await eventFiles(join(this.#parent, this.#name))).at(-1)
    return last !== undefined && basename(last) === basename(this.#writer.path)
  }

  async close(): Promise<void> {
    try {
      await this.sync()
    } finally {
      const writer = this.#writer
      this.#writer = undefined
      await writer?.close()
    }
  }

  /** Closes the file whatever is in it. */
  async abandon(): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    await writer?.close().catch(() => undefined) // it is replaced, or its failure is reported already
  }
}

/**
 * Puts an empty file in the place of this one. A TensorBoard that runs (its loader in Python) would wait for ever for a file that is gone,
 * and a process that has the old file open writes on in that one, where nobody reads it.
 */
async function empty(path: string): Promise<void> {
  const { size, mtimeMs } = await stat(path)
  if (size === 0) {
    // By now every viewer has gone on to the next one.
    if (Date.now() - mtimeMs > emptyFilesStay) await rm(path)
    return
  }
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`)
  await writeFile(temporary, '')
  try {
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** What all files of a run hold together. */
export async function readRun(folder: string): Promise<RunContents> {
  let mark = 0
  let firstStep = 0
  for (const path of await eventFiles(folder)) {
    try {
      for await (const event of readEvents(path)) {
        if (event.kind !== 'summary') continue
        mark = Math.max(mark, event.mark ?? 0)
        firstStep = Math.min(firstStep, event.step)
      }
    } catch (error) {
      if (!isAttuneError(error, 'TENSORBOARD_DAMAGED')) throw error
    }
  }
  return { mark, firstStep }
}

/** The event files of a folder in the order in which readers take them; none if there is no such folder. */
export async function eventFiles(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.includes('tfevents')).sort().map((name) => join(folder, name))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw writeError(folder, error)
  }
}

/** The names in it survive a power failure from here on. Windows keeps them itself, and opens no folders. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  try {
    const handle = await open(folder)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (cause) {
    throw writeError(folder, cause)
  }
}
