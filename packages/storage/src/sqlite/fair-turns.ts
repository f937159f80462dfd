import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Writes that a connection may make in a row while others want to write too. */
const turn = 8
/** Longest pause after a turn and between two tries, in milliseconds; the mean is half of it. */
const longestPause = 5
/** For so many writes after another connection was last met, it counts as wanting to write: not a time, as a busy machine is slow. */
const memory = 256

/**
 * Shares the write lock among connections that all write in a loop. SQLite gives the lock to whoever asks at the right instant,
 * and that is nearly always the one that had it last: it asks at once, while the others pause between two tries.
 * Here the one that had it pauses as well, after some writes, for as long as those that wait: nobody has a better chance than
 * another. Others are noticed by their locks and by their commits. Who writes alone never pauses.
 */
export class FairTurns {
  readonly #version: StatementSync
  #lastVersion: unknown
  /** Writes for which others count as waiting. */
  #contended = 0
  #lastWrite = -Infinity
  #writes = 0

  constructor(database: DatabaseSync) {
    this.#version = database.prepare('pragma data_version')
    this.#lastVersion = this.#committedByOthers()
  }

  /** Milliseconds to wait before the next write. */
  pauseBeforeWrite(): number {
    if (this.#writes < turn || this.#contended === 0) return 0
    this.#writes = 0
    return Math.max(0, pauseLength() - (performance.now() - this.#lastWrite))
  }

  /** Told of each write that was made. Never throws: the write is there. */
  wrote(): void {
    this.#writes++
    if (this.#contended > 0) this.#contended--
    this.#lastWrite = performance.now()
  }

  /** Looks for commits of others, now and then. Part of each try to write, as it throws SQLite's busy error as well. */
  look(): void {
    if (this.#writes % turn !== 0) return
    const version = this.#committedByOthers()
    if (version === this.#lastVersion) return
    this.#lastVersion = version
    this.met()
  }

  /** Told that another connection has the lock. */
  met(): void {
    this.#contended = memory
  }

  /** A number that changes when another connection has committed. */
  #committedByOthers(): unknown {
    return this.#version.get()?.['data_version']
  }
}

/** Pauses of random length: two that ask at the same instant do not go on doing so. */
export function pauseLength(): number {
  return Math.random() * longestPause
}
