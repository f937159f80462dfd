import { deserialize, serialize } from 'node:v8'

const headerBytes = 4

/**
 * A message as bytes: its length, then its structured clone. Throws a plain Error with the code MESSAGE_TOO_LARGE where it is longer
 * than `maxBytes`, and what `serialize` throws for what cannot be cloned.
 */
export function frameOf(message: unknown, maxBytes: number): readonly [header: Uint8Array, body: Uint8Array] {
  const body = serialize(message)
  if (body.length > maxBytes) throw Object.assign(new Error(`A message of ${body.length} bytes is more than the ${maxBytes} that may cross between processes: save less, or raise "maxMessageMb".`), { code: 'MESSAGE_TOO_LARGE' })
  const header = Buffer.alloc(headerBytes)
  header.writeUInt32LE(body.length)
  return [header, body]
}

/** Puts messages together out of the pieces in which they arrive. Throws on a length above `maxBytes`, before anything of it is kept, and on what is no clone. */
export class FrameReader {
  readonly #maxBytes: () => number
  #pieces: Uint8Array[] = []
  #size = 0
  /** Bytes of the message that arrives; undefined while its header does. */
  #expected: number | undefined

  constructor(maxBytes: () => number) {
    this.#maxBytes = maxBytes
  }

  /** The messages that are whole with this piece, in their order. */
  *push(piece: Uint8Array): Generator<unknown, void, void> {
    this.#pieces.push(piece)
    this.#size += piece.length
    for (;;) {
      if (this.#expected === undefined) {
        if (this.#size < headerBytes) return
        this.#expected = Buffer.from(this.#take(headerBytes)).readUInt32LE()
        if (this.#expected > this.#maxBytes()) throw new Error(`A message of ${this.#expected} bytes was announced; at most ${this.#maxBytes()} may cross.`)
      }
      if (this.#size < this.#expected) return
      const body = this.#take(this.#expected)
      this.#expected = undefined
      yield deserialize(body)
    }
  }

  #take(count: number): Uint8Array {
    const all = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces)
    this.#size -= count
    this.#pieces = this.#size === 0 ? [] : [all.subarray(count)]
    return all.subarray(0, count)
  }
}
