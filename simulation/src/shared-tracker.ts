import type { LoggerFactory, StudyEvent } from '@attune/core'
import { Dice } from './dice.ts'
import type { SimProcess } from './sim-process.ts'
import type { World } from './world.ts'

/** A tracker to which all processes log, of which one has it at a time, or two where one was frozen: it knows what it has. */
export class SharedTracker {
  /** Events as `revision type`. */
  readonly kept: Set<string> = new Set()
  /** Who has written to it. */
  readonly writers: Set<SimProcess> = new Set()
  #last = 0
  readonly #world: World
  /** Of its own, so that what happens elsewhere does not depend on it. */
  readonly #dice: Dice
  readonly #forgetful: boolean

  /** `forgetful`: a new logger goes on from now, whatever was before. */
  constructor(world: World, seed: number, forgetful: boolean) {
    this.#world = world
    this.#dice = new Dice(seed + 1)
    this.#forgetful = forgetful
  }

  /** Several events may share a revision: until one of the next comes, the last may not be whole. */
  get cursor(): number {
    return Math.max(0, this.#last - 1)
  }

  factory(process: SimProcess): LoggerFactory {
    const world = this.#world
    const keep = ({ revision, type }: StudyEvent): void => {
      world.trace(`${process.name} logs for all ${revision} ${type}`)
      this.writers.add(process)
      this.kept.add(`${revision} ${type}`)
      this.#last = Math.max(this.#last, revision)
    }
    return { specVersion: 'v1', id: 'shared', shared: true, create: () => ({
      cursor: this.#forgetful ? 'now' : this.cursor,
      log: (event) => {
        if (!process.alive) return new Promise(() => undefined)
        if (this.#dice.chance(0.05)) return 'later'
        if (this.#dice.chance(0.7)) return keep(event)
        return new Promise((resolve) => world.add({ at: world.now + this.#dice.below(50), process, label: `logged ${event.type} for all`, run: () => {
          keep(event)
          resolve()
        } }))
      },
      flush: () => undefined,
      close: () => undefined,
    }) }
  }
}
