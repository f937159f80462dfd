import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AttuneError, type Logger, type LoggerContext, type LoggerFactory, type StudyEvent } from '@attune/core'
import { readCursor, writeCursor } from './cursor-file.ts'
import { writeError } from './events/errors.ts'
import { makeFolders } from './events/make-folders.ts'
import { makeFolder } from './run-folder.ts'
import { safeName } from './safe-name.ts'
import { isTrialEvent, TrialLog, type TrialEvent } from './trial-log.ts'

/** Options of `tensorboard`. */
export interface TensorBoardOptions {
  /** The folder to give to `tensorboard --logdir`. Made if it is missing; each study gets a folder of its own in it. */
  readonly logDir: string
}

/** A cursor is written after so many events, at `flush` and at `close`; what lies between is recognised in the event files. */
const cursorInterval = 100
/** Files that are kept open at once; a trial whose file was closed goes on in another one. */
const openFileLimit = 32
/** Events kept in memory while they cannot be written; those beyond are read from the storage at the next start. */
const backlogLimit = 10_000

/**
 * Writes a study for TensorBoard: learning curves while trials run, and the HParams tab with every trial that ended,
 * pruned and failed ones included. A study that is resumed goes on in its folder, nothing twice and nothing left out.
 * Throws TENSORBOARD_OPTION for a `logDir` that is no path.
 */
export function tensorboard(options: TensorBoardOptions): LoggerFactory {
  const { logDir } = options
  if (typeof logDir !== 'string' || logDir === '' || logDir.includes('\0')) {
    throw new AttuneError('TENSORBOARD_OPTION', `tensorboard({ logDir }) needs the path of a folder, got ${JSON.stringify(logDir)}.`, { details: { logDir } })
  }
  return { specVersion: 'v1', id: 'tensorboard', create: (context) => createLogger(logDir, context) }
}

async function createLogger(logDir: string, context: LoggerContext): Promise<Logger> {
  const { id, definition } = context.study
  await makeFolders(logDir).catch((cause: unknown) => {
    throw writeError(logDir, cause)
  })
  const studyFolder = await makeFolder(logDir, await folderName(logDir, safeName(definition.name, id)))
  const cursorPath = join(studyFolder, 'attune-cursor.json')
  const cursor = await readCursor(cursorPath)

  const logs = new Map<number, TrialLog>()
  let seen = cursor
  let sinceCursor = 0
  let refusedFrom: number | undefined
  let closed = false
  let tail: Promise<void> = Promise.resolve()

  /** A call that outlasted its deadline may still run when the next one comes. */
  function enqueue(action: () => Promise<void>): Promise<void> {
    const result = tail.then(action)
    tail = result.catch(() => undefined) // whoever called gets the rejection through `result`
    return result
  }

  async function take(event: StudyEvent): Promise<void> {
    if (closed) throw new AttuneError('TENSORBOARD_CLOSED', `The TensorBoard logger of "${definition.name}" is closed.`)
    if (refusedFrom !== undefined) throw backlogError(studyFolder)
    if (isTrialEvent(event)) await takeTrialEvent(event)
    else seen = event.revision
    // More events of this revision may follow.
    if (++sinceCursor >= cursorInterval) await saveCursor(seen - 1)
  }

  async function takeTrialEvent(event: TrialEvent): Promise<void> {
    const number = event.trial.number
    const log = logs.get(number) ?? openLog(number)
    if ([...logs.values()].reduce((sum, each) => sum + each.waiting, 0) >= backlogLimit) {
      refusedFrom = event.revision
      throw backlogError(studyFolder)
    }
    log.push(event)
    seen = event.revision
    await log.drain()
    // Looked up again, it reads from its files what it needs to know.
    if (!log.isOpen) logs.delete(number)
    await closeOldest()
  }

  function openLog(number: number): TrialLog {
    const log = new TrialLog({
      studyFolder,
      number,
      objectives: definition.objectives,
      space: () => context.space,
      definedByRunning: definition.space === null,
    })
    logs.set(number, log)
    return log
  }

  async function closeOldest(): Promise<void> {
    const open = [...logs].filter(([, log]) => log.isOpen)
    for (const [number, log] of open.slice(0, Math.max(0, open.length - openFileLimit))) {
      await log.closeFile()
      logs.delete(number)
    }
  }

  /** Everything up to it is in the files, also after a power failure. */
  async function saveCursor(kept: number): Promise<void> {
    for (const log of logs.values()) await log.sync()
    const waiting = [...logs.values()].flatMap((log) => log.oldest ?? [])
    await writeCursor(cursorPath, Math.min(kept, ...[...waiting, refusedFrom ?? Infinity].map((revision) => revision - 1)))
    sinceCursor = 0
  }

  /** Each is tried; the first failure is reported. */
  async function each(action: (log: TrialLog) => Promise<void>): Promise<void> {
    const results = await Promise.allSettled([...logs.values()].map(action))
    const failed = results.find((result) => result.status === 'rejected')
    await saveCursor(seen)
    if (failed) throw failed.reason
    if (refusedFrom !== undefined) throw backlogError(studyFolder)
  }

  return {
    cursor,
    log: (event) => enqueue(() => take(event)),
    flush: () => enqueue(() => each((log) => log.drain())),
    close: () =>
      enqueue(async () => {
        if (closed) return
        closed = true
        await each(async (log) => {
          try {
            await log.drain()
          } finally {
            await log.closeFile()
          }
        })
      }),
  }
}

/** A study that was renamed stays in its folder: the name may be another, the hash of its id is not. */
async function folderName(logDir: string, wanted: string): Promise<string> {
  const hash = wanted.slice(wanted.lastIndexOf('-'))
  const names = await readdir(logDir).catch((cause: unknown) => {
    throw writeError(logDir, cause)
  })
  return names.find((name) => name.endsWith(hash)) ?? wanted
}

function backlogError(folder: string): AttuneError {
  return new AttuneError(
    'TENSORBOARD_WRITE',
    `More than ${backlogLimit} events could not be written to "${folder}" and the logger keeps no more of them. Make the folder writable; what is missing is written when the study is opened again.`,
    { details: { path: folder } },
  )
}
