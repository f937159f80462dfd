import { tfjsError } from '../../error.ts'
import { refuseUnknownOptions, type OptionNames } from '../../unknown-options.ts'
import { bestFreezeRatio, freezeGain, type FreezeCurve } from './freeze-curve.ts'
import { momentsOf, type FreezeObservation } from './tradeoff-moments.ts'
import { highestK, lowestK, TradeoffProfile } from './tradeoff-profile.ts'
import { studentBound } from './student-t.ts'

export interface FreezeFitOptions {
  /** Samples of the target task: those of every observation that does not say otherwise, and those for which f* is wanted. */
  readonly n: number
  /** Whether a high score is good (the default: `maximize`) or a low one. Gains are positive where it is better than f = 1. */
  readonly direction?: 'maximize' | 'minimize'
  /** Of the interval, in (0, 1); default 0.95. */
  readonly level?: number
}

/** A curve that the observations tell. */
export interface FreezeTradeoff extends FreezeCurve {
  readonly kind: 'fitted'
  /** Samples of the target task for which f* is meant. */
  readonly n: number
  /** f*: where the fitted curve is highest. */
  readonly freezeRatio: number
  /** Holds the true f* with about `level`: see the profile likelihood in `fitFreezeTradeoff`. */
  readonly interval: readonly [low: number, high: number]
  readonly level: number
  /** Δ(f*): what f* gains over training the head alone. */
  readonly gain: number
  /**
   * Whether k is at an end of its range, [0.2, 500], as it also is where a = 0. Then a, b, c and k say nothing by themselves (at the lower end, a and b are
   * large and nearly cancel); f*, its interval and the gain still hold for the curve.
   */
  readonly kAtBound: boolean
  /** Standard deviation of a score about the curve. */
  readonly deviation: number
  /** Observations less fitted numbers: a, b, c, k and one level for each (n, group). */
  readonly degreesOfFreedom: number
}

/** The observations do not tell f*; `reason` says why, and what would. */
export interface UndeterminedTradeoff {
  readonly kind: 'undetermined'
  readonly reason: string
}

/** The search for k comes this near to an end of its range. */
const nearBound = 1e-3

/**
 * Fits Δ(f) = a(1 − e^(−k(1−f))) − b(1−f)/n − c(1−f)², a, b, c ≥ 0 and k in [0.2, 500] (`kAtBound` says where that mattered), to trials of several freeze ratios by
 * least squares, and asks where it is highest.
 *
 * Given k the curve is linear in a, b, c and the levels: variable projection (Golub & Pereyra 1973) leaves a search for k
 * alone, with a non-negative least-squares problem at each. The interval is a profile likelihood's: all f for which the best
 * curve that is highest there fits not much worse than the best of all, judged by F(1, degrees of freedom). In simulations with
 * normal noise it held f* in 95 to 99 of 100 studies at level 0.95 (the tests repeat some); it is wider than it has to be
 * where f* is 0 or 1. With one `n`, b is told by the straight part of the curve alone, and shares it with a curve of
 * small k; trials with several `n` tell them apart, since only b's part shrinks with n. f* needs neither.
 *
 * @throws AttuneError `TFJS_OPTION` for a ratio outside [0, 1], a score that is no number, `n` that is not above 0, a level outside (0, 1), and options that do not exist.
 */
export function fitFreezeTradeoff(observations: readonly FreezeObservation[], options: FreezeFitOptions): FreezeTradeoff | UndeterminedTradeoff {
  refuseUnknownOptions('fitFreezeTradeoff', options, { n: true, direction: true, level: true } satisfies OptionNames<FreezeFitOptions>)
  const { n, direction = 'maximize', level = 0.95 } = options
  if (!isAboveZero(n)) throw tfjsError('TFJS_OPTION', `n is the number of samples of the target task, above 0; got ${String(n)}.`)
  if (!(level > 0 && level < 1)) throw tfjsError('TFJS_OPTION', `level must be between 0 and 1, as 0.95; got ${String(level)}.`)
  if (direction !== 'maximize' && direction !== 'minimize') throw tfjsError('TFJS_OPTION', `direction is 'maximize' or 'minimize', got ${JSON.stringify(direction)}.`)
  for (const [index, observation] of observations.entries()) check(observation, index)

  const moments = momentsOf(observations.map((observation) => ({ ...observation, n: observation.n ?? n })), n, direction === 'maximize' ? 1 : -1)
  const degreesOfFreedom = moments.observations - moments.intercepts - 4
  if (moments.distinct < 5) return undetermined(`the trials that can be compared have ${moments.distinct} different freeze ratio${moments.distinct === 1 ? '' : 's'}, and the curve has five unknowns: try at least 6, spread over [0, 1]`)
  if (degreesOfFreedom < 1) return undetermined(`${moments.observations} observations leave nothing to judge the fit by: there are ${moments.intercepts + 4} unknowns (a, b, c, k, and a level for each n and group)`)

  const profile = new TradeoffProfile(moments)
  const best = profile.best()
  const curve: FreezeCurve = { a: best.theta[0]!, b: best.theta[1]! * n, c: best.theta[2]!, k: best.k }
  const freezeRatio = bestFreezeRatio(curve, n)
  if (freezeRatio === undefined) return undetermined('no curve of this form fits better than a level line: the scores do not depend on the freeze ratio beyond their noise, or are worst in between')
  const variance = best.rest / degreesOfFreedom
  // Where the fit is exact, what is left is rounding.
  const threshold = best.rest + studentBound(level, degreesOfFreedom) ** 2 * variance + 1e-12 * moments.scoreScore
  const interval = profile.interval(threshold, 1 - freezeRatio)
  if (interval[0] === 0 && interval[1] === 1) return undetermined(`at level ${level}, every freeze ratio from 0 to 1 may be the best: the scores differ too little for their noise. More trials or more seeds narrow it`)
  // An a of rounding's size is none.
  const kAtBound = curve.a <= 1e-9 * Math.sqrt(moments.scoreScore) || curve.k < lowestK * (1 + nearBound) || curve.k > highestK / (1 + nearBound)
  return { kind: 'fitted', ...curve, n, freezeRatio, interval, level, gain: freezeGain(curve, freezeRatio, n), kAtBound, deviation: Math.sqrt(variance), degreesOfFreedom }
}

function check({ freezeRatio, score, n }: FreezeObservation, index: number): void {
  if (!(freezeRatio >= 0 && freezeRatio <= 1)) throw tfjsError('TFJS_OPTION', `observations[${index}].freezeRatio is ${String(freezeRatio)}: a freeze ratio is between 0 and 1.`)
  if (!Number.isFinite(score)) throw tfjsError('TFJS_OPTION', `observations[${index}].score is ${String(score)}: leave out trials without a score.`)
  if (n !== undefined && !isAboveZero(n)) throw tfjsError('TFJS_OPTION', `observations[${index}].n is ${String(n)}: it is the number of samples of the target task, above 0.`)
}

function isAboveZero(n: number): boolean {
  return Number.isFinite(n) && n > 0
}

function undetermined(reason: string): UndeterminedTradeoff {
  return { kind: 'undetermined', reason: `f* cannot be told: ${reason}.` }
}
