/** The parameters of a freeze trade-off. `a`, `b` and `c` are ≥ 0 and in the units of the score, `k` is > 0. */
export interface FreezeCurve {
  /** What adapting everything to the new task could gain, were it free. */
  readonly a: number
  /** The cost of estimating more weights from `n` samples: variance, which shrinks as 1/n. */
  readonly b: number
  /** The cost of moving away from what the base knows: forgetting, which no number of samples takes away. */
  readonly c: number
  /** How soon the gain is there: at 1 − f = 1/k, 63 % of `a`. */
  readonly k: number
}

/**
 * Δ(f) = a(1 − e^(−k(1−f))) − b(1−f)/n − c(1−f)²: what a freeze ratio f ∈ [0, 1] gains over training the head alone
 * (Δ(1) = 0), with `n` samples of the target task. Concave in f.
 */
export function freezeGain({ a, b, c, k }: FreezeCurve, freezeRatio: number, n: number): number {
  const u = 1 - freezeRatio
  return -a * Math.expm1(-k * u) - (b * u) / n - c * u * u
}

/** f*, the freeze ratio of the largest gain with `n` samples. Undefined where all gains are equal (a = b = c = 0). */
export function bestFreezeRatio({ a, b, c, k }: FreezeCurve, n: number): number | undefined {
  if (a === 0 && b === 0 && c === 0) return undefined
  const slope = (u: number): number => a * k * Math.exp(-k * u) - b / n - 2 * c * u
  if (slope(0) <= 0) return 1
  if (slope(1) >= 0) return 0
  // The slope falls strictly: one root, halved down to the precision of numbers.
  let [low, high] = [0, 1]
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (slope(middle) > 0) low = middle
    else high = middle
  }
  return 1 - (low + high) / 2
}
