/** Different bytes for each number, from nothing to some hundred kB. */
export function content(number: number): Uint8Array {
  const bytes = new Uint8Array((number * 7919) % 300_000)
  for (let index = 0; index < bytes.length; index++) bytes[index] = (index * 31 + (index >>> 8) + number) & 255
  return bytes.length === 0 ? Uint8Array.of(number & 255, number >> 8) : bytes
}
