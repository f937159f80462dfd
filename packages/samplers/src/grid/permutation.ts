import type { RandomStream } from '@attune/core'

const rounds = 6

/**
 * A random order of 0 … size − 1 that needs no memory: answers which number stands at a position. A Feistel network
 * on the next larger square of a power of two, walked until it lands inside (Black & Rogaway 2002).
 * `size` is between 1 and 2 ** 52.
 */
export function randomOrder(size: number, random: RandomStream): (position: number) => number {
  let half = 2
  while (half * half < size) half *= 2
  const keys = Uint32Array.from({ length: rounds }, () => random.bits())
  const encipher = (block: number): number => {
    let left = Math.floor(block / half)
    let right = block % half
    for (let round = 0; round < rounds; round++) {
      const mixed = (left ^ scramble(right ^ (keys[round] as number))) & (half - 1)
      left = right
      right = mixed
    }
    return left * half + right
  }
  return (position) => {
    let place = encipher(position)
    while (place >= size) place = encipher(place)
    return place
  }
}

/** The finaliser of MurmurHash3: every bit of the input moves every bit of the output. */
function scramble(word: number): number {
  let h = word
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
