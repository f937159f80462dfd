import type { Clock } from '../contracts/clock.ts'
import type { StudyEvent } from '../contracts/event.ts'
import type { Logger } from '../contracts/logger.ts'
import { describe } from '../errors.ts'
import { within } from './within.ts'

/** Events kept for a logger before it is made to read them back from the storage instead. */
const queueLimit = 10_000
const callDeadline = 30_000
const attempts = 3

/** What a pump needs of its study. */
export interface PumpSource {
  readonly clock: Clock
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
  #queue: StudyEvent[] = []
  /** Every event up to here was given to the logger. */
  #position: number
  /** How many events of the last revision were given. */
  #begun = { revision: 0, given: 0 }
  #behind: boolean
  #working: Promise<void> | undefined
  #lost = 0
  #closed = false

  constructor(id: string, logger: Logger, source: PumpSource) {
    this.#id = id
    this.#logger = logger
    this.#source = source
    const { cursor } = logger
    const now = source.revision()
    this.#position = cursor === 'now' ? now : cursor
    if (!(this.#position <= now)) {
      this.#position = now
      source.warn(`Logger ${id} says that it has the history up to revision ${String(cursor)}, but there are only ${now}: its tracker belongs to another study. It gets what happens from here on.`)
    }
    this.#behind = this.#position < source.revision()
    if (this.#behind) this.#wake()
  }

  push(event: StudyEvent): void {
    if (this.#closed || event.revision <= this.#position) return
    if (!this.#behind && this.#queue.length >= queueLimit) {
      this.#queue = []
      this.#behind = true
    }
    // Whoever is behind reads it back: now, or again where that has failed.
    if (!this.#behind) this.#queue.push(event)
    this.#wake()
  }

  /** True once the logger has everything, false if that takes longer than the deadline. */
  async drain(milliseconds: number): Promise<boolean> {
    try {
      const inTime = await within(this.#source.clock, milliseconds, async () => {
        if (this.#behind) this.#wake()
        while (this.#working !== undefined) await this.#working
        await this.#logger.flush()
      }, true)
      return inTime && !this.#behind
    } catch (error) {
      this.#source.warn(`Logger ${this.#id} could not flush: ${describe(error)}`)
      return false
    }
  }

  /** Ends the logger, after a last chance to catch up. */
  async close(milliseconds: number): Promise<void> {
    if (this.#closed) return
    if (!(await this.drain(milliseconds))) this.#source.warn(`Logger ${this.#id} is closed before it has everything. The storage has it.`)
    this.#closed = true
    this.#queue = []
    try {
      if (!(await within(this.#source.clock, milliseconds, () => this.#logger.close(), true))) this.#source.warn(`Logger ${this.#id} did not close within ${milliseconds} ms.`)
    } catch (error) {
      this.#source.warn(`Logger ${this.#id} could not close: ${describe(error)}`)
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
        if (!(await this.#catchUp())) return
        continue
      }
      const batch = this.#queue
      if (batch.length === 0) return
      this.#queue = []
      for (const event of batch) {
        if (this.#closed) return
        await this.#give(event)
      }
    }
  }

  /** False if the history cannot be read now: the logger stays behind, and tries again when something happens, or at the end. */
  async #catchUp(): Promise<boolean> {
    try {
      // No await between the last look at the revision and the next live event: nothing falls in between.
      while (this.#position < this.#source.revision()) {
        for await (const { revision, events } of this.#source.replay(this.#position)) {
          for (const event of events.slice(revision === this.#begun.revision ? this.#begun.given : 0)) {
            if (this.#closed) return false
            await this.#give(event)
          }
          this.#position = revision
        }
      }
    } catch (error) {
      this.#source.warn(`Logger ${this.#id} cannot read the history back now, and tries again later: ${describe(error)}`)
      return false
    }
    this.#behind = false
    return true
  }

  #passed({ revision, more }: StudyEvent): void {
    this.#begun = { revision, given: revision === this.#begun.revision ? this.#begun.given + 1 : 1 }
    if (more !== true) this.#position = revision
  }

  async #give(event: StudyEvent): Promise<void> {
    let problem = 'it took too long'
    for (let attempt = 0; attempt < attempts; attempt++) {
      try {
        if (await within(this.#source.clock, callDeadline, () => this.#logger.log(event), false)) {
          this.#passed(event)
          return
        }
      } catch (error) {
        problem = describe(error)
      }
    }
    this.#passed(event)
    this.#lost++
    if (event.type !== 'warning' && (this.#lost === 1 || this.#lost % 100 === 0)) this.#source.warn(`Logger ${this.#id} has lost ${this.#lost} event(s), the last one a ${event.type}: ${problem}`)
  }
}
