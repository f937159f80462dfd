import type { Clock, Host, Study } from '@attune/core'
import type { Action, Runner, World } from './world.ts'

/** One process that works on the study: it may die, be frozen with all its threads, or have its event loop blocked. */
export class SimProcess implements Runner {
  readonly name: string
  /** Only processes of the same machine know of each other whether they live. */
  readonly machine: string
  readonly identity: string
  alive = true
  /** True once its program has ended by itself. */
  ended = false
  frozenUntil = 0
  blockedUntil = 0
  study: Study<{ readonly x: number; readonly n: number }> | undefined
  readonly controller: AbortController = new AbortController()
  readonly clock: Clock
  readonly #world: World
  readonly #timers = new Set<Action>()

  constructor(world: World, name: string, machine: string, skew: number) {
    this.#world = world
    this.name = name
    this.machine = machine
    this.identity = `${machine}/${name}`
    this.clock = {
      specVersion: 'v1',
      now: () => world.now + skew,
      schedule: (milliseconds, callback) => this.#schedule(milliseconds, callback),
    }
  }

  /** Timers of its clock that were neither called nor cancelled. */
  get timers(): readonly string[] {
    return [...this.#timers].map(({ label }) => label)
  }

  /** Ends it at once: nothing that it has under way happens in it any more. */
  kill(): void {
    this.alive = false
    this.#world.forget(this)
    this.#timers.clear()
  }

  /** Waits, as user code does: on a timer that the study knows nothing of. */
  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#world.add({ at: this.#world.now + milliseconds, process: this, label: 'awakes', run: resolve }))
  }

  host(all: () => readonly SimProcess[]): Host {
    return {
      specVersion: 'v1',
      identity: this.identity,
      isGone: (identity) => {
        const other = all().find((process) => process.identity === identity)
        const gone = other !== undefined && other.machine === this.machine && (!other.alive || other.ended)
        if (this.#world.dice.chance(0.5)) return gone
        return new Promise((resolve) => this.#world.add({ at: this.#world.now, process: this, label: `knows of ${other?.name}: ${gone}`, run: () => resolve(gone) }))
      },
    }
  }

  #schedule(milliseconds: number, callback: () => void): () => void {
    if (!this.alive) return () => undefined
    const world = this.#world
    const action: Action = {
      at: Math.ceil(world.now + milliseconds),
      process: this,
      label: `timer of ${Math.round(milliseconds)}`,
      run: () => {
        this.#timers.delete(action)
        callback()
      },
    }
    this.#timers.add(world.add(action))
    return () => {
      this.#timers.delete(action)
      world.cancel(action)
    }
  }
}
