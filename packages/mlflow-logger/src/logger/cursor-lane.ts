import { kindOf } from './failures.ts'
import type { LaneParts } from './run-lane.ts'
import type { Lane } from './scheduler.ts'
import { RunIsGone } from './study-runs.ts'

/** Milliseconds between two writes of the cursor while data flow. */
const interval = 1_000

/** Writes into a tag of the study's run how far the history is kept, after what it says is there. */
export class CursorLane implements Lane {
  readonly full = false
  readonly #parts: Pick<LaneParts, 'client' | 'runs' | 'progress' | 'signal'>
  readonly #wake: (lane: Lane) => void
  readonly #waiters = new Set<{ readonly upTo: number; readonly resolve: () => void }>()
  #due = false
  #saved = 0
  #timer: NodeJS.Timeout | undefined

  constructor(parts: Pick<LaneParts, 'client' | 'runs' | 'progress' | 'signal'>, wake: (lane: Lane) => void) {
    this.#parts = parts
    this.#wake = wake
  }

  get waiting(): boolean {
    return this.#due && this.#parts.progress.kept > this.saved
  }

  get saved(): number {
    return Math.max(this.#saved, this.#parts.runs.study?.kept ?? 0)
  }

  /** After a while, and again as long as something is on its way. */
  saveSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#due = true
      this.#wake(this)
      if (this.#parts.progress.pending > 0) this.saveSoon()
    }, interval).unref()
  }

  /** Resolves once what is kept now is written. */
  async save(): Promise<void> {
    const upTo = this.#parts.progress.kept
    if (upTo <= this.saved) return
    this.#due = true
    const written = new Promise<void>((resolve) => this.#waiters.add({ upTo, resolve }))
    this.#wake(this)
    await written
  }

  async work(): Promise<void> {
    const { client, runs, progress, signal } = this.#parts
    const { runId } = await runs.open()
    const { kept } = progress
    if (!runs.isGone('study')) {
      await client.runs.log(runId, { tags: { [runs.cursorTag]: String(kept) } }, { signal }).catch(async (error: unknown) => {
        if (kindOf(error) !== 'refused') throw error
        await runs.mustLive({ kind: 'study' }, runId).catch((gone: unknown) => {
          if (!(gone instanceof RunIsGone)) throw gone
        })
      })
    }
    this.#saved = kept
    this.#due = false
    for (const waiter of this.#waiters) {
      if (waiter.upTo > kept) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
    this.#due = this.#waiters.size > 0
  }

  close(): void {
    clearTimeout(this.#timer)
  }
}
