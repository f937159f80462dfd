// Longer than other files on purpose: the order of looking, writing, syncing and moving the cursor is what makes the log safe.
import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AttuneError, isAttuneError, type Logger, type LoggerContext, type StudyEvent, type TrialRecord } from '@attune/core'
import { cursorName, readCursor, writeCursor, type Cursor } from './cursor-file.ts'
import { writeError } from './events/errors.ts'
import { makeFolders } from './events/make-folders.ts'
import { columnsOf, experimentOf, keepExperiment } from './experiment.ts'
import { warningsOfOthers } from './other-studies.ts'
import { makeFolder } from './run-folder.ts'
import { safeName } from './safe-name.ts'
import { StudyRun } from './study-run.ts'
import { isTrialEvent, markOfRevision, TrialLog, type TrialEvent } from './trial-log.ts'
import { hasEnded } from './trial-summary.ts'

/** A cursor is written after so many events, at `flush` and at `close`; what lies between is recognised in the event files. */
const cursorInterval = 100
/** Files that are kept open at once: a trial whose file was closed is written anew. */
const openFileLimit = 256
/** Runs that may wait until they can be written, before events have to. A single folder that is in the way holds up no other trial. */
const asideLimit = 16
/** Runs that are written anew with one event, so that no event takes long. */
const rewritesAtOnce = 8

/** Opens the folder of a study. Rejects with TENSORBOARD_WRITE, TENSORBOARD_OUTSIDE or TENSORBOARD_CURSOR. */
export async function openStudyLog(logDir: string, context: LoggerContext): Promise<Logger> {
  await makeFolders(logDir).catch((cause: unknown) => {
    throw writeError(logDir, cause)
  })
  const folders = await readdir(logDir).catch((cause: unknown) => {
    throw writeError(logDir, cause)
  })
  const name = folderName(folders, safeName(context.study.definition.name, context.study.id))
  const studyFolder = await makeFolder(logDir, name)
  const log = new StudyLog(studyFolder, context, (await readCursor(join(studyFolder, cursorName)))?.revision ?? 0)
  await log.begin()
  for (const warning of await warningsOfOthers(logDir, folders, name, log.state)) context.warn(warning)
  return log
}

/** A study that was renamed stays in its folder: the name may be another, the hash of its id is not. */
function folderName(folders: readonly string[], wanted: string): string {
  const hash = wanted.slice(wanted.lastIndexOf('-'))
  return folders.find((folder) => folder.endsWith(hash)) ?? wanted
}

/** The logger of one study. Nothing waits in it: what cannot be written is known by its number, and written from the trial's record once it can be. */
class StudyLog implements Logger {
  readonly #folder: string
  readonly #context: LoggerContext
  readonly #study: StudyRun
  readonly #logs = new Map<number, TrialLog>()
  /** Runs that are to be written anew: the first revision that their files may lack, and whether that was tried. */
  readonly #stale = new Map<number, { readonly since: number; readonly failed: boolean }>()
  /** The revision that the file of the cursor has. */
  #kept: number
  #seen: number
  /** As `#seen`, and a revision of which there is more to come counts: runs have it already. */
  #reached: number
  #sinceCursor = 0
  /** True once the folder is there, with the file of the cursor. */
  #begun = false
  /** Why the last attempt failed that did. */
  #failure: unknown
  /** True if the user was told of failures, and not everything is written since. */
  #told = false
  #columns = ''
  #columnsWritten: string | undefined
  #closed = false
  #tail: Promise<unknown> = Promise.resolve()

  constructor(folder: string, context: LoggerContext, cursor: number) {
    this.#kept = cursor
    this.#folder = folder
    this.#context = context
    this.#seen = cursor
    this.#reached = cursor
    this.#study = new StudyRun(folder, context.view)
  }

  get cursor(): number {
    return this.#kept
  }

  get state(): Cursor {
    const kept = Math.min(this.#seen, ...[...this.#stale.values()].map(({ since }) => since - 1))
    return { revision: kept, study: this.#context.view.study.definition.name, columns: this.#columns }
  }

  async begin(): Promise<void> {
    // A disk that is full now need not be later.
    await this.#attempt(() => this.#saveCursor())
  }

  log(event: StudyEvent): Promise<void | 'later'> {
    return this.#enqueue(() => this.#take(event))
  }

  flush(): Promise<void> {
    return this.#enqueue(() => this.#flush())
  }

  close(): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#closed) return
      this.#closed = true
      try {
        await this.#flush()
      } finally {
        for (const log of this.#logs.values()) await log.abandon() // `flush` has synced them, or told why not
        await this.#study.abandon()
      }
    })
  }

  /** A call that outlasted its deadline may still run when the next one comes. */
  #enqueue<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(action)
    this.#tail = result.catch(() => undefined) // whoever called gets the rejection through `result`
    return result
  }

  async #take(event: StudyEvent): Promise<void | 'later'> {
    if (this.#closed) throw new AttuneError('TENSORBOARD_CLOSED', `The TensorBoard logger of "${this.state.study}" is closed.`)
    if (this.#runs(true, asideLimit).length === asideLimit && !(await this.#rewrite(this.#runs(true, 1)))) return 'later'
    if (isTrialEvent(event)) await this.#takeTrialEvent(event)
    this.#reached = event.revision
    // More events of this revision may follow.
    this.#seen = event.more === true ? event.revision - 1 : event.revision
    // Trials that have ended have a value for each column, also of parameters that came later.
    if (event.type === 'space.revised' || event.type === 'space.extended') this.#renew(this.#context.view.trials().filter(hasEnded), event.revision)
    await this.#rewrite(this.#runs(false, rewritesAtOnce))
    if (++this.#sinceCursor >= cursorInterval) await this.#attempt(() => this.#saveCursor(false))
  }

  async #takeTrialEvent(event: TrialEvent): Promise<void> {
    const { trial, revision } = event
    const log = this.#logOf(trial.number)
    if (await this.#attempt(() => log.take(event))) this.#stale.delete(trial.number)
    else await this.#setAside(trial.number, revision)
    if (!log.isOpen) this.#logs.delete(trial.number)
    await this.#closeOldest()
    if (!hasEnded(trial)) return
    await this.#attempt(async () => {
      await this.#lookForFolder()
      await this.#study.take(trial, event.type === 'trial.amended')
      await this.#keepColumns()
    })
  }

  #logOf(number: number): TrialLog {
    let log = this.#logs.get(number)
    if (log === undefined) {
      const context = this.#context
      log = new TrialLog(this.#folder, number, () => {
        const { objectives, space } = context.view.study.definition
        return { objectives, space: context.space, definedByRunning: space === null }
      })
      this.#logs.set(number, log)
    }
    return log
  }

  /** False if it fails: then it is told, once until everything is written. */
  async #attempt(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action()
      return true
    } catch (error) {
      this.#failure = error
      // That the folder was removed is told by itself.
      const removed = await this.#lookForFolder().catch(() => false)
      if (!this.#told && !removed) this.#context.warn(`${error instanceof Error ? error.message : String(error)} The study goes on; what is missing is written as soon as it can be.`)
      this.#told ||= !removed
      return false
    }
  }

  /** The run of a trial could not be written: it is, whole, with its next event, when the cursor is written, or at the end. */
  async #setAside(number: number, revision: number): Promise<void> {
    const log = this.#logs.get(number)
    this.#stale.set(number, { since: Math.min(revision, this.#stale.get(number)?.since ?? Infinity, log?.unsynced ?? Infinity), failed: true })
    await log?.abandon()
    this.#logs.delete(number)
  }

  /** Has the runs of these trials written anew, a few with each event. */
  #renew(trials: readonly TrialRecord[], revision: number): void {
    for (const { number } of trials) this.#stale.set(number, { since: Math.min(revision, this.#stale.get(number)?.since ?? Infinity), failed: false })
  }

  /** Numbers of runs that are to be written anew, at most so many: those that were tried, or those that were not. */
  #runs(failed: boolean, limit: number): readonly number[] {
    const numbers: number[] = []
    for (const [number, run] of this.#stale) {
      if (numbers.length === limit) break
      if (run.failed === failed) numbers.push(number)
    }
    return numbers
  }

  /** Writes runs anew; false if any of them fails. */
  async #rewrite(numbers: readonly number[]): Promise<boolean> {
    let all = true
    for (const number of numbers) {
      const since = this.#stale.get(number)?.since ?? this.#seen
      if (await this.#attempt(() => this.#rewriteOne(number, since))) this.#stale.delete(number)
      else {
        await this.#setAside(number, since)
        all = false
      }
    }
    return all
  }

  async #rewriteOne(number: number, since: number): Promise<void> {
    const trial = this.#trial(number)
    if (trial === undefined || !hasBegun(trial)) return
    const log = this.#logOf(number)
    await log.write(trial, markOfRevision(this.#reached), since, true)
    await (hasEnded(trial) ? log.close() : log.sync())
    if (!log.isOpen) this.#logs.delete(number)
  }

  #trial(number: number): TrialRecord | undefined {
    try {
      return this.#context.view.trial(number)
    } catch (error) {
      if (isAttuneError(error, 'TRIAL_NOT_FOUND')) return undefined
      throw error
    }
  }

  async #closeOldest(): Promise<void> {
    const open = [...this.#logs].filter(([, log]) => log.isOpen)
    for (const [number, log] of open.slice(0, Math.max(0, open.length - openFileLimit))) {
      if (await this.#attempt(() => log.close())) this.#logs.delete(number)
      else await this.#setAside(number, log.unsynced ?? this.#seen)
    }
  }

  /** Whoever removes the folder of a study that runs gets all of it again. True if it was. */
  async #lookForFolder(): Promise<boolean> {
    if (!this.#begun) return false
    try {
      await access(this.#cursorPath)
      return false
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw writeError(this.#cursorPath, cause)
    }
    this.#begun = false
    this.#context.warn(`"${this.#folder}" was removed while its study runs. It is made again, with everything so far.`)
    for (const log of this.#logs.values()) await log.abandon()
    this.#logs.clear()
    this.#renew(this.#context.view.trials().filter(hasBegun), 1)
    await this.#study.abandon()
    this.#columnsWritten = undefined
    await this.#makeFolder()
    return true
  }

  async #flush(): Promise<void> {
    await this.#attempt(() => this.#lookForFolder())
    // Runs whose sync fails get a second chance.
    for (let chance = 1; ; chance++) {
      await this.#rewrite([...this.#stale.keys()])
      const saved = await this.#attempt(() => this.#saveCursor())
      if (saved && this.#stale.size === 0) break
      if (chance === 2) throw this.#failure
    }
    this.#told = false
  }

  /** A space that is defined by running has columns as it goes: TensorBoard derives them. */
  async #keepColumns(): Promise<void> {
    const { study } = this.#context.view
    if (study.definition.space === null) return
    const experiment = experimentOf(study.definition.name, this.#context.space, study.definition.objectives, this.#study.commonMetrics)
    this.#columns = columnsOf(experiment)
    if (this.#columns === this.#columnsWritten) return
    await keepExperiment(this.#folder, experiment, markOfRevision(study.revision), study.createdAt)
    this.#columnsWritten = this.#columns
  }

  /**
   * A run whose sync fails may lose what was written: it is written anew, and the cursor waits for it. The study's own run need not be
   * synced: it is written from all trials (`whole`) at each flush, and when the study is opened again.
   */
  async #saveCursor(whole = true): Promise<void> {
    await this.#lookForFolder()
    await this.#makeFolder()
    if (whole || !this.#study.isOpen) await this.#study.write()
    await this.#keepColumns()
    let failure: Error | undefined
    for (const [number, log] of this.#logs) {
      const { unsynced } = log
      if (unsynced === undefined) continue
      try {
        await log.sync()
      } catch (error) {
        failure ??= error instanceof Error ? error : new Error(String(error))
        await this.#setAside(number, unsynced)
      }
    }
    const { state } = this
    await writeCursor(this.#cursorPath, state)
    this.#kept = state.revision
    this.#begun = true
    this.#sinceCursor = 0
    if (failure !== undefined) throw failure
  }

  async #makeFolder(): Promise<void> {
    await makeFolders(this.#folder).catch((cause: unknown) => {
      throw writeError(this.#folder, cause)
    })
  }

  get #cursorPath(): string {
    return join(this.#folder, cursorName)
  }
}

function hasBegun(trial: TrialRecord): boolean {
  return trial.attempt > 0 || hasEnded(trial)
}
