import { createHash } from 'node:crypto'
import type { Clock } from '@attune/core'
import type { Dice } from './dice.ts'

/** In whose event loop something happens. */
export interface Runner {
  readonly name: string
  /** False once it has died: nothing happens there any more. */
  readonly alive: boolean
  /** Nothing happens before. */
  readonly frozenUntil: number
  /** Only its threads go on before. */
  readonly blockedUntil: number
}

/** Something that will happen: a timer, an answer, a request that arrives. */
export interface Action {
  /** Not before. */
  readonly at: number
  /** Undefined for what happens elsewhere, as in a database server. */
  readonly process?: Runner | undefined
  /** Happens also while the event loop is blocked. */
  readonly thread?: boolean
  /** For the trace: the same in every run of a seed, so no random names. */
  readonly label: string
  run(): void | Promise<void>
}

/** A promise was broken: the run has failed. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

/** Instead of an answer to a process that has died: nobody will ever ask. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined)
}

/**
 * Virtual time, and the one order in which everything happens. After each action all that follows from it at once is let happen
 * (a turn of the real event loop empties the queue of microtasks); what is to happen next is drawn among what could.
 */
export class World {
  now = 1_700_000_000_000
  readonly clock: Pick<Clock, 'now'> = { now: () => this.now }
  steps = 0
  readonly dice: Dice
  /** In whose name code runs at the moment. */
  current: Runner | undefined
  readonly lines: string[] = []
  readonly violations: Violation[] = []
  readonly #hash = createHash('sha256')
  #actions: Action[] = []

  constructor(dice: Dice) {
    this.dice = dice
  }

  add(action: Action): Action {
    this.#actions.push(action)
    return action
  }

  cancel(action: Action): void {
    const index = this.#actions.indexOf(action)
    if (index >= 0) this.#actions.splice(index, 1)
  }

  /** Nothing of this process happens any more. */
  forget(process: Runner): void {
    this.#actions = this.#actions.filter((action) => action.process !== process)
  }

  get pending(): readonly Action[] {
    return this.#actions
  }

  trace(line: string): void {
    const entry = `${this.now - 1_700_000_000_000} ${line}`
    this.lines.push(entry)
    this.#hash.update(entry).update('\n')
  }

  /** The same for two runs in which the same happened. */
  get traceHash(): string {
    return this.#hash.copy().digest('hex').slice(0, 16)
  }

  violated(id: string, message: string): void {
    this.trace(`VIOLATED ${id}: ${message}`)
    this.violations.push(new Violation(`${id}: ${message}`))
  }

  /** Does one thing; false if there is nothing to do any more. */
  async step(): Promise<boolean> {
    let earliest = Infinity
    for (const action of this.#actions) earliest = Math.min(earliest, possibleFrom(action))
    if (earliest === Infinity) return false
    if (earliest > this.now) this.now = earliest
    const ready = this.#actions.filter((action) => possibleFrom(action) <= this.now)
    const action = this.dice.pick(ready)
    this.cancel(action)
    this.steps++
    this.trace(`${action.process?.name ?? '-'} ${action.label}`)
    await this.as(action.process, () => action.run())
    return true
  }

  /** Runs code in the name of a process, with all that follows at once. */
  async as(process: Runner | undefined, work: () => unknown): Promise<void> {
    this.current = process
    try {
      await work()
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      this.current = undefined
    }
  }
}

function possibleFrom({ at, process, thread }: Action): number {
  if (process === undefined) return at
  if (!process.alive) return Infinity
  return Math.max(at, process.frozenUntil, thread === true ? 0 : process.blockedUntil)
}
