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

/**
 * Hyperparameters of maximal posterior, searched from `start`, which is changed in place. Undefined if the covariance is not positive
 * definite at the start or a value is not finite.
 */
export function fit(layout: Layout, rows: Float64Array, targets: Float64Array, count: number, start: LogHyperparameters, { kernel, warping, noise, iterations }: FitOptions): LogHyperparameters | undefined {
  const lower = new Float64Array(start.length)
  const upper = new Float64Array(start.length)
  const warps = atWarps(layout)
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
  const posterior = new LogPosterior(layout, kernel, rows, targets, count)
  const value = new Lbfgs(start.length).minimise((vector, gradient) => posterior.evaluate(vector, gradient), start, lower, upper, { iterations, gradientTolerance: 1e-2, leastGain: 3e-3, firstStep: 0.3 })
  return Number.isFinite(value) ? start : undefined
}
