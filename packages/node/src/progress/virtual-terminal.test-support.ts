import { Writable } from 'node:stream'
import type { Clock } from '@attune/core'

/** A terminal that understands what progress writes: new lines, cursor moves, and erasing. Anything else it refuses. */
export class VirtualTerminal extends Writable {
  readonly isTTY: boolean
  columns: number
  rows = 24
  /** All that was written. */
  output = ''
  #lines: string[] = ['']
  #row = 0
  #column = 0

  constructor(columns = 80, isTTY = true) {
    super({ decodeStrings: false })
    this.columns = columns
    this.isTTY = isTTY
  }

  override _write(chunk: string | Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
    this.output += text
    // oxlint-disable-next-line no-control-regex -- they are what a terminal obeys
    for (const [part] of text.matchAll(/\u001b\[[?\d;]*[A-Za-z]|[\s\S]/gu)) this.#take(part)
    done()
  }

  /** The lines on the screen, without those that are empty at its end. */
  get screen(): string {
    return this.#lines.map((line) => line.trimEnd()).join('\n').trimEnd()
  }

  #take(part: string): void {
    if (part === '\n') {
      this.#row++
      this.#column = 0
    } else if (part === '\r') {
      this.#column = 0
    } else if (part.length > 1 && part.startsWith('\u001b')) {
      this.#obey(part)
      return
    } else {
      const line = (this.#lines[this.#row] ?? '').padEnd(this.#column)
      this.#lines[this.#row] = line.slice(0, this.#column) + part + line.slice(this.#column + part.length)
      this.#column += part.length
    }
    while (this.#lines.length <= this.#row) this.#lines.push('')
  }

  #obey(sequence: string): void {
    const command = sequence.at(-1)
    const number = Number(/\d+/.exec(sequence)?.[0] ?? 1)
    if (command === 'A') this.#row = Math.max(0, this.#row - number)
    else if (command === 'B') this.#row = Math.min(this.#lines.length - 1, this.#row + number)
    else if (command === 'G') this.#column = 0
    else if (command === 'K') this.#lines[this.#row] = sequence === '\u001b[2K' ? '' : (this.#lines[this.#row] ?? '').slice(0, this.#column)
    else if (command !== 'm' && !sequence.startsWith('\u001b[?2026')) throw new Error(`The virtual terminal does not know ${JSON.stringify(sequence)}.`)
  }
}

/** Time that passes only when told to. */
export class VirtualClock implements Clock {
  readonly specVersion = 'v1'
  #now = 1_790_000_000_000
  #timers: { readonly due: number; readonly callback: () => void }[] = []

  now(): number {
    return this.#now
  }

  schedule(milliseconds: number, callback: () => void): () => void {
    const timer = { due: this.#now + milliseconds, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Number of timers that wait. */
  get waiting(): number {
    return this.#timers.length
  }

  advance(milliseconds: number): void {
    const end = this.#now + milliseconds
    for (;;) {
      const next = this.#timers.filter(({ due }) => due <= end).toSorted((a, b) => a.due - b.due)[0]
      if (next === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#now = Math.max(this.#now, next.due)
      next.callback()
    }
    this.#now = end
  }
}
