import { resolve } from 'node:path'
import { isAttuneError } from '@attune/core'
import { invalidEvent, writeError } from './errors.ts'
import type { WritableEvent } from './event-codec.ts'
import { createEventFile, eventFileNames, type EventFile } from './event-file.ts'
import type { SummaryEvent } from './event.ts'
import { makeFolders } from './make-folders.ts'
import { RecordBuffer } from './record-buffer.ts'

/** Timers know no longer one. */
const longestTimer = 2 ** 31 - 1

/** Where event files are written to, and how. */
export interface EventWriterOptions {
  /** The run: made if it is missing. */
  readonly folder: string
  /**
   * The first step that will be written. When a run is taken up again, readers forget what earlier files of the folder
   * hold from this step on. Without it they forget nothing; the steps of a tag must not go back then.
   */
  readonly startStep?: number
  /**
   * What waits is written by itself after so many milliseconds (default 5,000; `Infinity`: only by `flush`). The timer
   * does not keep the process alive: what matters is written by `flush` or `close`.
   */
  readonly flushAfter?: number
  /** What waits is written by itself once there are so many records (default 1,000; `Infinity`: only by `flush`). */
  readonly flushAt?: number
  /** Whether every flush is safe from a power failure, too (default false: `sync` is). Slower by orders of magnitude. */
  readonly durable?: boolean
  /** A file that has so many bytes is followed by another one (default: one file for all). A record is never divided. */
  readonly maxBytes?: number
  /** A file that is so many milliseconds old is followed by another one, when the next event comes (default: never). */
  readonly maxAge?: number
  /** Milliseconds since the epoch (default `Date.now`). */
  readonly now?: () => number
}

/** A summary event to be written: `time` is now unless it is given. */
export type NewEvent = Omit<SummaryEvent, 'kind' | 'time'> & Partial<Pick<SummaryEvent, 'kind' | 'time'>>

/** Writes the events of a run to a file of its own, and to further ones when it has become too large or old. */
export interface EventWriter extends AsyncDisposable {
  /** The file that is written to. */
  readonly path: string
  /** Bytes that were added and are not in the file yet. A program that adds faster than its disk writes waits for `flush` now and then. */
  readonly waiting: number
  /**
   * Takes the event into memory; it is written by itself, as the options say, or by `flush`. Throws TENSORBOARD_INVALID,
   * and then takes nothing, or what an earlier write has failed with.
   */
  add(event: NewEvent): void
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

/**
 * Starts a new event file in a folder, after any that are there: nothing is ever appended to a file of another writer,
 * which may end in a torn record. Rejects with TENSORBOARD_WRITE, or TENSORBOARD_INVALID for an option out of range.
 */
export async function openEventWriter(given: EventWriterOptions): Promise<EventWriter> {
  // The program may change its working folder before the next file is made.
  const options = { ...given, folder: resolve(given.folder) }
  const { folder, startStep, now = Date.now } = options
  for (const name of ['flushAfter', 'flushAt', 'maxBytes', 'maxAge'] as const) {
    const value = options[name]
    if (value !== undefined && !(value > 0)) throw invalidEvent(`openEventWriter({ ${name} }) needs a number above 0, got ${value}.`, { [name]: value })
  }
  try {
    const changed = await makeFolders(folder)
    const others = await eventFileNames(folder)
    const first = new RecordBuffer()
    first.add(versionEvent(now()))
    for (const start of startEvents(others.length > 0, startStep, now())) first.add(start)
    return createWriter(options, await createEventFile(folder, now(), changed), first)
  } catch (cause) {
    throw isAttuneError(cause) ? cause : writeError(folder, cause)
  }
}

function versionEvent(time: number): WritableEvent {
  return { kind: 'version', time, version: 'brain.Event:2', writer: '@attune/tensorboard-logger' }
}

/**
 * The first start of a run makes no reader forget anything but EventAccumulator, and later ones all but the fast loader,
 * which needs none. The files that are there may have none, so where there are any, a start is written twice.
 */
function startEvents(othersExist: boolean, startStep: number | undefined, time: number): readonly WritableEvent[] {
  if (startStep === undefined) return []
  const start = { kind: 'start', time, step: startStep } as const
  return othersExist ? [start, start] : [start]
}

function createWriter(options: EventWriterOptions, firstFile: EventFile, buffer: RecordBuffer): EventWriter {
  const { folder, flushAfter = 5_000, flushAt = 1_000, durable = false, maxBytes = Infinity, maxAge = Infinity, now = Date.now } = options
  let file = firstFile
  /** What belongs to the file, and to each of those that follow it; `buffer` holds what belongs to the last. */
  let finished: Uint8Array[] = []
  let finishedBytes = 0
  let bytesInFlight = 0
  let records = 0
  /** Of the file that the next event goes to, and what of them any file begins with. */
  let size = buffer.length
  let emptySize = size
  let startedAt = now()
  let timer: NodeJS.Timeout | undefined
  let writeIsQueued = false
  let failure: Error | undefined
  let tail: Promise<void> = Promise.resolve()
  let closed: Promise<void> | undefined

  async function write(sync: boolean): Promise<void> {
    writeIsQueued = false
    clearTimeout(timer)
    timer = undefined
    if (failure !== undefined) throw failure
    records = 0
    bytesInFlight = finishedBytes + buffer.length
    const parts = [...finished, buffer.take()]
    finished = []
    finishedBytes = 0
    try {
      for (const [index, bytes] of parts.entries()) {
        if (index > 0) {
          await file.sync()
          await file.close()
          file = await createEventFile(folder, now())
        }
        await file.write(bytes)
      }
      if (sync) await file.sync()
    } catch (error) {
      failure = writeError(file.path, error)
      throw failure
    }
    bytesInFlight = 0
  }

  async function finish(): Promise<void> {
    try {
      await write(durable)
    } finally {
      await file.close()
    }
  }

  /** One at a time and in order, also after a failure. */
  function enqueue(action: () => Promise<void>): Promise<void> {
    const result = tail.then(action)
    tail = result.catch(() => undefined) // whoever called gets the rejection through `result`
    return result
  }

  function writeSoon(): void {
    if (writeIsQueued || closed) return
    writeIsQueued = true
    enqueue(() => write(durable)).catch(() => undefined) // kept as `failure`, which the next call throws
  }

  return {
    get path() {
      return file.path
    },
    get waiting() {
      return bytesInFlight + finishedBytes + buffer.length
    },
    add(event) {
      if (closed) throw invalidEvent(`"${file.path}" is closed: open another writer.`, { path: file.path })
      if (failure !== undefined) throw failure
      if (size > emptySize && (size >= maxBytes || (maxAge < Infinity && now() - startedAt >= maxAge))) {
        finishedBytes += buffer.length
        finished.push(buffer.take())
        buffer.add(versionEvent(now()))
        size = emptySize = buffer.length
        startedAt = now()
      }
      const before = buffer.length
      buffer.add(isComplete(event) ? event : { ...event, kind: 'summary', time: event.time ?? now() })
      size += buffer.length - before
      if (++records >= flushAt) writeSoon()
      else if (timer === undefined && flushAfter < Infinity) timer = setTimeout(writeSoon, Math.min(flushAfter, longestTimer)).unref()
    },
    flush: () => enqueue(() => write(durable)),
    sync: () => enqueue(() => write(true)),
    close: () => (closed ??= enqueue(finish)),
    [Symbol.asyncDispose]() {
      return this.close()
    },
  }
}

function isComplete(event: NewEvent): event is SummaryEvent {
  return event.kind !== undefined && event.time !== undefined
}
