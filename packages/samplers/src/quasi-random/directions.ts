import { joeKuoNumbers } from './joe-kuo-numbers.ts'

/** Number of dimensions that direction numbers are known for. */
export const mostSobolDimensions = 1111

/** Bits of a coordinate, and of the number of a point. */
export const sobolBits = 32

/** How many primitive polynomials modulo 2 there are of each degree; the first dimension has none. */
const polynomialsOfDegree = [1, 1, 1, 2, 2, 6, 6, 18, 16, 48, 60, 176, 144, 630]

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/**
 * The direction numbers of the first dimensions as fractions of 2 ** 32: `sobolBits` of each dimension, one dimension after
 * another. Bit k of a point's number stands for direction k of each dimension, by exclusive or.
 * Recurrence (2) of Joe & Kuo, "Remark on Algorithm 659", ACM Trans. Math. Softw. 29 (2003).
 */
export function directionsOf(dimensions: number): Uint32Array {
  const directions = new Uint32Array(dimensions * sobolBits)
  const read = bitReader()
  let degree = 0
  let left = polynomialsOfDegree[0] as number
  for (let dimension = 0; dimension < dimensions; dimension++) {
    if (left === 0) left = polynomialsOfDegree[++degree] as number
    left--
    const own = directions.subarray(dimension * sobolBits, (dimension + 1) * sobolBits)
    if (degree === 0) for (let k = 0; k < sobolBits; k++) own[k] = 2 ** (31 - k)
    else fill(own, degree, read)
  }
  return directions
}

function fill(own: Uint32Array, degree: number, read: (bits: number) => number): void {
  const inner = read(degree - 1)
  for (let k = 0; k < degree; k++) own[k] = (2 * read(k) + 1) * 2 ** (31 - k)
  for (let k = degree; k < sobolBits; k++) {
    const first = own[k - degree] as number
    let direction = first ^ (first >>> degree)
    for (let j = 1; j < degree; j++) if ((inner >>> (degree - 1 - j)) & 1) direction ^= own[k - j] as number
    own[k] = direction
  }
}

/** Reads numbers of up to 31 bits out of the text, one after another. */
function bitReader(): (bits: number) => number {
  let position = 0
  return (bits) => {
    let number = 0
    for (let end = position + bits; position < end; position++) {
      number = (number << 1) | ((alphabet.indexOf(joeKuoNumbers[Math.floor(position / 6)] as string) >>> (5 - (position % 6))) & 1)
    }
    return number
  }
}
