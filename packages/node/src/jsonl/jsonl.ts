import { resolve } from 'node:path'
import { AttuneError, isAttuneError } from '@attune/core'
import type { Logger, LoggerContext, LoggerFactory, StudyEvent } from '@attune/core'
import { refuseUnknownOptions } from '../unknown-options.ts'
import { lacksRoom, writeError } from './errors.ts'
import { fileIn } from './file-name.ts'
import { linesOf } from './lines.ts'
import { LogFile } from './log-file.ts'
import type { JsonlRotation } from './log-file.ts'

/** Options of `jsonl`. */
export interface JsonlOptions {
  /** The file, as in `logs/digits.jsonl`. A study that is opened again goes on in it; it belongs to one study. */
  readonly path?: string
  /** Instead of `path`: a folder in which each study has a file of its own, named after it. Default `attune-logs`. */
  readonly folder?: string
  /** Goes on in a new file when one is full: `digits.jsonl` becomes `digits.000001.jsonl`. Default: one file. */
  readonly rotate?: JsonlRotation
}

/**
 * Writes every event of a study as JSON lines that pandas, DuckDB and jq read as they are: docs/jsonl.md has the schema. A line is in the file
 * once its event is logged, whole or not at all; a study that is resumed goes on in its file, nothing twice and nothing left out.
 * Throws OPTION for options that do not fit.
 */
export function jsonl(options: JsonlOptions = {}): LoggerFactory {
  refuseUnknownOptions('jsonl()', options, ['path', 'folder', 'rotate'])
  const { path, folder, rotate } = options
  for (const [name, value] of Object.entries({ path, folder })) {
    if (value !== undefined && (typeof value !== 'string' || value === '' || value.includes('\0'))) throw new AttuneError('OPTION', `jsonl({ ${name} }) is a path, got ${JSON.stringify(value)}.`, { details: { [name]: value } })
  }
  if (path !== undefined && folder !== undefined) throw new AttuneError('OPTION', 'jsonl() takes the path of a file, or a folder for the files of several studies, not both.', { details: { path, folder } })
  if (rotate !== undefined) {
    refuseUnknownOptions('jsonl({ rotate })', rotate, ['bytes', 'files'])
    const { bytes, files } = rotate
    if (bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes >= 1)) throw new AttuneError('OPTION', `rotate.bytes of jsonl() is an integer from 1, got ${String(bytes)}.`, { details: { bytes } })
    if (files !== undefined && !(Number.isSafeInteger(files) && files >= 1)) throw new AttuneError('OPTION', `rotate.files of jsonl() is an integer from 1, got ${String(files)}.`, { details: { files } })
  }
  return { specVersion: 'v1', id: 'jsonl', shared: true, create: (context) => createLogger(options, context) }
}

async function createLogger({ path: given, folder = 'attune-logs', rotate }: JsonlOptions, context: LoggerContext): Promise<Logger> {
  const { id, definition } = context.study
  // The study may change the working folder of its process later.
  const path = given === undefined ? await fileIn(resolve(folder), definition.name, id) : resolve(given)
  const file = new LogFile(path, id, rotate)
  try {
    await file.open()
  } catch (error) {
    if (!lacksRoom(error)) throw writeError(path, error)
    context.warn(writeError(path, error).message)
  }
  return new Jsonl(file, context)
}

class Jsonl implements Logger {
  readonly #file: LogFile
  readonly #context: LoggerContext
  /** Events of the revision that is not whole yet, by type: each comes at most once, though its call may be repeated. */
  #revision = 0
  #events = new Map<StudyEvent['type'], StudyEvent>()
  /** True once the path has turned out to hold the log of somebody else: to wait for it would keep the study open for nothing. */
  #refused = false
  #closed = false
  #tail: Promise<unknown> = Promise.resolve()

  constructor(file: LogFile, context: LoggerContext) {
    this.#file = file
    this.#context = context
  }

  get cursor(): number {
    return this.#file.kept
  }

  log(event: StudyEvent): Promise<void | 'later'> {
    return this.#inTurn(() => this.#take(event))
  }

  flush(): Promise<void> {
    return this.#inTurn(async () => {
      try {
        await this.#file.sync()
      } catch (error) {
        throw writeError(this.#file.path, error)
      }
    })
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#closed) return
      this.#closed = true
      try {
        await this.#file.close()
      } catch (error) {
        throw writeError(this.#file.path, error)
      }
    })
  }

  /** A call that outlasted its deadline may still run when the next one comes. */
  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(action)
    this.#tail = result.catch(() => undefined) // Whoever called gets the rejection through `result`.
    return result
  }

  async #take(event: StudyEvent): Promise<void | 'later'> {
    if (this.#closed) throw new AttuneError('JSONL_CLOSED', `The log "${this.#file.path}" is closed.`, { details: { path: this.#file.path } })
    if (this.#refused || event.revision <= this.#file.kept) return
    if (event.revision !== this.#revision) this.#events = new Map()
    this.#revision = event.revision
    this.#events.set(event.type, event)
    if (event.more === true) return
    const { definition } = this.#context.view.study
    const { lines, cut } = linesOf([...this.#events.values()], { id: this.#context.study.id, name: definition.name })
    if (cut > 0) this.#context.warn(`Texts that are longer than JSON readers take are cut in "${this.#file.path}", and end with their length: they are whole in the study's storage.`)
    try {
      const gone = await this.#file.append(event.revision, `${lines.join('\n')}\n`)
      if (gone) this.#context.warn(`"${this.#file.path}" was removed while the study was logged to it, and goes on in a new file from revision ${event.revision} on. To have all of it, remove the file and open the study again.`)
    } catch (error) {
      if (isAttuneError(error, 'JSONL_FILE')) {
        this.#refused = true
        return this.#context.warn(`${error.message} The study goes on without this log.`)
      }
      // No fault of the event: the disk may have room again, or the folder be there.
      this.#context.warn(`${writeError(this.#file.path, error).message} The lines follow once that works.`)
      return 'later'
    }
  }
}
