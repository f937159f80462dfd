import type { Random, RandomStream } from '../contracts/random.ts'
import { AttuneError } from '../errors.ts'
import { log } from '../space/math.ts'

/*
 * Threefry-4x32 with 20 rounds (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011): a bijection of a 128-bit counter under a 128-bit key that passes BigCrush. A stream is a key
 * (study seed, trial, purpose) and a counter, so that any number of any stream can be had without state.
 */

const parity = 0x1bd11bda

/** Writes the block of `counter` under `key` (four 32-bit words each) to `out`. */
export function threefry4x32(key: Uint32Array, counter: Uint32Array, out: Uint32Array): void {
  const k0 = key[0]! | 0, k1 = key[1]! | 0, k2 = key[2]! | 0, k3 = key[3]! | 0
  const k4 = parity ^ k0 ^ k1 ^ k2 ^ k3
  let x0 = (counter[0]! + k0) | 0, x1 = (counter[1]! + k1) | 0, x2 = (counter[2]! + k2) | 0, x3 = (counter[3]! + k3) | 0
  for (let group = 0; group < 5; group++) {
    if ((group & 1) === 0) {
      x0 = (x0 + x1) | 0; x1 = ((x1 << 10) | (x1 >>> 22)) ^ x0; x2 = (x2 + x3) | 0; x3 = ((x3 << 26) | (x3 >>> 6)) ^ x2
      x0 = (x0 + x3) | 0; x3 = ((x3 << 11) | (x3 >>> 21)) ^ x0; x2 = (x2 + x1) | 0; x1 = ((x1 << 21) | (x1 >>> 11)) ^ x2
      x0 = (x0 + x1) | 0; x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0; x2 = (x2 + x3) | 0; x3 = ((x3 << 27) | (x3 >>> 5)) ^ x2
      x0 = (x0 + x3) | 0; x3 = ((x3 << 23) | (x3 >>> 9)) ^ x0; x2 = (x2 + x1) | 0; x1 = ((x1 << 5) | (x1 >>> 27)) ^ x2
    } else {
      x0 = (x0 + x1) | 0; x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0; x2 = (x2 + x3) | 0; x3 = ((x3 << 20) | (x3 >>> 12)) ^ x2
      x0 = (x0 + x3) | 0; x3 = ((x3 << 17) | (x3 >>> 15)) ^ x0; x2 = (x2 + x1) | 0; x1 = ((x1 << 11) | (x1 >>> 21)) ^ x2
      x0 = (x0 + x1) | 0; x1 = ((x1 << 25) | (x1 >>> 7)) ^ x0; x2 = (x2 + x3) | 0; x3 = ((x3 << 10) | (x3 >>> 22)) ^ x2
      x0 = (x0 + x3) | 0; x3 = ((x3 << 18) | (x3 >>> 14)) ^ x0; x2 = (x2 + x1) | 0; x1 = ((x1 << 20) | (x1 >>> 12)) ^ x2
    }
    switch (group) { // Key schedule: after every fourth round, the words in rotation plus the number of the injection.
      case 0: x0 += k1; x1 += k2; x2 += k3; x3 += k4 + 1; break
      case 1: x0 += k2; x1 += k3; x2 += k4; x3 += k0 + 2; break
      case 2: x0 += k3; x1 += k4; x2 += k0; x3 += k1 + 3; break
      case 3: x0 += k4; x1 += k0; x2 += k1; x3 += k2 + 4; break
      default: x0 += k0; x1 += k1; x2 += k2; x3 += k3 + 5
    }
    x0 |= 0; x1 |= 0; x2 |= 0; x3 |= 0
  }
  out[0] = x0; out[1] = x1; out[2] = x2; out[3] = x3
}

/** FNV-1a over the UTF-16 units of a purpose. */
function purposeWord(purpose: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < purpose.length; i++) hash = Math.imul(hash ^ purpose.charCodeAt(i), 0x01000193)
  return hash
}

class ThreefryStream implements RandomStream {
  readonly #key: Uint32Array
  readonly #counter = new Uint32Array(4)
  readonly #block = new Uint32Array(4)
  #used = 4
  #spare = NaN

  constructor(key: Uint32Array) {
    this.#key = key
  }

  bits(): number {
    if (this.#used === 4) {
      threefry4x32(this.#key, this.#counter, this.#block)
      this.#counter[0]! += 1
      if (this.#counter[0] === 0) this.#counter[1]! += 1
      this.#used = 0
    }
    return this.#block[this.#used++] as number
  }

  uniform(): number {
    const high = this.bits() >>> 5
    return (high * 0x4000000 + (this.bits() >>> 6)) / 0x20000000000000
  }

  integer(bound: number): number {
    // Rejects the incomplete last run of the range, so that every answer is equally likely.
    const limit = 0x100000000 - (0x100000000 % bound)
    for (;;) {
      const bits = this.bits()
      if (bits < limit) return bits % bound
    }
  }

  normal(): number {
    if (!Number.isNaN(this.#spare)) {
      const spare = this.#spare
      this.#spare = NaN
      return spare
    }
    for (;;) { // Marsaglia's polar method.
      const a = 2 * this.uniform() - 1
      const b = 2 * this.uniform() - 1
      const square = a * a + b * b
      if (square >= 1 || square === 0) continue
      const factor = Math.sqrt((-2 * log(square)) / square)
      this.#spare = b * factor
      return a * factor
    }
  }
}

/** Counter-based randomness of a study: streams keyed by (seed, trial, purpose). Its bits never change. */
export class ThreefryRandom implements Random {
  readonly specVersion = 'v1' as const
  readonly seed: number

  /** Throws SEED unless `seed` is an integer in [0, 2 ** 53). */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) throw new AttuneError('SEED', `The seed must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, got ${seed}.`)
    this.seed = seed
  }

  stream(trial: number, purpose: string): RandomStream {
    const key = new Uint32Array(4)
    key[0] = this.seed
    key[1] = this.seed / 0x100000000
    key[2] = trial
    key[3] = purposeWord(purpose)
    return new ThreefryStream(key)
  }
}
