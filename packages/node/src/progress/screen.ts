import { createLogUpdate } from 'log-update'
import type { ProgressStream } from './terminal.ts'

type Write = ProgressStream['write']

/** Anything that is written by others to the same terminal: `process.stdout` and `process.stderr`. */
export interface Guarded {
  write: Write
  readonly isTTY?: boolean | undefined
}

/**
 * A block of lines at the bottom of a terminal. While it is there, what others write to the terminal goes above it:
 * the block steps aside, and comes back with the next `draw` after the foreign line has ended.
 * The cursor is never hidden, so that no crash can leave it hidden.
 */
export class Screen {
  readonly #update: ReturnType<typeof createLogUpdate>
  readonly #write: (text: string) => boolean
  readonly #guarded: readonly Guarded[]
  readonly #restore: (() => void)[] = []
  #drawn = false
  #own = false
  /** A foreign line has begun and not ended: drawing now would tear it. */
  #torn = false

  constructor(stream: ProgressStream, guarded: readonly Guarded[]) {
    const write: Write = stream.write.bind(stream)
    this.#write = (text) => {
      this.#own = true
      try {
        return write(text)
      } finally {
        this.#own = false
      }
    }
    // log-update gets a stream of its own, so that its writes are told from those of others.
    const own = {
      get isTTY() { return stream.isTTY },
      get columns() { return stream.columns },
      get rows() { return stream.rows },
      write: this.#write,
    }
    this.#update = createLogUpdate(own as unknown as NodeJS.WritableStream, { showCursor: true })
    this.#guarded = guarded.filter((candidate) => candidate.isTTY === true)
  }

  draw(lines: readonly string[]): void {
    if (this.#torn) return
    this.#guard()
    this.#update(lines.join('\n'))
    this.#drawn = true
  }

  /** Takes the block away and writes lines that stay. */
  finish(lines: readonly string[]): void {
    this.#clear()
    this.#release()
    const text = lines.map((line) => `${line}\n`).join('')
    this.#write(this.#torn ? `\n${text}` : text)
    this.#torn = false
  }

  /** Writes no more, and gives the streams back. */
  abandon(): void {
    this.#drawn = false
    this.#release()
  }

  #clear(): void {
    if (!this.#drawn) return
    this.#update.clear()
    this.#drawn = false
  }

  #guard(): void {
    if (this.#restore.length > 0) return
    for (const stream of this.#guarded) {
      const original = stream.write
      const guard = ((chunk: string | Uint8Array, ...rest: never[]): boolean => {
        if (!this.#own) {
          this.#clear()
          const last = typeof chunk === 'string' ? chunk.at(-1) : chunk.at(-1) === 10 ? '\n' : ''
          if (chunk.length > 0) this.#torn = last !== '\n'
        }
        return original.call(stream, chunk as string, ...rest)
      }) as Write
      stream.write = guard
      this.#restore.push(() => {
        // Somebody else may have replaced it since: then it is theirs to restore.
        if (stream.write === guard) stream.write = original
      })
    }
  }

  #release(): void {
    for (const restore of this.#restore.splice(0)) restore()
  }
}
