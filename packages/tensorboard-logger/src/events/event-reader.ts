import { createReadStream } from 'node:fs'
import { maskedCrc32c } from './crc32c.ts'
import { damagedError } from './errors.ts'
import { decodeEvent } from './event-codec.ts'
import type { TensorBoardEvent } from './event.ts'
import { footerBytes, headerBytes } from './record.ts'

/** A record longer than this is refused rather than read into memory. */
const maxPayloadBytes = 256 * 1024 * 1024

/**
 * Reads an event file from its beginning, verifying every checksum.
 * Throws TENSORBOARD_DAMAGED, after all events before it, at the first record that is torn, altered or no event.
 */
export async function* readEvents(path: string): AsyncGenerator<TensorBoardEvent, void, void> {
  let offset = 0
  for await (const payload of readRecords(path, createReadStream(path))) {
    let event: TensorBoardEvent
    try {
      event = decodeEvent(payload)
    } catch (cause) {
      throw damagedError(path, offset, 'the payload is not an event', cause)
    }
    yield event
    offset += headerBytes + payload.length + footerBytes
  }
}

async function* readRecords(path: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let rest = new Uint8Array()
  let offset = 0
  // Chunks wait until there are enough of them, so that those of a long record are joined once.
  let waiting: Uint8Array[] = []
  let length = 0
  let needed = headerBytes
  for await (const chunk of chunks) {
    waiting.push(chunk)
    length += chunk.length
    if (length < needed) continue
    rest = concatenate(waiting, length)
    for (needed = recordSize(path, rest, offset); rest.length >= needed && needed > headerBytes; needed = recordSize(path, rest, offset)) {
      const payload = rest.subarray(headerBytes, needed - footerBytes)
      if (new DataView(rest.buffer, rest.byteOffset).getUint32(needed - footerBytes, true) !== maskedCrc32c(payload)) {
        throw damagedError(path, offset, 'the checksum of the payload is wrong')
      }
      yield payload
      rest = rest.subarray(needed)
      offset += needed
    }
    waiting = [rest]
    length = rest.length
  }
  if (length > 0) throw damagedError(path, offset, 'the file ends')
}

/** Bytes of the first record, or of its header alone while there are fewer: nothing else is known then. */
function recordSize(path: string, bytes: Uint8Array, offset: number): number {
  if (bytes.length < headerBytes) return headerBytes
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  if (view.getUint32(8, true) !== maskedCrc32c(bytes.subarray(0, 8))) throw damagedError(path, offset, 'the checksum of the length is wrong')
  const length = view.getBigUint64(0, true)
  if (length > maxPayloadBytes) throw damagedError(path, offset, `a length of ${length} bytes (at most ${maxPayloadBytes} are read)`)
  return headerBytes + Number(length) + footerBytes
}

function concatenate(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length)
  let end = 0
  for (const part of parts) {
    whole.set(part, end)
    end += part.length
  }
  return whole
}
