const table: Uint32Array = createTable()

/** One step per byte value of the reflected Castagnoli polynomial. */
function createTable(): Uint32Array {
  const entries = new Uint32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1
    entries[byte] = remainder
  }
  return entries
}

/** CRC-32C (Castagnoli; RFC 3720, appendix B.4) of the bytes from `start` up to `end`, as an unsigned 32-bit integer. */
export function crc32c(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
  let remainder = 0xffffffff
  for (let index = start; index < end; index++) {
    remainder = (remainder >>> 8) ^ table[(remainder ^ bytes[index]!) & 0xff]!
  }
  return (remainder ^ 0xffffffff) >>> 0
}

/**
 * The checksum as TensorFlow stores it: rotated and offset, because the CRC of data that holds its own CRC
 * is weak (tensorflow/core/lib/hash/crc32c.h).
 */
export function maskedCrc32c(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
  const crc = crc32c(bytes, start, end)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
