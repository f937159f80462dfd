import { AttuneError, isAttuneError, type Logger, type LoggerContext, type StudyEvent } from '@attune/core'
import { isAbsent } from '../client/interrupted.ts'
import type { Alteration, MlflowClient, RunStatus } from '../client/types.ts'
import { eventChanges } from './content/event-changes.ts'
import { studyStart } from './content/study-change.ts'
import { CursorLane } from './cursor-lane.ts'
import { studyBegin, studyEnd } from './end-of-study.ts'
import { kindOf } from './failures.ts'
import { longValuesUpload } from './long-values.ts'
import { hasValues, sizeOf } from './merge-writes.ts'
import type { Settings } from './options.ts'
import { Progress } from './progress.ts'
import { RunLane, type LaneParts } from './run-lane.ts'
import { Scheduler, type Lane } from './scheduler.ts'
import { keyOf, StudyRuns, type RunKey, type RunTarget } from './study-runs.ts'
import { artifactUpload, inputsUpload, UploadLane, type Upload } from './upload-lane.ts'
import type { RunWrites } from './writes.ts'

/** Requests under way at a time, for different runs. */
const concurrency = 4
/** Milliseconds that a study which goes on waits for the tracker's cursor. Without it the history is read from its start, to no harm. */
const cursorWait = 1_000
/** Milliseconds for a flush: below what a study gives its loggers. */
const flushDeadline = 9_000
/** Where the last flush had to give up, and nothing has gone through since. */
const hopelessDeadline = 1_000
/** Failures in a row from which on the study is told. */
const tellFrom = 3
const mostWarnings = 30
const study = { kind: 'study' } as const
const opens: ReadonlySet<StudyEvent['type']> = new Set(['study.opened', 'study.resumed', 'study.started'])

/**
 * Logs one study: `log` turns events into writes and lays them into a bounded queue; lanes send them in the background, one a run, and one for
 * all that may take long.
 */
export class MlflowLogger implements Logger {
  readonly #settings: Settings
  readonly #context: LoggerContext
  readonly #closing = new AbortController()
  readonly #progress = new Progress()
  readonly #scheduler: Scheduler
  readonly #parts: LaneParts
  readonly #runs: StudyRuns
  readonly #uploads: UploadLane
  readonly #lanes = new Map<RunKey, RunLane>()
  readonly #cursor: CursorLane
  readonly #told = new Set<string>()
  /** Ends of flushes that need not wait for a server that is not there. */
  readonly #givingUp = new Set<() => void>()
  #printed = ''
  /** Bytes that wait, about. */
  #memory = 0
  #opened = false
  #hopeless = false
  /** How often something went through. */
  #moves = 0
  /** Why the last try failed; undefined once something has gone through. */
  #failure: string | undefined
  /** What the study's run says of itself, as far as this process knows. */
  #status: RunStatus | undefined
  /** Something has happened that the last summary does not have. */
  #changedSinceEnd = false
  /** Why the last run of the study ended. */
  #stopped: string | undefined
  #closed: Promise<void> | undefined

  constructor(client: MlflowClient, settings: Settings, context: LoggerContext) {
    this.#settings = settings
    this.#context = context
    const { signal } = this.#closing
    const tell = (message: string): void => this.#tell(message)
    this.#runs = new StudyRuns({ client, settings, context, start: studyStart(context, settings), signal, tell, moved: () => this.#moves++, altered: (target, alterations) => this.#keepWhole(target, this.#progress.last, alterations) })
    this.#parts = {
      client,
      runs: this.#runs,
      progress: this.#progress,
      signal,
      tell,
      print: (text) => this.#print(text),
      done: (size) => {
        this.#memory -= size
        this.#hopeless = false
        this.#moves++
        this.#failure = undefined
        // The end of a study waits for everything before.
        if (this.#opened) this.#scheduler.wake(this.#uploads)
      },
      altered: (target, revision, alterations) => this.#keepWhole(target, revision, alterations),
    }
    this.#uploads = new UploadLane(this.#parts)
    this.#scheduler = new Scheduler({ concurrency, gather: settings.flush.milliseconds, onFailure: (error, inARow) => this.#failed(error, inARow) })
    this.#cursor = new CursorLane(this.#parts, (lane) => this.#scheduler.wake(lane))
  }

  /** Begins to look for the study's run. Never waits long for it. */
  async start(): Promise<void> {
    let known: (() => void) | undefined
    const found = new Promise<void>((resolve) => (known = resolve))
    const isOpen = (): boolean => this.#opened
    const opening: Lane = {
      get waiting() {
        return !isOpen()
      },
      full: true,
      work: async () => {
        try {
          const { kept } = await this.#runs.open()
          this.#open(kept)
        } finally {
          known?.()
        }
      },
    }
    this.#scheduler.wake(opening)
    // A study without trials has nothing that the tracker could have kept.
    if (Object.values(this.#context.study.counts).every((count) => count === 0)) return
    const timer = setTimeout(() => known?.(), cursorWait)
    await found
    clearTimeout(timer)
  }

  get cursor(): number {
    return this.#cursor.saved
  }

  log(event: StudyEvent): void | 'later' {
    if (this.#closed !== undefined) throw new AttuneError('MLFLOW_CLOSED', `The MLflow logger of "${this.#context.study.definition.name}" is closed.`)
    if (event.revision <= this.cursor) return
    const { queue } = this.#settings
    if (this.#progress.pending >= queue.events || this.#memory >= queue.bytes) return 'later'
    const changes = eventChanges(event, this.#context, this.#settings)
    if (opens.has(event.type) || (event.type === 'trial.started' && this.#status !== 'RUNNING')) this.#push(study, event.revision, { status: { status: 'RUNNING' } })
    for (const { run, writes } of changes) this.#push(run, event.revision, writes, event.type === 'trial.started')
    if (event.type === 'study.started') this.#upload(studyBegin(this.#parts, this.#context, event.revision))
    if (event.type === 'study.stopped') this.#end(event.revision, (this.#stopped = event.reason))
    else if (event.type !== 'warning') this.#changedSinceEnd = true
    this.#progress.came(event)
    this.#cursor.saveSoon()
  }

  async flush(): Promise<void | 'later'> {
    const release = this.#scheduler.hurry()
    const before = this.#moves
    let giveUp = (): void => undefined
    const late = new Promise<true>((resolve) => (giveUp = () => resolve(true)))
    const timer = setTimeout(giveUp, this.#hopeless ? hopelessDeadline : flushDeadline)
    // What the study has is not lost. What only this process has is worth a wait.
    if (this.#context.persistent) this.#givingUp.add(giveUp)
    try {
      const stored = (async () => {
        await this.#progress.settled()
        await this.#cursor.save()
        return false as const
      })()
      if (!(await Promise.race([stored, late]))) return undefined
    } finally {
      release()
      clearTimeout(timer)
      this.#givingUp.delete(giveUp)
    }
    // A server that is slow, and takes things in, is worth another wait where what is not sent is lost.
    if (this.#moves > before) return 'later'
    this.#hopeless = true
    throw new AttuneError('MLFLOW_BEHIND', `Not everything is in MLflow yet. ${this.#context.persistent ? 'The study has it, and it is sent later' : 'It is sent as long as the study is open'}.${this.#failure === undefined ? '' : ` ${this.#failure}`}`)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    try {
      // Nobody says so of a study that is driven by hand.
      if (this.#status === 'RUNNING' && this.#context.view.study.counts.running === 0) this.#push(study, this.#progress.last, { status: { status: 'FINISHED', endTime: Date.now() } })
      if (this.#changedSinceEnd) this.#end(this.#progress.last, this.#stopped)
      await this.flush()
    } catch (error) {
      // Whoever closes the logger sees by its cursor what is missing.
      if (!isAttuneError(error, 'MLFLOW_BEHIND')) throw error
    } finally {
      this.#scheduler.close()
      this.#cursor.close()
      this.#closing.abort()
      await this.#parts.client.close()
    }
  }

  /** The tracker is there, and has kept the history so far. */
  #open(kept: number): void {
    this.#progress.startFrom(kept)
    for (const lane of this.#lanes.values()) lane.dropUpTo(kept)
    this.#uploads.dropUpTo(kept)
    this.#opened = true
    for (const lane of [...this.#lanes.values(), this.#uploads]) this.#scheduler.wake(lane)
  }

  #push(target: RunTarget, revision: number, { artifacts = [], inputs = [], ...values }: RunWrites, begins = false): void {
    if (target.kind === 'study' && values.status !== undefined) this.#status = values.status.status
    if (hasValues(values)) {
      const key = keyOf(target)
      const size = sizeOf(values)
      let lane = this.#lanes.get(key)
      if (lane === undefined) this.#lanes.set(key, (lane = new RunLane(this.#parts, this.#settings.flush.items, () => this.#lanes.delete(key))))
      this.#memory += size
      lane.push({ revision, size, target, begins, values })
      if (this.#opened) this.#scheduler.wake(lane)
    }
    for (const artifact of artifacts) this.#upload(artifactUpload(this.#parts, target, revision, sizeOf({ artifacts: [artifact] }), artifact))
    if (inputs.length > 0) this.#upload(inputsUpload(this.#parts, target, revision, inputs))
  }

  #upload(upload: Upload): void {
    this.#memory += upload.size
    this.#uploads.push(upload)
    if (this.#opened) this.#scheduler.wake(this.#uploads)
  }

  #end(revision: number, stopped?: string): void {
    this.#changedSinceEnd = false
    for (const upload of studyEnd(this.#parts, this.#settings, this.#context, revision, stopped)) this.#upload(upload)
  }

  #keepWhole(target: RunTarget, revision: number, alterations: readonly Alteration[]): void {
    const upload = longValuesUpload(this.#parts, target, revision, alterations)
    if (upload !== undefined) {
      this.#upload(upload)
      this.#tellOnce('cut', 'MLflow does not keep some values whole: they are cut there, with a mark. All of them stand in the artefact attune/long-values.json of their runs.')
    }
    const renamed = alterations.find(({ what }) => what === 'renamed')
    if (renamed !== undefined) this.#tellOnce('renamed', `MLflow forbids some names, which are written in another way there, as "${renamed.key}", which is "${renamed.storedKey}".`)
  }

  #failed(error: unknown, inARow: number): void {
    const kind = kindOf(error)
    this.#failure = error instanceof Error ? error.message : String(error)
    if (isAbsent(error)) for (const giveUp of this.#givingUp) giveUp()
    if (kind === 'later' && inARow < tellFrom) return
    const code = isAttuneError(error) ? error.code : 'other'
    this.#tellOnce(`failure ${code}`, `${kind === 'later' ? 'MLflow does not answer as it should' : 'Something cannot be logged to MLflow as it is set up'}: it is tried again and again, and trials go on. ${this.#failure}`)
  }

  /** To stderr, unlike Python: what a program writes to its output stays its own, as with the progress display. The same text is not printed again. */
  #print(text: string): void {
    if (text === this.#printed) return
    this.#printed = text
    process.stderr.write(text)
  }

  #tellOnce(about: string, message: string): void {
    if (this.#told.has(about)) return
    this.#told.add(about)
    this.#context.warn(message)
  }

  #tell(message: string): void {
    if (this.#told.size < mostWarnings) this.#tellOnce(message, message)
    else this.#tellOnce('more', 'There is more to warn of about MLflow than is told here.')
  }
}
