import { maskedCrc32c } from './crc32c.ts'
import { checkEvent, encodeEvent, type WritableEvent } from './event-codec.ts'
import { invalidEvent } from './errors.ts'
import type { ScalarValue, SummaryEvent } from './event.ts'
import { footerBytes, headerBytes, maxPayloadBytes } from './record.ts'
import { emptyTag } from './value-encoder.ts'

/** Names are few and come again and again; a program that makes up new ones for ever must not fill the memory. */
const maxKnownTags = 10_000

const utf8 = new TextEncoder()

/**
 * Records that wait to be written, one after the other in one piece of memory. Events that hold only scalars, which are
 * nearly all, are encoded by hand right where they will lie; the result is that of the generated code, byte for byte.
 */
export class RecordBuffer {
  #bytes = new Uint8Array(4096)
  #view = new DataView(this.#bytes.buffer)
  #length = 0
  readonly #tags = new Map<string, Uint8Array>()

  get length(): number {
    return this.#length
  }

  /** Throws TENSORBOARD_INVALID, and then adds nothing. */
  add(event: WritableEvent): void {
    if (event.kind === 'summary' && event.values.every(isPlainScalar)) this.#addScalars(event, event.values as readonly ScalarValue[])
    else this.#addPayload(encodeEvent(event))
  }

  /** Everything that was added. The buffer is empty then. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length)
    // As large as what came last, so that it seldom has to grow.
    this.#bytes = new Uint8Array(Math.min(this.#bytes.length, Math.max(4096, this.#length * 2)))
    this.#view = new DataView(this.#bytes.buffer)
    this.#length = 0
    return taken
  }

  #addPayload(payload: Uint8Array): void {
    this.#reserve(headerBytes + payload.length + footerBytes)
    this.#bytes.set(payload, this.#length + headerBytes)
    this.#frame(payload.length)
  }

  #addScalars(event: SummaryEvent, values: readonly ScalarValue[]): void {
    checkEvent(event)
    const { step, time, mark } = event
    let summarySize = 0
    for (const { tag } of values) {
      const size = this.#tagField(tag).length + 5
      summarySize += 1 + varintSize(size) + size
    }
    this.#reserve(headerBytes + 9 + 11 + 1 + varintSize(summarySize) + summarySize + 13 + footerBytes)
    const start = this.#length + headerBytes
    const bytes = this.#bytes
    const view = this.#view
    let end = start
    // Fields of value 0 are left out, as the generated code does.
    if (!Object.is(time / 1000, 0)) {
      bytes[end] = 0x09 // Event.wall_time = 1
      view.setFloat64(end + 1, time / 1000, true)
      end += 9
    }
    if (step !== 0) {
      bytes[end] = 0x10 // Event.step = 2
      end = writeInteger(bytes, end + 1, step)
    }
    bytes[end++] = 0x2a // Event.summary = 5
    end = writeInteger(bytes, end, summarySize)
    for (const { tag, value } of values) {
      const field = this.#tagField(tag)
      bytes[end++] = 0x0a // Summary.value = 1
      end = writeInteger(bytes, end, field.length + 5)
      bytes.set(field, end)
      end += field.length
      bytes[end] = 0x15 // SummaryValue.simple_value = 2
      view.setFloat32(end + 1, value, true)
      end += 5
    }
    if (mark !== undefined && mark !== 0) {
      bytes[end] = 0xc0 // Event.attune_mark = 5000, whose key takes three bytes
      bytes[end + 1] = 0xb8
      bytes[end + 2] = 0x02
      end = writeInteger(bytes, end + 3, mark)
    }
    this.#frame(end - start)
  }

  /** SummaryValue.tag = 1 */
  #tagField(tag: string): Uint8Array {
    const known = this.#tags.get(tag)
    if (known !== undefined) return known
    if (tag === '') throw emptyTag()
    const text = utf8.encode(tag)
    const field = new Uint8Array(1 + varintSize(text.length) + text.length)
    field[0] = 0x0a
    field.set(text, writeInteger(field, 1, text.length))
    if (this.#tags.size >= maxKnownTags) this.#tags.clear()
    this.#tags.set(tag, field)
    return field
  }

  /** Makes a record of the payload that lies where it belongs. */
  #frame(payloadSize: number): void {
    if (payloadSize > maxPayloadBytes) throw invalidEvent(`An event takes at most ${maxPayloadBytes} bytes in its file, not ${payloadSize}: divide its values.`, { bytes: payloadSize })
    const start = this.#length
    const end = start + headerBytes + payloadSize
    this.#view.setUint32(start, payloadSize, true)
    this.#view.setUint32(start + 4, 0, true)
    this.#view.setUint32(start + 8, maskedCrc32c(this.#bytes, start, start + 8), true)
    this.#view.setUint32(end, maskedCrc32c(this.#bytes, start + headerBytes, end), true)
    this.#length = end + footerBytes
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + size))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

function isPlainScalar(value: SummaryEvent['values'][number]): boolean {
  return value.kind === 'scalar' && !value.exact
}

function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5
}

/** A safe integer as a varint of 64 bits; negative ones in two's complement take ten bytes. Answers the index after it. */
function writeInteger(bytes: Uint8Array, start: number, value: number): number {
  let low = value >>> 0
  let high = Math.floor(value / 0x1_0000_0000) >>> 0
  let end = start
  while (high !== 0 || low > 0x7f) {
    bytes[end++] = (low & 0x7f) | 0x80
    low = ((low >>> 7) | (high << 25)) >>> 0
    high >>>= 7
  }
  bytes[end++] = low
  return end
}
