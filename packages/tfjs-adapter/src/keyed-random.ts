import { ThreefryRandom } from '@attune/core'

/** Order of the samples in one epoch: a permutation of 0 … count − 1, by (trial seed, epoch) alone. */
export function epochPermutation(count: number, seed: number, epoch: number): Int32Array {
  const stream = new ThreefryRandom(seed).stream(epoch, 'tfjs.shuffle')
  const order = Int32Array.from({ length: count }, (_, index) => index)
  for (let last = count - 1; last > 0; last--) {
    const other = stream.integer(last + 1)
    const kept = order[last] as number
    order[last] = order[other] as number
    order[other] = kept
  }
  return order
}

/** A seed in [1, 2 ** 31) for one use; never 0, which tfjs takes for "no seed". */
export function seedFor(seed: number, index: number, purpose: string): number {
  return 1 + new ThreefryRandom(seed).stream(index, `tfjs.${purpose}`).integer(2 ** 31 - 1)
}

/**
 * Runs `make` while `Math.random` is a stream keyed by `seed`, until it returns (or, if it is asynchronous, until its first
 * `await`). tfjs has no global seed: an initialiser without one asks `Math.random`. Seeding that is the only way to make
 * models reproducible that does not touch weights which `make` loaded from elsewhere.
 */
export function withSeededRandom<T>(seed: number, make: () => T): T {
  const stream = new ThreefryRandom(seed).stream(0, 'tfjs.build')
  const original = Math.random
  Math.random = () => stream.uniform()
  try {
    return make()
  } finally {
    Math.random = original
  }
}
