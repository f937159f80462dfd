import { maskedCrc32c } from './crc32c.ts'
import { footerBytes, headerBytes } from './record.ts'

/** Frames a payload as a record, in the plainest way. */
export function encodeRecord(payload: Uint8Array): Uint8Array {
  const record = new Uint8Array(headerBytes + payload.length + footerBytes)
  const view = new DataView(record.buffer)
  view.setBigUint64(0, BigInt(payload.length), true)
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true)
  record.set(payload, headerBytes)
  view.setUint32(headerBytes + payload.length, maskedCrc32c(payload), true)
  return record
}
