import type { Observations } from '../model/observations.ts'
import { unitsOf } from '../model/units-of.ts'
import type { Layout } from '../gaussian-process/layout.ts'

/** A part of the space: a box around a good point, as latent rows. */
export interface Region {
  readonly centre: Float64Array
  /** Bounds of each axis, in [0, 1]. */
  readonly lower: Float64Array
  readonly upper: Float64Array
  /** Probability that a candidate differs from the centre along an axis. */
  readonly change: number
}

/** From so many numbers and ordinals on. */
const leastNumbers = 10
const firstSide = 0.8
const longestSide = 1.6
const shortestSide = 2 ** -7
/** So many better trials in a row double the sides; as many worse ones as there are axes halve them. */
const successes = 3
/** A better loss is better by this part of its size. */
const gain = 1e-3
/** So many axes of a candidate differ from the centre on average. */
const changed = 20

/**
 * Where the next point is searched for when there are many numbers, so many that a model is unsure nearly everywhere and would look at all corners: the box of
 * TuRBO (D. Eriksson et al., Scalable global optimization via local Bayesian optimization, NeurIPS 2019), here around the model of all trials. It is
 * a function of the trials alone. Undefined where there are fewer numbers, or nothing to begin at.
 * @param lengths length-scale of each axis: sides are longer along those that matter less
 * @param begin so many trials are looked at before the sides change, anew after each restart
 */
export function regionOf({ numbers, width }: Layout, observations: Observations, lengths: Float64Array, begin: number): Region | undefined {
  if (numbers.length < leastNumbers) return undefined
  const feasible = new Set(observations.order.subarray(0, observations.feasibleCount))
  const rows = Array.from({ length: observations.length }, (_, row) => row).sort((a, b) => observations.numberOf(a) - observations.numberOf(b))
  const losses = Float64Array.from(rows, (row) => (feasible.has(row) ? (observations.losses(row)[0] as number) : Infinity))
  const { side, since } = sideAfter(losses, begin, width)
  let best = -1
  for (let i = since; i < losses.length; i++) if ((losses[i] as number) < (losses[best] ?? Infinity)) best = i
  return best < 0 ? undefined : around(unitsOf(observations, [rows[best] as number], width), side, lengths)
}

/**
 * Length of the sides after some trials, and the trial from which on the search began anew because they had become too short.
 * @param losses by number, Infinity where a trial was of no use
 */
export function sideAfter(losses: Float64Array, begin: number, width: number): { readonly side: number; readonly since: number } {
  let side = firstSide
  let since = 0
  let best = Infinity
  let better = 0
  let worse = 0
  for (let i = 0; i < losses.length; i++) {
    const loss = losses[i] as number
    const isBetter = loss < best && !(loss >= best - gain * Math.abs(best))
    best = Math.min(best, loss)
    if (i < since + begin) continue
    better = isBetter ? better + 1 : 0
    worse = isBetter ? 0 : worse + 1
    if (better === successes) {
      side = Math.min(longestSide, 2 * side)
      better = 0
    } else if (worse === width) {
      side /= 2
      worse = 0
    }
    if (side >= shortestSide) continue
    side = firstSide
    since = i + 1
    best = Infinity
  }
  return { side, since }
}

function around(units: Float64Array, side: number, lengths: Float64Array): Region {
  const bounded = lengths.map((length) => Math.min(3, Math.max(0.02, length)))
  const mean = Math.exp(bounded.reduce((sum, length) => sum + Math.log(length), 0) / bounded.length)
  const half = bounded.map((length) => 0.5 * side * Math.min(4, Math.max(0.25, length / mean)))
  const centre = units.map((unit) => (Number.isNaN(unit) ? 0.5 : unit))
  return {
    centre,
    lower: centre.map((unit, axis) => (Number.isNaN(units[axis]) ? 0 : Math.max(0, unit - (half[axis] as number)))),
    upper: centre.map((unit, axis) => (Number.isNaN(units[axis]) ? 1 : Math.min(1, unit + (half[axis] as number)))),
    change: Math.min(1, changed / centre.length),
  }
}
