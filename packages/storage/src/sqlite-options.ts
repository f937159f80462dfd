import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AttuneError, type Clock } from '@attune/core'
import type { Durability } from './sqlite/open-file.ts'

/** How studies are kept in an SQLite file. */
export interface SqliteOptions {
  /** The file, made with its folder if it is not there; ':memory:' keeps everything in this process's memory. */
  readonly path: string | URL
  /**
   * What an acknowledged write survives: the end of the process (`'normal'`, the default), or also a power failure
   * (`'full'`, which waits for the disk at every write: some twenty times slower).
   */
  readonly durability?: Durability
  /** Longest wait for other processes' writes, in milliseconds, before a call fails with STORAGE_BUSY. Default 10,000. */
  readonly busyTimeout?: number
  /** Where times and the ends of leases come from. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'>
}

/** Options that were checked, defaults filled in, the path made absolute. */
export interface SqliteSettings {
  readonly path: string
  readonly durability: Durability
  readonly busyTimeout: number
  readonly clock: Pick<Clock, 'now'>
}

/** The machine's clock, as all threads and processes see it. */
export const machineClock: Pick<Clock, 'now'> = { now: () => Date.now() }

/** Throws STORAGE_OPTIONS for a value that is out of range. */
export function parseSqliteOptions(given: string | URL | SqliteOptions): SqliteSettings {
  const options = typeof given === 'string' || given instanceof URL ? { path: given } : given
  if (typeof options !== 'object' || options === null) throw invalid("path is missing: give the path of a file, as in sqlite('attune.db').")
  const unknown = Object.keys(options).find((name) => !['path', 'durability', 'busyTimeout', 'clock'].includes(name))
  if (unknown !== undefined) throw invalid(`there is no option ${JSON.stringify(unknown)}: the options are path, durability, busyTimeout and clock.`)
  const { durability = 'normal', busyTimeout = 10_000, clock = machineClock } = options
  if (durability !== 'normal' && durability !== 'full') throw invalid(`durability is ${JSON.stringify(durability)}: use 'normal' or 'full'.`)
  if (typeof busyTimeout !== 'number' || !(busyTimeout >= 0) || busyTimeout === Infinity) throw invalid(`busyTimeout is ${String(busyTimeout)}: use milliseconds from 0.`)
  return { path: parsePath(options.path), durability, busyTimeout, clock }
}

function parsePath(given: unknown): string {
  if (given instanceof URL) {
    if (given.protocol !== 'file:') throw invalid(`path is the URL ${given.href}: use a file: URL or a path.`)
    return fileURLToPath(given)
  }
  if (typeof given !== 'string' || given === '') throw invalid(`path is ${JSON.stringify(given) ?? String(given)}: give the path of a file, as in sqlite('attune.db').`)
  if (given.includes('\0')) throw invalid('path has a NUL character: give the path of a file.')
  // An absolute path is never read as one of SQLite's own URIs.
  return given === ':memory:' ? given : resolve(given)
}

function invalid(message: string): AttuneError {
  return new AttuneError('STORAGE_OPTIONS', `SQLite storage: ${message}`)
}
