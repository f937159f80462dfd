import type { Curve } from '@attune/core'

/** Index of the first report at or after `step`; the curve's length if there is none. */
export function firstAtOrAfter(curve: Curve, step: number): number {
  let low = 0
  let high = curve.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((curve.steps[middle] as number) < step) low = middle + 1
    else high = middle
  }
  return low
}

/** Loss of the first report at or after `step` that has one, NaN if none has. */
export function lossFrom(curve: Curve, step: number): number {
  for (let i = firstAtOrAfter(curve, step); i < curve.length; i++) {
    const loss = curve.losses[i] as number
    if (!Number.isNaN(loss)) return loss
  }
  return NaN
}

/** Loss of the last report at or before `step` that has one, NaN if none has. */
export function lossUntil(curve: Curve, step: number): number {
  for (let i = firstAtOrAfter(curve, step); i >= 0; i--) {
    if (i === curve.length || (curve.steps[i] as number) > step) continue
    const loss = curve.losses[i] as number
    if (!Number.isNaN(loss)) return loss
  }
  return NaN
}

/** Step of the last report before `step` that has a loss, -Infinity if there is none. */
export function stepBefore(curve: Curve, step: number): number {
  for (let i = firstAtOrAfter(curve, step) - 1; i >= 0; i--) {
    if (!Number.isNaN(curve.losses[i])) return curve.steps[i] as number
  }
  return -Infinity
}

/** The lowest loss of a curve, NaN if it has none. */
export function lowestLoss(curve: Curve): number {
  let lowest = NaN
  for (let i = 0; i < curve.length; i++) {
    const loss = curve.losses[i] as number
    if (!(loss >= lowest)) lowest = Number.isNaN(loss) ? lowest : loss
  }
  return lowest
}
