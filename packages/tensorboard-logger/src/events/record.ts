import { maskedCrc32c } from './crc32c.ts'

/** Bytes before the payload: its length (8) and the checksum of the length (4). */
export const headerBytes = 12
/** Bytes after the payload: its checksum. */
export const footerBytes = 4

/** Frames a payload as a TFRecord: length, checksum of the length, payload, checksum of the payload; all little-endian. */
export function encodeRecord(payload: Uint8Array): Uint8Array {
  const record = new Uint8Array(headerBytes + payload.length + footerBytes)
  const view = new DataView(record.buffer)
  view.setBigUint64(0, BigInt(payload.length), true)
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true)
  record.set(payload, headerBytes)
  view.setUint32(headerBytes + payload.length, maskedCrc32c(payload), true)
  return record
}
