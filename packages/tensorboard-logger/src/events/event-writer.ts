import { open, readdir, rm, type FileHandle } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { encodeEvent, type WritableEvent } from './event-codec.ts'
import { invalidEvent, writeError } from './errors.ts'
import type { SummaryEvent } from './event.ts'
import { makeFolders } from './make-folders.ts'
import { encodeRecord } from './record.ts'

/** Where an event file is written to, and how. */
export interface EventWriterOptions {
  /** The run: made if it is missing. */
  readonly folder: string
  /**
   * The first step that will be written (default 0). When a run is taken up again, readers forget what earlier
   * files of the folder hold from this step on.
   */
  readonly startStep?: number
  /** Milliseconds since the epoch (default `Date.now`). */
  readonly now?: () => number
}

/** Appends events to one file of its own. */
export interface EventWriter extends AsyncDisposable {
  readonly path: string
  /** Takes the event into memory; `flush` writes it. Throws TENSORBOARD_INVALID and then takes nothing. */
  add(event: SummaryEvent): void
  /**
   * Resolves once everything added is in the file, where a running TensorBoard sees it. Rejects with TENSORBOARD_WRITE;
   * the file may then end in the middle of a record, so this writer writes no more: open another one.
   */
  flush(): Promise<void>
  /** As `flush`, and safe from a power failure. */
  sync(): Promise<void>
  /** Flushes and closes. Safe to call twice. Rejects as `flush` does, with the file closed. */
  close(): Promise<void>
}

const versionEvent = (time: number): WritableEvent => ({ kind: 'version', time, version: 'brain.Event:2', writer: '@attune/tensorboard-logger' })

/** Starts a new event file in a folder, after any that are there. Rejects with TENSORBOARD_WRITE. */
export async function openEventWriter(options: EventWriterOptions): Promise<EventWriter> {
  const now = options.now ?? Date.now
  const startStep = options.startStep ?? 0
  const first = [versionEvent(now()), { kind: 'start', time: now(), step: startStep } as const].map((event) => encodeRecord(encodeEvent(event)))
  let path = options.folder
  try {
    await makeFolders(options.folder)
    for (let second = await nextSecond(options.folder, now()); ; second++) {
      path = join(options.folder, fileName(second))
      try {
        return createWriter(path, await open(path, 'ax'), first)
      } catch (error) {
        if (!isTaken(error)) throw error
      }
    }
  } catch (cause) {
    throw writeError(path, cause)
  }
}

function createWriter(path: string, handle: FileHandle, first: readonly Uint8Array[]): EventWriter {
  const pending: Uint8Array[] = [...first]
  let size = 0
  let failure: Error | undefined
  let tail: Promise<void> = Promise.resolve()
  let closed: Promise<void> | undefined

  async function write(): Promise<void> {
    if (failure) throw failure
    const bytes = Buffer.concat(pending.splice(0))
    try {
      for (let written = 0; written < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, written)
        written += bytesWritten
        size += bytesWritten
      }
    } catch (cause) {
      failure = writeError(path, cause)
      throw failure
    }
  }
  /** One at a time and in order, also after a failure. */
  function enqueue(action: () => Promise<void>): Promise<void> {
    const result = tail.then(action)
    tail = result.catch(() => undefined) // whoever called gets the rejection through `result`
    return result
  }
  async function finish(): Promise<void> {
    try {
      await write()
    } finally {
      await handle.close()
      // Each attempt on a full disk would leave one more.
      if (size === 0) await rm(path, { force: true })
    }
  }

  return {
    path,
    add(event) {
      if (closed) throw invalidEvent(`"${path}" is closed: open another writer.`, { path })
      pending.push(encodeRecord(encodeEvent(event)))
    },
    flush: () => enqueue(write),
    sync: () =>
      enqueue(async () => {
        await write()
        await handle.sync().catch((cause: unknown) => {
          throw (failure = writeError(path, cause))
        })
      }),
    close: () => (closed ??= enqueue(finish)),
    [Symbol.asyncDispose]() {
      return this.close()
    },
  }
}

/**
 * Readers take the files of a folder in the order of their names, so the time in a new name must be later than
 * those that are there, also if two writers start within a second or the clock was set back.
 */
async function nextSecond(folder: string, now: number): Promise<number> {
  const seconds = (await readdir(folder)).map((name) => Number(/tfevents\.(\d{10})\./.exec(name)?.[1] ?? 0))
  return Math.max(Math.floor(now / 1000), ...seconds.map((second) => second + 1))
}

function fileName(second: number): string {
  const host = hostname().replace(/[^A-Za-z0-9-]+/g, '-').slice(0, 64) || 'host'
  return `events.out.tfevents.${String(second).padStart(10, '0')}.${host}.${process.pid}.0`
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}
