import { exp } from '@attune/core'

/** Terms below this are 0: so far under 1 they change no sum in double precision. */
const least = -37
const perUnit = 32

let table: Float64Array | undefined

function tabulate(): Float64Array {
  return Float64Array.from({ length: -least * perUnit + 2 }, (_, i) => exp(-i / perUnit))
}

/**
 * Σ exp(terms[i] − largest), with relative error below 1e-11, some five times quicker than by `Math.exp` and with the same bits in every
 * JavaScript engine. Each term is split into a multiple of 1/32, which is looked up, and a rest within ±1/64 for Taylor's series.
 * @param largest the largest of the terms
 * @param enough nothing is added any more once the sum is as large as this
 * @param from the first term
 */
export function sumOfExp(terms: Float64Array, count: number, largest: number, enough: number = Infinity, from: number = 0): number {
  const powers = (table ??= tabulate())
  let sum = 0
  for (let i = from; i < count && !(sum >= enough); i++) {
    const x = (terms[i] as number) - largest
    if (!(x > least)) continue
    const k = (0.5 - x * perUnit) | 0
    const r = x + k * (1 / perUnit)
    sum += (powers[k] as number) * (1 + r * (1 + r * (0.5 + r * (1 / 6 + r * (1 / 24)))))
  }
  return sum
}
