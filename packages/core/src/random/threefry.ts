import type { Random, RandomStream } from '../contracts/random.ts'
import { AttuneError } from '../errors.ts'
import { log } from '../space/math.ts'
import { show } from '../space/show.ts'

/*
 * Threefry-4x32 with 20 rounds (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011): a bijection of a 128-bit counter under a 128-bit key that passes BigCrush. A stream is a key
 * (study seed, trial, purpose) and a counter, so that any number of any stream can be had without state.
 */

const parity = 0x1bd11bda

/** Writes the block of `counter` under `key` (four 32-bit words each) to `out`. */
export function threefry4x32(key: Uint32Array, counter: Uint32Array, out: Uint32Array): void {
  writeBlock(key[0]! | 0, key[1]! | 0, key[2]! | 0, key[3]! | 0, counter[0]!, counter[1]!, counter[2]!, counter[3]!, out)
}

function writeBlock(k0: number, k1: number, k2: number, k3: number, c0: number, c1: number, c2: number, c3: number, out: Uint32Array): void {
  const k4 = parity ^ k0 ^ k1 ^ k2 ^ k3
  let x0 = (c0 + k0) | 0, x1 = (c1 + k1) | 0, x2 = (c2 + k2) | 0, x3 = (c3 + k3) | 0
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

/** Where blocks are written before a stream takes them over. */
const block: Uint32Array = /* @__PURE__ */ new Uint32Array(4)

/** Words in fields, not in typed arrays: every trial makes a stream or two, and most draw a few numbers. */
class ThreefryStream implements RandomStream {
  readonly #k0: number
  readonly #k1: number
  readonly #k2: number
  readonly #k3: number
  #c0 = 0
  #c1 = 0
  #x1 = 0
  #x2 = 0
  #x3 = 0
  #used = 4
  #spare = NaN

  constructor(k0: number, k1: number, k2: number, k3: number) {
    this.#k0 = k0
    this.#k1 = k1
    this.#k2 = k2
    this.#k3 = k3
  }

  bits(): number {
    switch (this.#used++) {
      case 1:
        return this.#x1 >>> 0
      case 2:
        return this.#x2 >>> 0
      case 3:
        return this.#x3 >>> 0
      default:
        writeBlock(this.#k0, this.#k1, this.#k2, this.#k3, this.#c0, this.#c1, 0, 0, block)
        this.#c0 = (this.#c0 + 1) | 0
        if (this.#c0 === 0) this.#c1 = (this.#c1 + 1) | 0
        this.#x1 = block[1]! | 0
        this.#x2 = block[2]! | 0
        this.#x3 = block[3]! | 0
        this.#used = 1
        return block[0]!
    }
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
    if (!Number.isSafeInteger(seed) || seed < 0) throw new AttuneError('SEED', `The seed must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, got ${show(seed)}.`)
    this.seed = seed
  }

  stream(trial: number, purpose: string): RandomStream {
    // As 32-bit words: ToInt32 of a quotient drops its fraction and all above.
    return new ThreefryStream(this.seed | 0, (this.seed / 0x100000000) | 0, trial | 0, purposeWord(purpose))
  }
}
