import { AttuneError } from '@attune/core'
import type { Folders } from './folders.ts'

/** Milliseconds for which what the directory was seen to hold is believed. */
const measureAfter = 10_000
/** Repetitions of a measurement that something came in between of. */
const mostMeasurements = 5

/** How much a directory holds, and may hold, in bytes. */
export class Room {
  readonly #folders: Folders
  readonly #maxTotalBytes: number
  /** What it held when it was last measured, with what happened here since. */
  #held = 0
  #measuredAt = -Infinity
  #measuring: Promise<void> | undefined
  /** Counts what came and went here. */
  #changes = 0
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
      this.#measuring ??= this.#measure().finally(() => {
        this.#measuring = undefined
      })
      await this.#measuring
    }
    const held = this.#held + this.#coming
    if (held + size > most) throw new AttuneError('ARTIFACT_STORE_FULL', `An artefact of ${size} bytes does not fit into the store in ${this.#folders.path}: it holds ${held} of the ${most} bytes that it may. Raise maxTotalBytes, keep fewer artefacts, or call collectGarbage.`, { details: { path: this.#folders.path, size, held, maxTotalBytes: most } })
    this.#coming += size
  }

  /** A measurement during which something comes or goes has counted it or not: it is taken again, but not for ever. */
  async #measure(): Promise<void> {
    for (let again = 0; ; again++) {
      const before = this.#changes
      let held = 0
      for await (const entry of this.#folders.all()) held += entry.size
      if (this.#changes !== before && again < mostMeasurements) continue
      this.#held = held
      this.#measuredAt = Date.now()
      return
    }
  }

  /** Bytes that were coming are there. */
  came(size: number): void {
    this.#changes++
    this.#coming -= size
    this.#held += size
  }

  /** Bytes that were coming did not arrive. */
  stayedAway(size: number): void {
    this.#coming -= size
  }

  freed(size: number): void {
    this.#changes++
    this.#held -= size
  }
}
