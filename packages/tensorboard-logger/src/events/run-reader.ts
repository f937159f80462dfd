import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readError } from './errors.ts'
import { eventFileNames, isEventFileName } from './event-file.ts'
import { readFile, waitForMore, type ReadOptions } from './event-reader.ts'
import type { TensorBoardEvent } from './event.ts'
import type { KnownPlugins } from './value-decoder.ts'

/** A folder that holds event files. */
export interface RunFolder {
  /** As TensorBoard names it: the path below the log directory with `/` between its parts, `.` for the log directory itself. */
  readonly name: string
  readonly folder: string
}

/**
 * Reads the event files of a run as one, in the order of their names. A file counts as over once a later one is there.
 * `start` events say where readers are to forget earlier points; `loadRun` does. Throws as `readEvents` does.
 */
export async function* readRun(folder: string, options: ReadOptions = {}): AsyncGenerator<TensorBoardEvent, void, void> {
  const plugins: KnownPlugins = new Map()
  let name: string | undefined
  for (;;) {
    const next = await fileAfter(folder, name)
    if (next !== undefined) {
      name = next
      yield* readFile(join(folder, next), { torn: 'end', ...options }, plugins, untilLaterFile(folder, next, options))
      if (options.follow?.aborted) return
    } else if (!(await waitForMore(options))) return
  }
}

/** Says whether to look at the end of a file once more: as long as no later file is there, and once when there is one. */
function untilLaterFile(folder: string, name: string, options: ReadOptions): () => Promise<boolean> {
  let isOver = false
  return async () => {
    if (isOver || options.follow === undefined) return false
    if ((await fileAfter(folder, name)) === undefined) return waitForMore(options)
    isOver = true
    return true
  }
}

async function fileAfter(folder: string, name: string | undefined): Promise<string | undefined> {
  try {
    return (await eventFileNames(folder)).find((other) => name === undefined || other > name)
  } catch (cause) {
    throw readError(folder, cause)
  }
}

/**
 * The runs in a log directory at any depth, by name. Links are followed, but not back into a folder that they lie in.
 * Rejects with TENSORBOARD_READ if a folder cannot be read.
 */
export async function listRuns(logDir: string): Promise<readonly RunFolder[]> {
  const runs: RunFolder[] = []
  async function visit(folder: string, name: string, above: readonly string[]): Promise<void> {
    const real = await realpath(folder)
    if (above.includes(real)) return
    const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))
    if (entries.some((entry) => isEventFileName(entry.name) && !entry.isDirectory())) runs.push({ name: name === '' ? '.' : name, folder })
    for (const entry of entries) {
      const path = join(folder, entry.name)
      if (entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(path)))) await visit(path, name === '' ? entry.name : `${name}/${entry.name}`, [...above, real])
    }
  }
  try {
    await visit(logDir, '', [])
  } catch (cause) {
    throw readError(logDir, cause)
  }
  return runs
}

async function isFolder(link: string): Promise<boolean> {
  try {
    return (await stat(link)).isDirectory()
  } catch {
    return false // a link to nothing
  }
}
