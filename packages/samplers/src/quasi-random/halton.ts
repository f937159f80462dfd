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
  readonly #seed: number | undefined

  /** @param seed 32 bits; undefined for the plain sequence, that of SciPy's `Halton(scramble=False)` */
  constructor(dimensions: number, seed?: number) {
    this.#primes = primes(dimensions)
    this.#seed = seed
  }

  point(index: number, out: Float64Array): void {
    for (let dimension = 0; dimension < this.#primes.length; dimension++) {
      const prime = this.#primes[dimension] as number
      out[dimension] = this.#seed === undefined ? plain(index, prime) : scrambled(index, prime, hashed(this.#seed, dimension))
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

function scrambled(index: number, prime: number, seed: number): number {
  let unit = 0
  let place = 1
  let rest = index
  // Leading zeros are digits too: without them point 0 would be the same for every seed.
  for (let position = 0; place > 2 ** -bits; position++) {
    place /= prime
    const factor = 1 + (hashed(seed, 2 * position) % (prime - 1))
    const shift = hashed(seed, 2 * position + 1) % prime
    unit += ((factor * (rest % prime) + shift) % prime) * place
    rest = Math.floor(rest / prime)
  }
  return Math.min(unit + place / 2, 1 - Number.EPSILON / 2)
}

/** The first primes. */
export function primes(count: number): readonly number[] {
  const found: number[] = []
  for (let candidate = 2; found.length < count; candidate++) {
    if (found.every((prime) => candidate % prime !== 0 || prime * prime > candidate)) found.push(candidate)
  }
  return found
}
