import { hashed, type Sequence } from './sequence.ts'

/** Coordinates are exact to about so many bits. */
const bits = 32

/**
 * The Halton sequence: coordinate d of point i has the digits of i to the base of the d-th prime, turned round. With a seed every
 * digit of every dimension is mapped by a permutation of its own (a x + b modulo the prime, drawn: a random linear scramble with a
 * digital shift, Matoušek 1998), which breaks the stripes that neighbouring large primes have otherwise.
 */
export class Halton implements Sequence {
  readonly #primes: readonly number[]
  /** Of each dimension; undefined if the points are not scrambled. */
  readonly #scrambles: readonly Scramble[] | undefined

  /** @param seed 32 bits; undefined for the plain sequence, that of SciPy's `Halton(scramble=False)` */
  constructor(dimensions: number, seed?: number) {
    this.#primes = primes(dimensions)
    this.#scrambles = seed === undefined ? undefined : this.#primes.map((prime, dimension) => scrambleOf(prime, hashed(seed, dimension)))
  }

  point(index: number, out: Float64Array): void {
    for (let dimension = 0; dimension < this.#primes.length; dimension++) {
      const prime = this.#primes[dimension] as number
      out[dimension] = this.#scrambles === undefined ? plain(index, prime) : scrambled(index, prime, this.#scrambles[dimension] as Scramble)
    }
  }
}

function plain(index: number, prime: number): number {
  let unit = 0
  let place = 1
  for (let rest = index; rest > 0; rest = Math.floor(rest / prime)) {
    place /= prime
    unit += (rest % prime) * place
  }
  return unit
}

/** The permutations of one dimension, by position of the digit. */
interface Scramble {
  readonly factors: Float64Array
  readonly shifts: Float64Array
  /** What the digits from a position on come to where all of them are 0: leading zeros are digits too, else point 0 would be the same for every seed. */
  readonly zeros: Float64Array
}

function scrambleOf(prime: number, seed: number): Scramble {
  const positions = Math.ceil(bits / Math.log2(prime))
  const factors = new Float64Array(positions)
  const shifts = new Float64Array(positions)
  const zeros = new Float64Array(positions + 1)
  let place = 1
  for (let position = 0; position < positions; position++) {
    factors[position] = 1 + (hashed(seed, 2 * position) % (prime - 1))
    shifts[position] = hashed(seed, 2 * position + 1) % prime
    place /= prime
  }
  // The middle of the last place.
  zeros[positions] = place / 2
  for (let position = positions - 1; position >= 0; position--, place *= prime) zeros[position] = (zeros[position + 1] as number) + (shifts[position] as number) * place
  return { factors, shifts, zeros }
}

function scrambled(index: number, prime: number, { factors, shifts, zeros }: Scramble): number {
  let unit = 0
  let place = 1
  let position = 0
  for (let rest = index; rest > 0 && position < factors.length; position++, rest = Math.floor(rest / prime)) {
    place /= prime
    unit += (((factors[position] as number) * (rest % prime) + (shifts[position] as number)) % prime) * place
  }
  return Math.min(unit + (zeros[position] as number), 1 - Number.EPSILON / 2)
}

/** The first primes. */
export function primes(count: number): readonly number[] {
  const found: number[] = []
  for (let candidate = 2; found.length < count; candidate++) {
    if (found.every((prime) => candidate % prime !== 0 || prime * prime > candidate)) found.push(candidate)
  }
  return found
}
