import type { Request, Response } from './protocol.ts'

export interface RunnerEvents {
  /** Something that the child said, in a valid form. */
  message(response: Response): void
  /** The child is gone, or as good as gone; told once. `error` has the code TRIAL_CRASHED or OUT_OF_MEMORY. */
  ended(error: Error): void
}

/** A thread or child process that runs one trial after the other. */
export interface Runner {
  /** As in "child process 1234", for messages. */
  readonly name: string
  send(request: Request): void
  /** A trial begins or has ended: while one runs, the runner keeps this process alive and its memory is watched. */
  busy(running: boolean): void
  /** Ends it by force; resolves once it is gone. */
  kill(): Promise<void>
  /** False once it has ended, which is told when the last of its output is there. */
  readonly alive: boolean
  /** Resolves once it is gone. */
  readonly gone: Promise<void>
  /** Keeps it from computing; the answer lets it go on. Undefined where that cannot be done from outside. */
  readonly hold: (() => () => void) | undefined
}

/** Starts a runner for a slot. Throws nothing: what goes wrong is told as its end. */
export type StartRunner = (slot: number, events: RunnerEvents) => Runner

/** Characters of what a child printed last that a message shows. */
const keptOutput = 4000

/** The end of what was written to standard error since the last trial began. */
export class LastOutput {
  #text = ''

  push(text: string): void {
    this.#text = (this.#text + text).slice(-keptOutput)
  }

  clear(): void {
    this.#text = ''
  }

  get text(): string {
    return this.#text.trim()
  }

  /** A sentence with it, or nothing. */
  get told(): string {
    return this.text === '' ? '' : ` It printed last: ${this.text}`
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
