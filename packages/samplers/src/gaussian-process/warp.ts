/*
 * Input warping by the distribution function of Kumaraswamy, w(u) = 1 − (1 − uᵃ)ᵇ (Snoek et al. 2014), with uʹ = margin + (1 − 2 margin) u in
 * place of u: at 0 and 1 its slopes are infinite.
 */
const margin = 1e-4

export function warp(unit: number, a: number, b: number): number {
  return 1 - (1 - (margin + (1 - 2 * margin) * unit) ** a) ** b
}

/** dw/du. */
export function warpSlope(unit: number, a: number, b: number): number {
  const u = margin + (1 - 2 * margin) * unit
  return (1 - 2 * margin) * a * b * u ** (a - 1) * (1 - u ** a) ** (b - 1)
}

/** Warps and writes w, dw / d ln a and dw / d ln b to `out`, at `offset`, `offset + stride` and `offset + 2 stride`. */
export function warpWithSlopes(unit: number, a: number, b: number, out: Float64Array, offset: number, stride: number): void {
  const u = margin + (1 - 2 * margin) * unit
  const logU = Math.log(u)
  const power = Math.exp(a * logU)
  const rest = 1 - power
  const logRest = Math.log(rest)
  const tail = Math.exp(b * logRest)
  out[offset] = 1 - tail
  out[offset + stride] = (a * b * tail * power * logU) / rest
  out[offset + 2 * stride] = -b * tail * logRest
}
