import { AttuneError } from '@attune/core'
import type { Folders } from './folders.ts'

/** Milliseconds for which what the directory was seen to hold is believed. */
const measureAfter = 10_000

/** How much a directory holds, and may hold, in bytes. */
export class Room {
  readonly #folders: Folders
  readonly #maxTotalBytes: number
  /** What it held when it was last measured, with what happened here since. */
  #held = 0
  #measuredAt = -Infinity
  /** What is being put here. */
  #coming = 0

  constructor(folders: Folders, maxTotalBytes: number) {
    this.#folders = folders
    this.#maxTotalBytes = maxTotalBytes
  }

  /** Counts bytes that are coming. Throws ARTIFACT_STORE_FULL if the directory may not hold so much more. */
  async take(size: number): Promise<void> {
    const most = this.#maxTotalBytes
    if (most !== Infinity && (this.#held + this.#coming + size > most || Date.now() - this.#measuredAt > measureAfter)) {
      let held = 0
      for await (const entry of this.#folders.all()) held += entry.size
      this.#held = held
      this.#measuredAt = Date.now()
    }
    const held = this.#held + this.#coming
    if (held + size > most) throw new AttuneError('ARTIFACT_STORE_FULL', `An artefact of ${size} bytes does not fit into the store in ${this.#folders.path}: it holds ${held} of the ${most} bytes that it may. Raise maxTotalBytes, keep fewer artefacts, or call collectGarbage.`, { details: { path: this.#folders.path, size, held, maxTotalBytes: most } })
    this.#coming += size
  }

  /** Bytes that were coming are there. */
  came(size: number): void {
    this.#coming -= size
    this.#held += size
  }

  /** Bytes that were coming did not arrive. */
  stayedAway(size: number): void {
    this.#coming -= size
  }

  freed(size: number): void {
    this.#held -= size
  }
}
