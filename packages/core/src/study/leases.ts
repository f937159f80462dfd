import type { LeaseRequest } from '../contracts/change.ts'
import type { Clock } from '../contracts/clock.ts'
import type { KeepAlive } from '../contracts/storage.ts'
import { describe } from '../errors.ts'
import type { StudyAccess } from './study-access.ts'
import type { Trial } from './trial.ts'
import type { Warnings } from './warnings.ts'

export interface LeaseParts {
  readonly access: StudyAccess
  readonly clock: Clock
  readonly owner: string
  /** Milliseconds. */
  readonly length: number
  /** Without it nobody else can take a trial over, so a lease need never end. */
  readonly persistent: boolean
  readonly warnings: Warnings
}

/** The trials that run in this process: each under a lease that is renewed three times in its length. */
export class Leases {
  readonly #parts: LeaseParts
  readonly #held = new Map<number, Trial>()
  readonly #byHand = new Set<number>()
  /** Numbers of trials that nobody here has ended yet, and that others have taken over. */
  readonly #lost = new Set<number>()
  #tokens = 0
  #cancelRenewal: (() => void) | undefined
  #keepAlive: Promise<KeepAlive | undefined> | undefined
  #closed = false
  /** Renewals under way. */
  readonly #renewing = new Set<Promise<void>>()
  /** The thread finds leases by the session: it must be told which ones are to end. */
  readonly #abandoned: string[] = []

  constructor(parts: LeaseParts) {
    this.#parts = parts
  }

  /** A lease for one more attempt, with a token of its own. */
  request(): LeaseRequest {
    const { owner, access, persistent, length } = this.#parts
    // From before the trial is there: what blocks the event loop may come before its answer. Kept when no trial runs for a moment: a thread is dear.
    if (persistent && !this.#closed) this.#keepAlive ??= this.#startKeepAlive()
    return { owner, token: `${access.session}/${++this.#tokens}`, milliseconds: persistent ? length : Number.MAX_SAFE_INTEGER }
  }

  /** The trial of that number, if it runs here. */
  get(number: number): Trial | undefined {
    return this.#held.get(number)
  }

  /** How many trials run here, as far as is known: those that were lost run elsewhere by now. */
  get running(): number {
    return this.#held.size - this.#lost.size
  }

  /** How many of these were asked for by hand: nobody knows whether they will be told. */
  get byHand(): number {
    return this.#byHand.size
  }

  handOut(trial: Trial): void {
    if (this.#held.get(trial.number) === trial) this.#byHand.add(trial.number)
  }

  all(): readonly Trial[] {
    return Array.from(this.#held.values())
  }

  hold(trial: Trial): void {
    // Its lease had ended, and this very process has claimed it again.
    this.#held.get(trial.number)?.stop('lost')
    this.#byHand.delete(trial.number)
    this.#lost.delete(trial.number)
    this.#held.set(trial.number, trial)
    // One that was on its way when the study was closed is put back at once.
    if (!this.#parts.persistent || this.#closed) return
    if (this.#cancelRenewal === undefined) this.#renewLater()
  }

  /** Somebody else has taken the trial over: its code is asked to end, and what it comes to is not kept. */
  lose(trial: Trial): void {
    trial.stop('lost')
    if (this.#held.get(trial.number) !== trial) return
    this.#byHand.delete(trial.number)
    this.#lost.add(trial.number)
  }

  /** Lets go of a trial whose end could not be stored: its lease ends by itself. */
  giveUp(trial: Trial): void {
    this.release(trial)
    this.abandon(trial.token)
  }

  /** This token holds nothing here, whatever the storage says: its lease ends by itself. */
  abandon(token: string): void {
    if (!this.#parts.persistent) return
    this.#abandoned.push(token)
    void this.#keepAlive?.then((keepAlive) => keepAlive?.forget(token))
  }

  /** Ends the thread that renews, and waits for what is under way. */
  async close(): Promise<void> {
    this.#closed = true
    const keepAlive = await this.#keepAlive
    await keepAlive?.stop()
    await Promise.all(this.#renewing)
  }

  /** Lets go of a trial: it is no longer renewed, and takes no more writes. */
  release(trial: Trial): void {
    if (this.#held.get(trial.number) === trial) {
      this.#held.delete(trial.number)
      this.#byHand.delete(trial.number)
      this.#lost.delete(trial.number)
    }
    if (this.#held.size > 0) return
    this.#cancelRenewal?.()
    this.#cancelRenewal = undefined
  }

  #renewLater(): void {
    this.#cancelRenewal = this.#parts.clock.schedule(this.#parts.length / 3, () => {
      this.#cancelRenewal = undefined
      for (const trial of this.#held.values()) {
        const renewal = this.#renew(trial)
        this.#renewing.add(renewal)
        void renewal.then(() => this.#renewing.delete(renewal))
      }
      if (this.#held.size > 0) this.#renewLater()
    })
  }

  async #startKeepAlive(): Promise<KeepAlive | undefined> {
    const { access, length, warnings } = this.#parts
    try {
      const keepAlive = await access.keepAlive(length)
      for (const token of this.#abandoned) keepAlive?.forget(token)
      return keepAlive
    } catch (error) {
      warnings.tell('study', `Leases are renewed by this thread alone, so code that blocks it for more than ${length} ms may lose its trial: ${describe(error)}`)
      return undefined
    }
  }

  async #renew(trial: Trial): Promise<void> {
    const { access, length, warnings } = this.#parts
    try {
      const result = await access.write([{ type: 'renew', number: trial.number, token: trial.token, milliseconds: length }])
      // Whoever runs it now may be quicker: what is done here is done in vain.
      if (!result.ok && this.#held.get(trial.number) === trial) this.lose(trial)
    } catch (error) {
      warnings.tell('study', `The lease of trial ${trial.number} could not be renewed: ${describe(error)}`, trial.number)
    }
  }
}
