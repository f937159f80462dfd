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
  for await (const chunk of chunks) {
    rest = concatenate(rest, chunk)
    for (let size = completeRecord(path, rest, offset); size !== undefined; size = completeRecord(path, rest, offset)) {
      const payload = rest.subarray(headerBytes, size - footerBytes)
      if (new DataView(rest.buffer, rest.byteOffset).getUint32(size - footerBytes, true) !== maskedCrc32c(payload)) {
        throw damagedError(path, offset, 'the checksum of the payload is wrong')
      }
      yield payload
      rest = rest.subarray(size)
      offset += size
    }
  }
  if (rest.length > 0) throw damagedError(path, offset, 'the file ends')
}

/** Bytes of the first record, or undefined if more is needed. */
function completeRecord(path: string, bytes: Uint8Array, offset: number): number | undefined {
  if (bytes.length < headerBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  if (view.getUint32(8, true) !== maskedCrc32c(bytes.subarray(0, 8))) throw damagedError(path, offset, 'the checksum of the length is wrong')
  const length = view.getBigUint64(0, true)
  if (length > maxPayloadBytes) throw damagedError(path, offset, `a length of ${length} bytes (at most ${maxPayloadBytes} are read)`)
  const size = headerBytes + Number(length) + footerBytes
  return bytes.length < size ? undefined : size
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
