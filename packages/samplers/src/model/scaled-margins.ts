/**
 * Margins as targets of mean 0 and variance 1, and the target of a margin of 0. Large margins count by their logarithms on both sides of 0
 * (the bilog of D. Eriksson & M. Poloczek, Scalable constrained Bayesian optimization, AISTATS 2021), in units of the median.
 */
export function scaled(margins: readonly number[]): { readonly targets: Float64Array; readonly limit: number } {
  const sizes = margins.filter((one) => one !== 0 && Number.isFinite(one)).map(Math.abs).sort((a, b) => a - b)
  const unit = sizes[sizes.length >> 1] ?? 1
  const most = 1 + Math.log1p(Math.min(Number.MAX_VALUE, (sizes.at(-1) ?? 0) / unit))
  const targets = Float64Array.from(margins, (one) => Math.sign(one) * Math.min(most, Math.log1p(Math.abs(one) / unit)))
  const mean = targets.reduce((sum, one) => sum + one, 0) / targets.length
  const variance = targets.reduce((sum, one) => sum + (one - mean) ** 2, 0) / targets.length
  const deviation = variance > 0 ? Math.sqrt(variance) : 1
  return { targets: targets.map((one) => (one - mean) / deviation), limit: -mean / deviation }
}
