import type { Logger, LoggerFactory, StudyEvent } from '@attune/core'
import { NoAnswer } from './sim-storage.ts'
import type { SimProcess } from './sim-process.ts'
import type { World } from './world.ts'

/** What a logger keeps where no crash reaches it: which events it was given, in order. */
export class Tracker {
  /** Events as `revision type`, each once. */
  readonly kept: string[] = []
  readonly #seen = new Set<string>()
  #last = 0
  readonly #world: World
  /** The process that writes to it at the moment. */
  owner: SimProcess | undefined

  constructor(world: World) {
    this.#world = world
  }

  /** Several events may share a revision: until one of the next comes, the last may not be whole, and is sent again. */
  get cursor(): number {
    return Math.max(0, this.#last - 1)
  }

  factory(process: SimProcess): LoggerFactory {
    this.owner = process
    return { specVersion: 'v1', id: 'tracker', create: () => this.#logger(process) }
  }

  #logger(process: SimProcess): Logger {
    const world = this.#world
    const resumedAt = this.#last
    let failures = 0
    let before = ''
    let closed = false
    let calls = 0
    const keep = (event: StudyEvent): void => {
      world.trace(`${process.name} logs ${event.revision} ${event.type}`)
      if (closed) return // Whoever has the tracker now is sent it.
      const key = `${event.revision} ${event.type}`
      // A call that failed or came too late is repeated with the same event, and the revision that a crash cut is sent again.
      if (this.#seen.has(key)) {
        if (key !== before && event.revision !== resumedAt) world.violated('P13', `a logger of ${process.name} got ${key} again`)
        return
      }
      if (event.revision < this.#last) world.violated('P13', `a logger of ${process.name} got ${key} after revision ${this.#last}`)
      this.#seen.add(key)
      this.kept.push(key)
      this.#last = event.revision
      before = key
    }
    return {
      cursor: this.cursor,
      log: (event) => {
        if (!process.alive) return new Promise(() => undefined)
        const call = ++calls
        if (failures < 2 && world.dice.chance(0.02)) {
          failures++
          throw new NoAnswer('the tracker is away')
        }
        failures = 0
        if (world.dice.chance(0.7)) return keep(event)
        return new Promise((resolve) => world.add({ at: world.now + world.dice.below(50), process, label: `logged ${event.type}`, run: () => {
          // A call that outlasted its deadline was repeated, or given up with a warning.
          if (call === calls) keep(event)
          resolve()
        } }))
      },
      flush: () => undefined,
      close: () => {
        closed = true
        if (this.owner === process) this.owner = undefined
      },
    }
  }
}
