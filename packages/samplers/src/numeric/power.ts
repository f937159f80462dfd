import { exp, log } from '@attune/core'

/** `base ** exponent` for a base from 0, the same in every JavaScript engine, which `**` is not. */
export function power(base: number, exponent: number): number {
  return exp(exponent * log(base))
}
