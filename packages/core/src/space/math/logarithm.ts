// Method and coefficients of fdlibm's e_log.c, so that values are the same in every JavaScript engine
// (`Math.log` may differ in the last bit). Error below 1 ulp.
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Permission to use, copy, modify, and
// distribute this software is freely granted, provided that this notice is preserved.

const view: DataView = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8))

/** 2 ** (1023 - i). A product with these is exact, and several times quicker than to read a number that was put together from words. */
let scales: Float64Array | undefined

function tabulate(): Float64Array {
  const table = new Float64Array(2048)
  for (let i = 0, scale = 8.98846567431158e307; i < table.length; i++, scale /= 2) table[i] = scale
  return table
}

/** The natural logarithm, the same bits everywhere. NaN below 0. */
export function log(x: number): number {
  if (x === 0) return -Infinity
  if (!(x > 0)) return NaN
  if (x === Infinity) return x
  let k = -1023
  if (x < 2.2250738585072014e-308) {
    k -= 54
    x *= 18014398509481984
  }
  view.setFloat64(0, x)
  // x = 2 ** k * (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)).
  const exponent = (view.getUint32(0) + (0x3ff00000 - 0x3fe6a09e)) >>> 20
  k += exponent
  const f = x * ((scales ??= tabulate())[exponent] as number) - 1
  const half = 0.5 * f * f
  const s = f / (2 + f)
  const z = s * s
  const w = z * z
  const even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373))
  const odd = z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)))
  return s * (half + (odd + even)) + k * 1.9082149292705877e-10 - half + f + k * 0.6931471803691238
}
