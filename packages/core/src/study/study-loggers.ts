import type { Logger, LoggerFactory } from '../contracts/logger.ts'
import { describe } from '../errors.ts'
import type { StudyEngine } from './engine.ts'
import { loggerContext } from './logger-context.ts'
import { LoggerPump } from './logger-pump.ts'
import { within } from './within.ts'

/** Milliseconds that a logger may take to start. */
const startDeadline = 30_000
/** Milliseconds for its last call, and for its end, when another process has it. */
const handOverDeadline = 10_000

interface Attached {
  readonly pump: LoggerPump
  readonly detach: () => void
}

/**
 * The loggers of a study in this process: those of its own, and the shared ones whenever it is this session's turn to have them. Whose turn it
 * is stands in the history, see `Workers.line`; that the process of a session is gone is found out by looking.
 */
export class StudyLoggers {
  readonly #engine: StudyEngine
  readonly #persistent: boolean
  readonly #own: readonly LoggerFactory[]
  readonly #shared: readonly LoggerFactory[]
  readonly #attached = new Map<LoggerFactory, Attached>()
  /** Loggers that start or end. */
  readonly #underWay = new Map<LoggerFactory, Promise<void>>()
  readonly #failed = new Set<LoggerFactory>()
  #looking: Promise<void> | undefined
  #lookAgain = false
  #closed = false

  constructor(engine: StudyEngine, factories: readonly LoggerFactory[], persistent: boolean) {
    this.#engine = engine
    this.#persistent = persistent
    this.#own = factories.filter(({ shared }) => shared !== true)
    this.#shared = factories.filter(({ shared }) => shared === true)
    if (this.#shared.length === 0) return
    engine.access.onTurns = () => void this.look()
    engine.neighbours.onLook = () => void this.look()
  }

  /** Ids of the shared loggers, each once. */
  get sharedIds(): readonly string[] {
    return [...new Set(this.#shared.map(({ id }) => id))]
  }

  /** Starts the loggers that every process has. */
  async startOwn(): Promise<void> {
    for (const factory of this.#own) await this.#start(factory)
  }

  /** Sees to it that this process has the shared loggers that are its turn, and no others. They start and end by and by: see `settled`. Never rejects. */
  async look(): Promise<void> {
    this.#lookAgain = true
    this.#looking ??= this.#lookOften().finally(() => {
      this.#looking = undefined
      if (this.#lookAgain && !this.#closed) void this.look() // It was asked for just after the last look.
    })
    await this.#looking
  }

  /** Resolves once no logger starts or ends. */
  async settled(): Promise<void> {
    while (this.#looking !== undefined || this.#underWay.size > 0) await Promise.all([this.#looking, ...this.#underWay.values()])
  }

  /** Waits until the loggers have everything, or the time is over. */
  async drain(milliseconds: number): Promise<void> {
    await within(this.#engine.clock, milliseconds, () => this.settled(), true)
    await Promise.all(Array.from(this.#attached.values(), ({ pump }) => pump.drain(milliseconds)))
  }

  /**
   * Ends all loggers. Before that, this process takes over what others have left, if it is its turn. Takes three times as long at most: for
   * that, for what loggers lack, and for their ends.
   */
  async close(milliseconds: number): Promise<void> {
    const { access, clock } = this.#engine
    if (this.#shared.length > 0) {
      const settled = await within(clock, milliseconds, async () => {
        await access.sync().catch(() => undefined) // Whoever writes next is told of it.
        await this.look()
        await this.settled()
      }, true)
      if (!settled) this.#tellUnready()
    }
    this.#closed = true
    await Promise.all(Array.from(this.#attached.values(), ({ pump }) => pump.close(milliseconds)))
  }

  /** Says which loggers have not started by the end, and what becomes of what they were to log. */
  #tellUnready(): void {
    const fate = this.#persistent ? 'is sent when the study is opened again with this logger' : 'is lost, because the study is kept in memory alone'
    for (const factory of this.#underWay.keys()) {
      if (!this.#attached.has(factory)) this.#engine.warn(factory.id, `Logger ${factory.id} was still starting when the study was closed: what its tracker lacks ${fate}.`)
    }
  }

  async #lookOften(): Promise<void> {
    try {
      while (this.#lookAgain && !this.#closed) {
        this.#lookAgain = false
        for (const id of this.sharedIds) await this.#lookAt(id)
      }
    } catch (error) {
      this.#lookAgain = false
      this.#engine.warn('study', `Whose turn it is to log cannot be seen: ${describe(error)}`)
    }
  }

  async #lookAt(id: string): Promise<void> {
    const { access, neighbours } = this.#engine
    const holder = await neighbours.holderOf(id)
    for (const factory of this.#shared) {
      if (factory.id !== id || this.#closed || this.#failed.has(factory) || this.#underWay.has(factory)) continue
      const attached = this.#attached.get(factory)
      if (holder === access.session && attached === undefined) this.#track(factory, this.#startShared(factory))
      // Without another one, it goes on: nobody else would.
      else if (holder !== undefined && holder !== access.session && attached !== undefined) this.#track(factory, this.#handOver(factory, attached))
    }
  }

  #track(factory: LoggerFactory, work: Promise<void>): void {
    this.#underWay.set(factory, work.finally(() => {
      this.#underWay.delete(factory)
      void this.look() // Turns may have changed meanwhile.
    }))
  }

  async #startShared(factory: LoggerFactory): Promise<void> {
    await this.#start(factory)
    if (!this.#failed.has(factory) || this.#shared.some((other) => other.id === factory.id && !this.#failed.has(other))) return
    const { access, owner } = this.#engine
    // So that the next in line need not wait for this process. Where it cannot be written, closing the study will tell.
    await access.mustWrite([{ type: 'session', owner, phase: 'declined', session: access.session, loggers: [factory.id] }]).catch(() => undefined)
  }

  async #handOver(factory: LoggerFactory, { pump, detach }: Attached): Promise<void> {
    await pump.handOver(handOverDeadline)
    detach()
    this.#attached.delete(factory)
  }

  async #start(factory: LoggerFactory): Promise<void> {
    const { access, clock } = this.#engine
    try {
      const logger = await this.#create(factory)
      // Whoever had it before may have logged what this process has not seen yet.
      if (typeof logger.cursor === 'number' && logger.cursor > access.history.revision) await access.sync()
      if (this.#closed) {
        await logger.close()
        return
      }
      const pump = new LoggerPump(factory.id, logger, {
        clock,
        persistent: this.#persistent,
        revision: () => access.history.revision,
        replay: (after) => access.replay(after),
        warn: (message) => this.#engine.warn(factory.id, message),
      })
      this.#attached.set(factory, { pump, detach: access.subscribe((event) => pump.push(event)) })
    } catch (error) {
      this.#failed.add(factory)
      this.#engine.warn(factory.id, `Logger ${factory.id} cannot start, the study goes on without it: ${describe(error)}`)
    }
  }

  /** A logger, unless it takes too long: then it is closed once it is there. */
  async #create(factory: LoggerFactory): Promise<Logger> {
    const starting = Promise.resolve(factory.create(loggerContext(factory.id, this.#engine, this.#persistent)))
    if (await within(this.#engine.clock, startDeadline, () => starting, true)) return starting
    starting.then((logger) => logger.close()).catch(() => undefined) // Nobody waits for it any more, and the study was told.
    throw new Error(`it was not ready within ${startDeadline} ms`)
  }
}
