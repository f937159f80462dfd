import type { SessionNews, SessionPhase } from '../contracts/change.ts'

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

/** A study that a process has open with shared loggers. */
export interface SharingSession {
  readonly name: string
  readonly owner: string
  /** Ids of the shared loggers that it can have. */
  readonly loggers: ReadonlySet<string>
}

/** Milliseconds after which a session that has written nothing loses its turn, once another one writes. */
const silence = 10 * 60_000

/** Who works on a study: a fold of its sessions and of the trials that they run. */
export class Workers {
  readonly #byOwner = new Map<string, WorkerEntry>()
  readonly #closed = new Set<string>()
  readonly #line = new Map<string, SharingSession>()
  /** Out of the line, because trials were taken from their owners, or they were silent, and have not written since. */
  readonly #doubted = new Map<string, SharingSession>()

  /** Processes in the order in which they came. */
  all(): Iterable<WorkerEntry> {
    return this.#byOwner.values()
  }

  /** True if the session of that name has closed the study: whatever it did is in the history. */
  hasClosed(session: string): boolean {
    return this.#closed.has(session)
  }

  /**
   * Sessions in the order in which it is their turn to have the shared loggers that they can have. One whose owner has lost a trial to
   * others, or has written nothing for ten minutes when another one writes, has lost its turn: nobody can tell whether it lives. Once the
   * owner writes again, it is behind all others.
   */
  line(): Iterable<SharingSession> {
    return this.#line.values()
  }

  session({ owner, phase, session, loggers, sampler, pruner }: SessionNews, time: number): void {
    const entry = this.#seen(owner, time)
    if (session !== undefined) this.#queue(session, owner, phase, loggers ?? [])
    this.#doubtTheSilent(owner, time)
    if (phase === 'declined') return
    entry.phase = phase
    entry.sampler = sampler ?? entry.sampler
    entry.pruner = pruner ?? entry.pruner
    if (phase === 'opened' || phase === 'resumed') entry.open++
    else if (phase === 'closed') entry.open--
    if (phase === 'closed' && session !== undefined) this.#closed.add(session)
  }

  /** What follows belongs to a copy, which nobody has open. */
  copied(): void {
    this.#line.clear()
    this.#doubted.clear()
  }

  #queue(name: string, owner: string, phase: SessionPhase, loggers: readonly string[]): void {
    if (phase === 'closed') {
      this.#line.delete(name)
      this.#doubted.delete(name)
    } else if (phase === 'declined') {
      const session = this.#line.get(name)
      if (session !== undefined) this.#line.set(name, { ...session, loggers: new Set([...session.loggers].filter((id) => !loggers.includes(id))) })
    } else if (loggers.length > 0) this.#line.set(name, { name, owner, loggers: new Set(loggers) })
  }

  #doubt(owner: string): void {
    for (const session of this.#line.values()) {
      if (session.owner !== owner) continue
      this.#line.delete(session.name)
      this.#doubted.set(session.name, session)
    }
  }

  /** Only those who come first: the others have no turn to lose. */
  #doubtTheSilent(owner: string, time: number): void {
    if (this.#line.size < 2) return
    for (const session of this.#line.values()) {
      if (session.owner === owner || time - this.#byOwner.get(session.owner)!.lastSeenAt <= silence) return
      this.#doubt(session.owner)
    }
  }

  #trust(owner: string): void {
    if (this.#doubted.size === 0) return
    for (const session of this.#doubted.values()) {
      if (session.owner !== owner) continue
      this.#doubted.delete(session.name)
      this.#line.set(session.name, session)
    }
  }

  started(number: number, owner: string, time: number): void {
    this.#seen(owner, time).running.add(number)
  }

  reported(owner: string | undefined, time: number): void {
    if (owner !== undefined && this.#byOwner.has(owner)) this.#seen(owner, time)
  }

  /** A trial no longer runs; `by` says whether its owner said so. */
  freed(number: number, owner: string | undefined, time: number, by: 'owner' | 'others', ended: boolean): void {
    const entry = owner === undefined ? undefined : this.#byOwner.get(owner)
    if (entry === undefined) return
    if (!entry.running.delete(number)) return
    if (by === 'owner') this.#seen(entry.owner, time)
    else this.#doubt(entry.owner)
    if (ended) entry.ended++
  }

  #seen(owner: string, time: number): WorkerEntry {
    let entry = this.#byOwner.get(owner)
    if (entry === undefined) this.#byOwner.set(owner, (entry = { owner, openedAt: time, lastSeenAt: time, phase: 'opened', sampler: undefined, pruner: undefined, open: 0, running: new Set(), ended: 0 }))
    entry.lastSeenAt = time
    this.#trust(owner)
    this.#doubtTheSilent(owner, time)
    return entry
  }
}
