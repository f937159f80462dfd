import { open, type FileHandle } from 'node:fs/promises'
import { maskedCrc32c } from './crc32c.ts'
import { damagedError, readError } from './errors.ts'
import { footerBytes, headerBytes, maxPayloadBytes } from './record.ts'

const firstBufferBytes = 256 * 1024

/** A record of a file. */
export interface FileRecord {
  /** Where it begins in the file. */
  readonly offset: number
  /** Its bytes until the next record is asked for: then others may lie there. */
  readonly payload: Uint8Array
}

/**
 * The records of a file, each with its checksums verified. At the end of the file `again` is asked whether to look once
 * more. Throws TENSORBOARD_DAMAGED at the first record that is altered or, once `again` says no, torn; TENSORBOARD_READ if the
 * file cannot be read. Holds the longest record and no more in memory.
 */
export async function* readRecords(path: string, again: () => Promise<boolean>): AsyncGenerator<FileRecord, void, void> {
  const handle = await openToRead(path)
  try {
    let buffer = new Uint8Array(firstBufferBytes)
    let start = 0
    let end = 0
    /** Of the byte at `start`. */
    let offset = 0
    for (;;) {
      const size = recordSize(path, buffer, start, end, offset)
      if (size !== undefined && end - start >= size) {
        const payloadEnd = start + size - footerBytes
        if (readUint32(buffer, payloadEnd) !== maskedCrc32c(buffer, start + headerBytes, payloadEnd)) {
          throw damagedError(path, offset, 'the checksum of the payload is wrong')
        }
        yield { offset, payload: buffer.subarray(start + headerBytes, payloadEnd) }
        start += size
        offset += size
        continue
      }
      buffer.copyWithin(0, start, end)
      end -= start
      start = 0
      // By doubling, and not to what the record claims: the file may well be shorter.
      if (end === buffer.length) buffer = enlarged(buffer)
      const read = await readInto(path, handle, buffer, end, offset)
      end += read
      if (read === 0 && !(await again())) break
    }
    if (end > 0) throw damagedError(path, offset, 'the file ends', { torn: true })
  } finally {
    await handle.close()
  }
}

/** Bytes of the first record, or undefined while its header is not there. */
function recordSize(path: string, bytes: Uint8Array, start: number, end: number, offset: number): number | undefined {
  if (end - start < headerBytes) return undefined
  if (readUint32(bytes, start + 8) !== maskedCrc32c(bytes, start, start + 8)) throw damagedError(path, offset, 'the checksum of the length is wrong')
  const length = readUint32(bytes, start) + readUint32(bytes, start + 4) * 2 ** 32
  if (length > maxPayloadBytes) throw damagedError(path, offset, `a length of ${length} bytes (at most ${maxPayloadBytes} are read)`)
  return headerBytes + length + footerBytes
}

function readUint32(bytes: Uint8Array, index: number): number {
  return (bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24)) >>> 0
}

function enlarged(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2)
  larger.set(bytes)
  return larger
}

async function openToRead(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (cause) {
    throw readError(path, cause)
  }
}

async function readInto(path: string, handle: FileHandle, buffer: Uint8Array, index: number, offset: number): Promise<number> {
  try {
    return (await handle.read(buffer, index, buffer.length - index, offset + index)).bytesRead
  } catch (cause) {
    throw readError(path, cause)
  }
}
