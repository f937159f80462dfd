// Longer than other files on purpose: giving, waiting, reading back and telling what is missing all turn on one position.
import type { Clock } from '../contracts/clock.ts'
import type { StudyEvent } from '../contracts/event.ts'
import type { Logger } from '../contracts/logger.ts'
import { describe } from '../errors.ts'
import { within } from './within.ts'

/** Events kept for a logger before it is made to read them back from the storage instead. */
const queueLimit = 10_000
const callDeadline = 30_000
const attempts = 3
/** How often a logger that moves on gets the time to catch up, at the end of a study that no storage keeps. */
const roundsInMemory = 6
/** Milliseconds until an event is given again that the logger wants later: at first, at most, and while somebody waits for it. */
const pauses = { first: 1000, longest: 30_000, hurried: 100 } as const
/** A pause after which a replay is begun anew: while it waits, it is a second history in memory. */
const longPause = 8000
/** Milliseconds that a logger may be behind before that is told, and how often it is told. */
const patience = 10_000
const mostTold = 10
/** Events of a replay after which others have their turn. */
const burst = 500

/** What a pump needs of its study. */
export interface PumpSource {
  readonly clock: Clock
  /** True if the storage has what the logger was not given, also after the end of the process. */
  readonly persistent: boolean
  /** Revision up to which this process has seen the history. */
  revision(): number
  /** Changes after a revision with their events, read back from the storage. */
  replay(after: number): AsyncIterable<{ readonly revision: number; readonly events: readonly StudyEvent[] }>
  warn(message: string): void
}

/**
 * Gives one logger its events, in order, one at a time, without anybody waiting for it. A logger that falls
 * too far behind, or that starts late, reads the history back from the storage, which is the truth.
 */
export class LoggerPump {
  readonly #id: string
  readonly #logger: Logger
  readonly #source: PumpSource
  /** What the logger had kept when it began. */
  readonly #begin: Logger['cursor']
  #queue: StudyEvent[] = []
  /** Every event up to here was given to the logger. */
  #position: number
  /** How many events of the last revision were given. */
  #begun = { revision: 0, given: 0 }
  /** The last revision that has events, as far as is known. */
  #latest: number
  /** True if the queue does not have all that comes after the position. */
  #behind: boolean
  #working: Promise<void> | undefined
  #pause: number = pauses.first
  #cutShort: (() => void) | undefined
  /** Who waits for the logger to be given everything. */
  #waiting = 0
  /** Told when the logger wants an event later. */
  readonly #fullOnce = new Set<() => void>()
  /** Since when the logger lags, and what it had got by then. */
  #lag: { readonly since: number; readonly from: number; told: boolean } | undefined
  #lagsTold = 0
  readonly #lost = { events: 0, told: 0 }
  /** What the last flush said of itself: not everything is kept, but it goes on. */
  #movesOn = false
  #closed = false
  #ending: Promise<void> | undefined

  constructor(id: string, logger: Logger, source: PumpSource) {
    this.#id = id
    this.#logger = logger
    this.#source = source
    const { cursor } = logger
    const now = source.revision()
    this.#begin = cursor
    this.#position = cursor === 'now' ? now : cursor
    if (!(this.#position <= now)) {
      this.#position = now
      source.warn(`Logger ${id} says that it has the history up to revision ${String(cursor)}, but there are only ${now}: its tracker belongs to another study. It gets what happens from here on.`)
    }
    // Again, because what was just said is a change too.
    this.#latest = source.revision()
    this.#behind = this.#position < this.#latest
    if (this.#behind) this.#wake()
  }

  push(event: StudyEvent): void {
    if (this.#closed || event.revision <= this.#position) return
    this.#latest = event.revision
    if (!this.#behind && this.#queue.length >= queueLimit) {
      this.#queue = []
      this.#behind = true
      this.#lags()
    }
    // Whoever is behind reads it back: now, or again where that has failed.
    if (!this.#behind) this.#queue.push(event)
    this.#wake()
  }

  /** True once the logger has everything, false if that takes longer than the deadline. */
  async drain(milliseconds: number): Promise<boolean> {
    let late = false
    this.#movesOn = false
    this.#waiting++
    this.#cutShort?.()
    try {
      const inTime = await within(this.#source.clock, milliseconds, async () => {
        if (this.#behind) this.#wake()
        while (this.#working !== undefined) {
          const full = new Promise<true>((resolve) => this.#fullOnce.add(() => resolve(true)))
          // Flushed, it may have room again, or know that there is no use in waiting.
          const isFull = (await Promise.race([this.#working, full])) === true
          if (late) return
          if (isFull) await this.#logger.flush()
        }
        // It may have been closed since.
        if (late) return
        const answer = await this.#logger.flush()
        if (!late) this.#movesOn = answer === 'later'
      }, true)
      return inTime && !this.#behind && !this.#movesOn
    } catch (error) {
      this.#source.warn(`Logger ${this.#id} could not flush: ${describe(error)}`)
      return false
    } finally {
      late = true
      if (--this.#waiting === 0) this.#fullOnce.clear()
    }
  }

  /** Ends the logger, after a last chance to catch up. */
  close(milliseconds: number): Promise<void> {
    return (this.#ending ??= this.#end(milliseconds, false))
  }

  /** Ends the logger without more ado: another process goes on where it ends. */
  handOver(milliseconds: number): Promise<void> {
    return (this.#ending ??= this.#end(milliseconds, true))
  }

  async #end(milliseconds: number, handOver: boolean): Promise<void> {
    const { clock } = this.#source
    const latest = this.#latest
    const whole = !handOver && (await this.#drainAtLast(milliseconds))
    this.#closed = true
    this.#queue = []
    this.#cutShort?.()
    if (handOver) await within(clock, milliseconds, () => this.#working, true)
    try {
      if (!(await within(clock, milliseconds, () => this.#logger.close(), true))) this.#source.warn(`Logger ${this.#id} did not close within ${milliseconds} ms.`)
    } catch (error) {
      this.#source.warn(`Logger ${this.#id} could not close: ${describe(error)}`)
    }
    if (this.#lost.events > this.#lost.told) this.#source.warn(`Logger ${this.#id} has lost ${this.#lost.events} event(s) in all.`)
    if (!handOver) this.#tellRest(latest, whole)
  }

  /** What a study in memory alone cannot send now is lost: a tracker that is slow, and not away, gets more time. */
  async #drainAtLast(milliseconds: number): Promise<boolean> {
    let rounds = this.#source.persistent ? 1 : roundsInMemory
    while (!(await this.drain(milliseconds))) if (!this.#movesOn || --rounds === 0) return false
    return true
  }

  /** Says what the logger has not kept, and what becomes of it. */
  #tellRest(latest: number, whole: boolean): void {
    const cursor = this.#cursorNow()
    // A logger that was given everything and could flush has kept it, unless it says itself that it has not.
    if (whole && cursor === this.#begin) return
    const missing = latest - (cursor === 'now' ? this.#position : cursor)
    if (!(missing > 0)) return
    const fate = cursor === 'now' ? 'are lost to it, because it begins anew at each start' : this.#source.persistent ? 'are sent when the study is opened again with this logger' : 'are lost, because the study is kept in memory alone'
    this.#source.warn(`Logger ${this.#id} was closed before it had kept everything: ${missing} change(s) ${fate}.`)
  }

  #cursorNow(): Logger['cursor'] {
    try {
      return this.#logger.cursor
    } catch (error) {
      this.#source.warn(`Logger ${this.#id} cannot say what it has kept: ${describe(error)}`)
      return this.#begin
    }
  }

  #wake(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
      if (this.#queue.length > 0 && !this.#closed) this.#wake() // It came just after the last look.
    })
  }

  async #work(): Promise<void> {
    while (!this.#closed) {
      if (this.#behind) {
        const end = await this.#catchUp()
        if (end === 'unreadable') return
        if (end === 'later') await this.#rest()
        continue
      }
      const queue = this.#queue
      const [event] = queue
      if (event === undefined) return this.#caughtUp()
      if ((await this.#give(event)) === 'later') await this.#rest()
      else if (this.#queue === queue) queue.shift()
    }
  }

  /** `unreadable` if the history cannot be read now: the logger stays behind, and tries again when something happens, or at the end. */
  async #catchUp(): Promise<'done' | 'later' | 'unreadable'> {
    try {
      // No await between the last look at the revision and the next live event: nothing falls in between.
      for (let given = 1; this.#position < this.#source.revision(); ) {
        for await (const { revision, events } of this.#source.replay(this.#position)) {
          for (const event of events.slice(revision === this.#begun.revision ? this.#begun.given : 0)) {
            while (!this.#closed && (await this.#give(event)) === 'later') {
              if (this.#waiting === 0 && this.#pause >= longPause) return 'later'
              await this.#rest()
            }
            if (this.#closed) return 'done'
            if (given++ % burst === 0) await this.#sleep(0)
          }
          this.#position = revision
        }
      }
    } catch (error) {
      this.#source.warn(`Logger ${this.#id} cannot read the history back now, and tries again later: ${describe(error)}`)
      return 'unreadable'
    }
    this.#behind = false
    this.#latest = this.#begun.revision // What came after it, if anything, is nothing that loggers are told.
    return 'done'
  }

  #passed({ revision, more }: StudyEvent): void {
    this.#begun = { revision, given: revision === this.#begun.revision ? this.#begun.given + 1 : 1 }
    if (more !== true) this.#position = revision
    this.#pause = pauses.first
    if (this.#lag !== undefined) this.#lags()
  }

  /** Gives one event, and again if that fails. `later` if the logger wants it later: it was not passed. */
  async #give(event: StudyEvent): Promise<'passed' | 'later'> {
    let problem = 'it took too long'
    for (let attempt = 0; attempt < attempts; attempt++) {
      try {
        let answer: unknown
        const inTime = await within(this.#source.clock, callDeadline, async () => {
          answer = await this.#logger.log(event)
        }, false)
        if (inTime) {
          if (answer === 'later') return 'later'
          this.#passed(event)
          return 'passed'
        }
      } catch (error) {
        problem = describe(error)
      }
    }
    this.#passed(event)
    this.#lost.events++
    if (event.type !== 'warning' && (this.#lost.events === 1 || this.#lost.events % 100 === 0)) {
      this.#lost.told = this.#lost.events
      this.#source.warn(`Logger ${this.#id} has lost ${this.#lost.events} event(s), the last one a ${event.type}: ${problem}`)
    }
    return 'passed'
  }

  /** Waits until the event that the logger wants later is given again. */
  async #rest(): Promise<void> {
    if (this.#closed) return
    for (const tell of this.#fullOnce) tell()
    this.#fullOnce.clear()
    this.#lags()
    if (this.#waiting > 0) return this.#sleep(pauses.hurried)
    await this.#sleep(this.#pause)
    this.#pause = Math.min(this.#pause * 2, pauses.longest)
  }

  /** Ends at once where somebody begins to wait for the logger. */
  async #sleep(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#source.clock.schedule(milliseconds, resolve, this.#waiting > 0)
      this.#cutShort = () => {
        cancel()
        resolve()
      }
    })
    this.#cutShort = undefined
  }

  #lags(): void {
    const { clock } = this.#source
    this.#lag ??= { since: clock.now(), from: this.#position, told: false }
    if (this.#lag.told || clock.now() - this.#lag.since < patience || this.#lagsTold === mostTold) return
    this.#lagsTold++
    this.#lag.told = true
    this.#source.warn(`Logger ${this.#id} is ${this.#source.revision() - this.#position} change(s) behind: its tracker is slow, or cannot be reached. No trial waits for it; what it lacks is sent later.`)
  }

  #caughtUp(): void {
    if (this.#lag?.told === true) this.#source.warn(`Logger ${this.#id} has caught up: ${this.#position - this.#lag.from} change(s) were sent late.`)
    this.#lag = undefined
  }
}
