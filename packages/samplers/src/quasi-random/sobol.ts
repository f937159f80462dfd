import { AttuneError } from '@attune/core'
import { directionsOf, mostSobolDimensions, sobolBits } from './directions.ts'

const fraction = 2 ** -32

/**
 * The Sobol sequence: of 2 ** m successive points (from a multiple of it), every elementary box of the first dimensions has its
 * share. Point i is a function of i, so workers that share a sequence need no counter.
 *
 * With a seed its coordinates are scrambled as Owen does (a random permutation of halves, of quarters in each half, and so on,
 * independent in each dimension): then each point alone is uniform, and the sequence keeps its evenness. The permutations are a hash
 * (Burley, "Practical hash-based Owen scrambling", JCGT 9, 2020, with the constants of Vegdahl 2021). Coordinates are multiples of
 * 2 ** -32, scrambled ones in between, so never 0 or 1.
 */
export class Sobol {
  readonly dimensions: number
  /** Of each dimension; undefined if the points are not scrambled. */
  readonly #seeds: Uint32Array | undefined
  readonly #directions: Uint32Array
  /** Of the current point, before scrambling. */
  readonly #words: Uint32Array

  /**
   * @param dimensions from 1 to 1111 (`mostSobolDimensions`)
   * @param seed 32 bits; undefined for the plain sequence, as in SciPy's `Sobol(scramble=False)`, but in the order of the number's bits,
   *   not of its Gray code: point g(i) = i ^ (i >> 1) here is point i there
   */
  constructor(dimensions: number, seed?: number) {
    if (!Number.isSafeInteger(dimensions) || dimensions < 1 || dimensions > mostSobolDimensions) {
      throw new AttuneError('DIMENSION', `A Sobol sequence has 1 to ${mostSobolDimensions} dimensions, not ${String(dimensions)}.`, { details: { dimensions } })
    }
    this.dimensions = dimensions
    this.#directions = directionsOf(dimensions)
    this.#words = new Uint32Array(dimensions)
    this.#seeds = seed === undefined ? undefined : Uint32Array.from({ length: dimensions }, (_, dimension) => mix(mix(seed ^ 0x9e3779b9) + Math.imul(dimension, 0x9e3779b9)))
  }

  /** Writes the coordinates of point `index`, from 0 to 2 ** 32 − 1, into `out` from `offset`. */
  point(index: number, out: Float64Array, offset: number = 0): void {
    this.#goTo(index)
    this.#write(out, offset)
  }

  /** Writes `count` points from number `from` on into `out`, one after another. */
  fill(from: number, count: number, out: Float64Array): void {
    const { dimensions } = this
    const words = this.#words
    for (let i = 0; i < count; i++) {
      if (i === 0) this.#goTo(from)
      else {
        // From one number to the next the lowest zero and the ones below it change.
        const last = 31 - Math.clz32(~(from + i - 1) & (from + i))
        for (let bit = 0; bit <= last; bit++) this.#turn(words, bit)
      }
      this.#write(out, i * dimensions)
    }
  }

  #goTo(index: number): void {
    const words = this.#words
    words.fill(0)
    for (let bit = 0, rest = index >>> 0; rest !== 0; bit++, rest >>>= 1) if (rest & 1) this.#turn(words, bit)
  }

  #turn(words: Uint32Array, bit: number): void {
    const directions = this.#directions
    for (let dimension = 0, at = bit; dimension < words.length; dimension++, at += sobolBits) words[dimension] = (words[dimension] as number) ^ (directions[at] as number)
  }

  #write(out: Float64Array, offset: number): void {
    const words = this.#words
    const seeds = this.#seeds
    if (seeds === undefined) for (let dimension = 0; dimension < words.length; dimension++) out[offset + dimension] = (words[dimension] as number) * fraction
    else for (let dimension = 0; dimension < words.length; dimension++) out[offset + dimension] = (scrambled(words[dimension] as number, seeds[dimension] as number) + 0.5) * fraction
  }
}

/** Owen's nested uniform scrambling of the bits of a coordinate: a bit is turned by a hash of the seed and the bits above it. */
export function scrambled(word: number, seed: number): number {
  let x = reversed(word)
  x ^= Math.imul(x, 0x3d20adea)
  x = (x + seed) | 0
  x = Math.imul(x, (seed >>> 16) | 1)
  x ^= Math.imul(x, 0x05526c56)
  x ^= Math.imul(x, 0x53a22864)
  return reversed(x) >>> 0
}

function reversed(word: number): number {
  let x = word
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1)
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2)
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4)
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8)
  return (x >>> 16) | (x << 16)
}

/** The finaliser of MurmurHash3: every bit of the input moves every bit of the output. */
function mix(word: number): number {
  let h = word | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
