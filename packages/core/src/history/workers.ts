import type { ChangeBody, SessionPhase } from '../contracts/change.ts'

/** What the history tells of one process that opened the study. */
export interface WorkerEntry {
  readonly owner: string
  /** Times are milliseconds since the epoch, by the storage's clock. */
  readonly openedAt: number
  lastSeenAt: number
  phase: SessionPhase
  /** What it opened the study with last. */
  sampler: string | undefined
  pruner: string | undefined
  /** Studies that this process has open on this history. */
  open: number
  /** Trials that it runs. */
  readonly running: Set<number>
  /** Trials that ended under it: complete, pruned or failed. */
  ended: number
}

/** Who works on a study: a fold of its sessions and of the trials that they run. */
export class Workers {
  readonly #byOwner = new Map<string, WorkerEntry>()
  readonly #closed = new Set<string>()

  /** Processes in the order in which they came. */
  all(): Iterable<WorkerEntry> {
    return this.#byOwner.values()
  }

  /** True if the session of that name has closed the study: whatever it did is in the history. */
  hasClosed(session: string): boolean {
    return this.#closed.has(session)
  }

  session({ owner, phase, session, sampler, pruner }: Extract<ChangeBody, { type: 'session' }>, time: number): void {
    const entry = this.#seen(owner, time)
    entry.phase = phase
    entry.sampler = sampler ?? entry.sampler
    entry.pruner = pruner ?? entry.pruner
    if (phase === 'opened' || phase === 'resumed') entry.open++
    else if (phase === 'closed') entry.open--
    if (phase === 'closed' && session !== undefined) this.#closed.add(session)
  }

  started(number: number, owner: string, time: number): void {
    this.#seen(owner, time).running.add(number)
  }

  reported(owner: string | undefined, time: number): void {
    const entry = owner === undefined ? undefined : this.#byOwner.get(owner)
    if (entry !== undefined) entry.lastSeenAt = time
  }

  /** A trial no longer runs; `by` says whether its owner said so. */
  freed(number: number, owner: string | undefined, time: number, by: 'owner' | 'others', ended: boolean): void {
    const entry = owner === undefined ? undefined : this.#byOwner.get(owner)
    if (entry === undefined) return
    if (!entry.running.delete(number)) return
    if (by === 'owner') entry.lastSeenAt = time
    if (ended) entry.ended++
  }

  #seen(owner: string, time: number): WorkerEntry {
    let entry = this.#byOwner.get(owner)
    if (entry === undefined) this.#byOwner.set(owner, (entry = { owner, openedAt: time, lastSeenAt: time, phase: 'opened', sampler: undefined, pruner: undefined, open: 0, running: new Set(), ended: 0 }))
    entry.lastSeenAt = time
    return entry
  }
}
