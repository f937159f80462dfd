/** The largest finite number of IEEE 754 binary16. */
export const MAX_FLOAT16 = 65504

/** The bit pattern of the binary16 number nearest to a float32 one, ties to even; beyond ±65519 that is infinity. */
export function toFloat16Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const exponent = (bits >>> 23) & 0xff
  const mantissa = bits & 0x7fffff
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa === 0 ? 0 : 0x200)
  const shifted = exponent - 127 + 15
  if (shifted >= 31) return sign | 0x7c00
  // Below 2 ** -14 numbers lie 2 ** -24 apart: the leading one becomes explicit and moves right.
  const dropped = shifted > 0 ? 13 : Math.min(14 - shifted, 31)
  const full = shifted > 0 ? (shifted << 23) | mantissa : mantissa | (exponent === 0 ? 0 : 0x800000)
  if (dropped > 24) return sign
  const kept = full >>> dropped
  const rest = full & ((1 << dropped) - 1)
  const half = 1 << (dropped - 1)
  // A carry out of the mantissa lands in the exponent, where it belongs.
  return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0))
}

/** The bit patterns of the binary16 numbers nearest to these. */
export function toFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  return Uint16Array.from(bits, toFloat16Bits)
}
