import type { StudyEvent } from '@attune/core'

/**
 * How far the history is kept: which revisions still have something on its way. Everything up to `kept` is in the tracker, or was given up
 * and told. In memory stands only what is on its way.
 */
export class Progress {
  /** Pieces of each revision that are on their way, in the order of revisions. */
  readonly #open = new Map<number, number>()
  readonly #waiters = new Set<{ readonly upTo: number; readonly resolve: () => void }>()
  /** The last revision of which every event came. */
  #passed = 0
  #last = 0

  /** Pieces on their way. */
  pending = 0

  /** The revision up to which every event is kept. */
  get kept(): number {
    return Math.min(this.#passed, this.#oldest() - 1)
  }

  /** The last revision of which an event came. */
  get last(): number {
    return this.#last
  }

  /** The tracker has kept more than was known at first. */
  startFrom(kept: number): void {
    this.#passed = Math.max(this.#passed, kept)
    this.#last = Math.max(this.#last, kept)
  }

  begin(revision: number): void {
    this.#open.set(revision, (this.#open.get(revision) ?? 0) + 1)
    this.pending++
  }

  end(revision: number): void {
    const open = this.#open.get(revision) ?? 0
    this.pending--
    if (open > 1) {
      this.#open.set(revision, open - 1)
      return
    }
    this.#open.delete(revision)
    const oldest = this.#oldest()
    for (const waiter of this.#waiters) {
      if (waiter.upTo >= oldest) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
  }

  /** Called for each event, once its pieces have begun. A revision is complete with the event that says that no other follows. */
  came({ revision, more }: Pick<StudyEvent, 'revision' | 'more'>): void {
    this.#last = Math.max(this.#last, revision)
    if (more !== true) this.#passed = Math.max(this.#passed, revision)
  }

  /** Whether nothing of a revision up to this one is on its way. */
  isSettled(upTo: number): boolean {
    return this.#oldest() > upTo
  }

  /** Resolves once nothing that came up to now is on its way. */
  async settled(): Promise<void> {
    const upTo = this.#last
    if (this.isSettled(upTo)) return
    await new Promise<void>((resolve) => this.#waiters.add({ upTo, resolve }))
  }

  #oldest(): number {
    const { value } = this.#open.keys().next()
    return value ?? Infinity
  }
}
