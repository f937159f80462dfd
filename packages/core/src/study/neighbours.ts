import type { Clock } from '../contracts/clock.ts'
import type { Host } from '../contracts/host.ts'
import { failpoint } from '../failpoint.ts'
import type { Leases } from './leases.ts'
import type { StudyAccess } from './study-access.ts'

/** One process that works on a study, or did. */
export interface Worker {
  /** Its `Host` identity: on Node machine, process id and start. */
  readonly owner: string
  /** `running` while its `optimize` runs, `gone` if it is known to have ended without closing the study. */
  readonly state: 'open' | 'running' | 'closed' | 'gone'
  /** The sampler it opened the study with, as in `tpe@1`, and the pruner. */
  readonly sampler: string | undefined
  readonly pruner: string | undefined
  /** Ids of the shared loggers that it is this process's turn to have. */
  readonly loggers: readonly string[]
  /** Numbers of the trials that it runs. */
  readonly running: readonly number[]
  /** Trials that ended under it: complete, pruned or failed. */
  readonly ended: number
  /** Milliseconds since the epoch, by the storage's clock. */
  readonly openedAt: number
  /** When it last wrote something other than a sign of life. */
  readonly lastSeenAt: number
}

export interface NeighboursParts {
  readonly access: StudyAccess
  readonly clock: Clock
  readonly host: Host
  readonly leases: Leases
  /** Milliseconds. */
  readonly lease: number
}

/** The processes that work on the same study: what they did, and what becomes of the trials of those that are gone. */
export class Neighbours {
  readonly #parts: NeighboursParts
  #sweepAfter = -Infinity
  /** Owners that are known to be gone: for ever. */
  readonly #gone = new Set<string>()
  /** Told of each look. */
  onLook: (() => void) | undefined

  constructor(parts: NeighboursParts) {
    this.#parts = parts
  }

  /** Trials that run elsewhere: in other processes, or under a study that this one opened again. */
  get running(): number {
    const { access, leases } = this.#parts
    return access.history.counts.running - leases.running
  }

  /** Takes in what others did, and requeues trials whose owners are gone at once, those whose leases have ended at the latest a third of a lease later. */
  async lookAround(): Promise<void> {
    const { access, clock, lease } = this.#parts
    await access.sync()
    this.onLook?.()
    if (this.running === 0) return
    const gone: string[] = []
    for (const { owner, running } of access.history.workers.all()) if (running.size > 0 && (await this.#isGone(owner))) gone.push(owner)
    const now = clock.now()
    if (gone.length === 0 && now < this.#sweepAfter) return
    this.#sweepAfter = now + lease / 3
    failpoint('engine.before-sweep')
    await access.mustWrite([{ type: 'sweep', gone }])
    failpoint('engine.after-sweep')
  }

  /** Who works on the study, and how they are. */
  async workers(): Promise<readonly Worker[]> {
    const { access } = this.#parts
    const holders = new Map<string, string>()
    for (const session of access.history.workers.line()) for (const id of session.loggers) if (!holders.has(id) && !(await this.#isGone(session.owner))) holders.set(id, session.owner)
    const workers: Worker[] = []
    for (const { owner, sampler, pruner, openedAt, lastSeenAt, phase, open, running, ended } of access.history.workers.all()) {
      const gone = (open > 0 || running.size > 0) && (await this.#isGone(owner))
      const state = gone ? 'gone' : open <= 0 ? 'closed' : phase === 'started' ? 'running' : 'open'
      const loggers = [...holders].flatMap(([id, holder]) => (holder === owner ? [id] : []))
      workers.push({ owner, state, sampler, pruner, loggers, running: [...running], ended, openedAt, lastSeenAt })
    }
    return workers
  }

  /** The session whose turn it is to have the shared logger of that id, if there is one. */
  async holderOf(logger: string): Promise<string | undefined> {
    for (const { name, owner, loggers } of this.#parts.access.history.workers.line()) if (loggers.has(logger) && !(await this.#isGone(owner))) return name
    return undefined
  }

  async #isGone(owner: string): Promise<boolean> {
    const { host } = this.#parts
    if (owner === host.identity) return false
    if (!this.#gone.has(owner) && (await host.isGone(owner))) this.#gone.add(owner)
    return this.#gone.has(owner)
  }
}
