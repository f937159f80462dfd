/** Bytes that are taken at once. */
const slice = 8
const tables: readonly Uint32Array[] = createTables()

/**
 * The first table has one step per byte value of the reflected Castagnoli polynomial; each further one what that byte comes to
 * with one more zero byte behind it ("slicing by 8": Kounavis and Berry, 2005).
 */
function createTables(): readonly Uint32Array[] {
  const first = new Uint32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1
    first[byte] = remainder
  }
  const all = [first]
  while (all.length < slice) all.push(all.at(-1)!.map((remainder) => (remainder >>> 8) ^ first[remainder & 0xff]!))
  return all
}

/** CRC-32C (Castagnoli; RFC 3720, appendix B.4) of the bytes from `start` up to `end`, as an unsigned 32-bit integer. */
export function crc32c(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array]
  let remainder = 0xffffffff
  let index = start
  for (; index + slice <= end; index += slice) {
    remainder ^= bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24)
    remainder =
      t7[remainder & 0xff]! ^ t6[(remainder >>> 8) & 0xff]! ^ t5[(remainder >>> 16) & 0xff]! ^ t4[remainder >>> 24]! ^
      t3[bytes[index + 4]!]! ^ t2[bytes[index + 5]!]! ^ t1[bytes[index + 6]!]! ^ t0[bytes[index + 7]!]!
  }
  for (; index < end; index++) remainder = (remainder >>> 8) ^ t0[(remainder ^ bytes[index]!) & 0xff]!
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
