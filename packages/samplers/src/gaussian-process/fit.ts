import { Lbfgs } from '../numeric/lbfgs.ts'
import { atNoise, atSignal, atWarps, atWeights, type LogHyperparameters } from './hyperparameters.ts'
import type { KernelName } from './kernel.ts'
import type { Layout } from './layout.ts'
import { LogPosterior } from './log-posterior.ts'

export interface FitOptions {
  readonly kernel: KernelName
  readonly warping: boolean
  /** False: the noise variance is kept at its least. */
  readonly noise: boolean
  /** Iterations of L-BFGS. */
  readonly iterations: number
}

/** Least noise variance, for targets of variance 1. */
const leastNoise = 1e-6
const tolerances = { gradientTolerance: 1e-2, leastGain: 3e-3, firstStep: 0.3 } as const
/** Multiplications between pauses: some 20 ms. */
const workOfPart = 4e7
/** Iterations after which the memory of L-BFGS begins anew. */
const iterationsOfPart = 15

/**
 * Hyperparameters of maximal posterior, searched from `start`, which is changed in place, in parts between which it yields. Undefined if the covariance is not
 * positive definite at the start or a value is not finite.
 */
export function* fitInParts(layout: Layout, rows: Float64Array, targets: Float64Array, count: number, start: LogHyperparameters, options: FitOptions): Generator<void, LogHyperparameters | undefined, undefined> {
  const { posterior, lower, upper } = taskOf(layout, rows, targets, count, options)
  const search = new Lbfgs(start.length)
  const work = count * count * (count + 2 * layout.features)
  let before = Infinity
  for (let left = options.iterations; left > 0; left -= iterationsOfPart) {
    const steps = search.minimiseInParts((vector, gradient) => posterior.evaluate(vector, gradient), start, lower, upper, { iterations: Math.min(left, iterationsOfPart), ...tolerances })
    let step = steps.next()
    for (let done = 0; step.done !== true; step = steps.next()) {
      done += work
      if (done < workOfPart) continue
      done = 0
      yield
    }
    const { value } = step
    if (!Number.isFinite(value)) return undefined
    if (before - value <= tolerances.leastGain) break
    before = value
    yield
  }
  return start
}

function taskOf(layout: Layout, rows: Float64Array, targets: Float64Array, count: number, { kernel, warping, noise }: FitOptions): { readonly posterior: LogPosterior; readonly lower: Float64Array; readonly upper: Float64Array } {
  const warps = atWarps(layout)
  const lower = new Float64Array(warps + 2 * layout.numbers.length)
  const upper = new Float64Array(lower.length)
  lower.fill(Math.log(1e-4), atWeights, warps)
  upper.fill(Math.log(1e4), atWeights, warps)
  lower[atSignal] = Math.log(1e-3)
  upper[atSignal] = Math.log(1e3)
  lower[atNoise] = Math.log(leastNoise)
  upper[atNoise] = noise ? 0 : Math.log(leastNoise)
  if (warping) {
    lower.fill(-2, warps)
    upper.fill(2, warps)
  }
  return { posterior: new LogPosterior(layout, kernel, rows, targets, count), lower, upper }
}
