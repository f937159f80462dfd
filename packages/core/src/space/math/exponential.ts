// Method and coefficients of fdlibm's e_exp.c, so that values are the same in every JavaScript engine
// (`Math.exp` may differ in the last bit). Error below 1 ulp.
// Copyright (C) 2004 by Sun Microsystems, Inc. All rights reserved. Permission to use, copy, modify, and
// distribute this software is freely granted, provided that this notice is preserved.

/** 2 ** (i - 1022). */
let powers: Float64Array | undefined

function tabulate(): Float64Array {
  const table = new Float64Array(2046)
  for (let i = 0, power = 2.2250738585072014e-308; i < table.length; i++, power *= 2) table[i] = power
  return table
}

/** 2 ** k for k in [-1022, 1023]. */
function powerOfTwo(k: number): number {
  return (powers ??= tabulate())[k + 1022] as number
}

/** e ** x, the same bits everywhere. */
export function exp(x: number): number {
  if (x > 709.782712893384) return Infinity
  if (x < -745.1332191019412) return 0
  let k = 0
  let high = x
  let low = 0
  if (x > 0.34657359027997264 || x < -0.34657359027997264) {
    k = Math.trunc(1.4426950408889634 * x + (x < 0 ? -0.5 : 0.5))
    high = x - k * 0.6931471803691238
    low = k * 1.9082149292705877e-10
  }
  const r = high - low
  const rr = r * r
  const c = r - rr * (0.16666666666666602 + rr * (-0.0027777777777015593 + rr * (6.613756321437934e-5
    + rr * (-1.6533902205465252e-6 + rr * 4.1381367970572385e-8))))
  const y = 1 + (r * c / (2 - c) - low + high)
  if (k > 1023) return y * powerOfTwo(1023) * powerOfTwo(k - 1023)
  if (k < -1022) return y * powerOfTwo(k + 60) * powerOfTwo(-60)
  return y * powerOfTwo(k)
}
