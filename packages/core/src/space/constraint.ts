import type { FlatParams } from '../contracts/values.ts'
import { show } from './show.ts'

/** A bound computed by a function; its name and version stand for it in the space's JSON form. */
export interface FunctionConstraint<P> {
  readonly kind: 'function'
  readonly name: string
  /** Raise it whenever the function changes its answers. */
  readonly version: number
  check(params: P): number
}

/** A bound on a weighted sum of numbers. Parameters that are inactive count as 0. */
export interface LinearConstraint {
  readonly kind: 'linear'
  readonly name: string
  readonly coefficients: { readonly [path: string]: number }
  readonly atMost: number | undefined
  readonly atLeast: number | undefined
}

/** A bound that parameters must keep, made by `constraint` or `linear`. */
export type Constraint<P> = FunctionConstraint<P> | LinearConstraint

/** A bound that parameters must keep: `check` answers 0 or less for those that do, and more the worse they break it. */
export function constraint<P>(name: string, check: (params: P) => number, options: { readonly version?: number } = {}): FunctionConstraint<P> {
  return Object.freeze({ kind: 'function', name, version: options.version ?? 1, check })
}

/** A bound on a sum of parameters (by path, `layers.0.units`), each times its coefficient. */
export function linear(
  coefficients: { readonly [path: string]: number },
  bounds: { readonly atMost?: number; readonly atLeast?: number; readonly name?: string },
): LinearConstraint {
  const { atMost, atLeast } = bounds
  const sum = Object.keys(coefficients).sort().map((path) => (coefficients[path] === 1 ? path : `${show(coefficients[path])} * ${path}`)).join(' + ')
  const name = bounds.name ?? `${atLeast === undefined ? '' : `${show(atLeast)} <= `}${sum}${atMost === undefined ? '' : ` <= ${show(atMost)}`}`
  return Object.freeze({ kind: 'linear', name, coefficients: Object.freeze({ ...coefficients }), atMost, atLeast })
}

/** By how much the bound is broken; 0 or less if it is kept. */
export function linearViolation(constraint: LinearConstraint, flatParams: FlatParams): number {
  let sum = 0
  let size = 0
  for (const path in constraint.coefficients) {
    const value = flatParams[path]
    if (typeof value !== 'number') continue
    const term = value * (constraint.coefficients[path] as number)
    sum += term
    size += Math.abs(term)
  }
  const above = constraint.atMost === undefined ? -Infinity : sum - constraint.atMost
  const below = constraint.atLeast === undefined ? -Infinity : constraint.atLeast - sum
  const violation = Math.max(above, below)
  // Rounding must not forbid 0.1 + 0.2 where 0.3 is allowed.
  return violation > 0 && violation <= 1e-12 * size ? 0 : violation
}
