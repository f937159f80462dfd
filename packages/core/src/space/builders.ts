import type { Scalar } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'
import type { Branches, CheckedBranches, LevelLeaf, SpaceNode, NumberLeaf, OneOf, Prior, Repeat } from './definition.ts'

/** Options of `float` and `int`. */
export interface NumberOptions {
  /** Spreads values evenly by their logarithm; the low bound must be positive. Default: `linear`. */
  readonly scale?: 'linear' | 'log'
  /** Values are `low`, `low + step`, … up to `high`. Default: 1 for integers, none for floats. */
  readonly step?: number
  /** What is likely before any trial. Default: uniform on the scale. */
  readonly prior?: Prior
}

// Bounds, weights and names are checked when the space is built, where the path is known.

export function numberLeaf(kind: NumberLeaf['.kind'], low: number, high: number, { scale = 'linear', step, prior }: { readonly [K in keyof NumberOptions]?: NumberOptions[K] | undefined }): NumberLeaf {
  return Object.freeze({ '.kind': kind, low: unsigned(low), high: unsigned(high), scale, step: step ?? (kind === 'int' ? 1 : undefined), prior: prior ? Object.freeze({ ...prior }) : undefined })
}

export function levelLeaf<const T extends Scalar>(kind: LevelLeaf['.kind'], values: readonly T[], weights?: readonly number[]): LevelLeaf<T> {
  if (!Array.isArray(values)) throw new AttuneError('EMPTY_CHOICE', `${kind}(…) takes an array of values, as in ${kind}(['relu', 'tanh']).`)
  if (weights !== undefined && !Array.isArray(weights)) throw new AttuneError('WEIGHTS', `${kind}([…], { weights }) takes an array of weights, one for each value.`)
  return Object.freeze({
    '.kind': kind,
    values: Object.freeze(values.map(unsigned)),
    weights: weights === undefined || (weights.length === values.length && allEqual(weights)) ? undefined : Object.freeze([...weights]),
  })
}

/** Whether this is a finite number above 0, whatever else it may be. */
export function isPositive(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) > 0
}

/** JSON loses the sign of -0. */
function unsigned<T>(value: T): T {
  return value === 0 ? (0 as T) : value
}

/** Equal weights say nothing: without them the definition is the same as one that has none. */
function allEqual(weights: readonly number[]): boolean {
  return weights.every((weight) => isPositive(weight) && weight === weights[0])
}

/** Throws OPTION. An option that is passed over in silence (`log: true`) would cost a whole study. */
function checkNumberOptions(kind: NumberLeaf['.kind'], options: NumberOptions): void {
  for (const key in options) {
    if (key !== 'scale' && key !== 'step' && key !== 'prior') throw new AttuneError('OPTION', `${kind}(…) does not know the option "${key}": it has "scale" ('linear' or 'log'), "step" and "prior".`)
  }
}

/** A number between `low` and `high`, both included. */
export function float(low: number, high: number, options: NumberOptions = {}): NumberLeaf {
  checkNumberOptions('float', options)
  return numberLeaf('float', low, high, options)
}

/** A whole number between `low` and `high`, both included. */
export function int(low: number, high: number, options: NumberOptions = {}): NumberLeaf {
  checkNumberOptions('int', options)
  return numberLeaf('int', low, high, options)
}

/** One of some values without an order: any JSON scalars, each once. `weights` are prior weights, one for each value. */
export function choice<const T extends Scalar>(values: readonly T[], options: { readonly weights?: readonly number[] } = {}): LevelLeaf<T> {
  return levelLeaf('choice', values, options.weights)
}

/** One of some values in the order given: neighbours are taken to be alike. */
export function ordinal<const T extends Scalar>(values: readonly T[], options: { readonly weights?: readonly number[] } = {}): LevelLeaf<T> {
  return levelLeaf('ordinal', values, options.weights)
}

/** True or false; `weight` is the prior probability of true, between 0 and 1. Default: 0.5. */
export function boolean(options: { readonly weight?: number } = {}): LevelLeaf<boolean> {
  const weight = options.weight ?? 0.5
  return levelLeaf('boolean', [false, true], [1 - weight, weight])
}

/** A value that never changes, recorded with every trial. */
export function constant<const T extends Scalar>(value: T): LevelLeaf<T> {
  return levelLeaf('constant', [value])
}

/**
 * One of several groups of parameters. In the parameters it is `{ type: 'name', …its parameters }`.
 * A leaf object that stands under the same name in several branches is one parameter, learned together.
 * `weights` are prior weights by name of branch.
 */
export function oneOf<const B extends Branches>(branches: B & CheckedBranches<B>, options: { readonly weights?: { readonly [K in keyof NoInfer<B>]: number } } = {}): OneOf<B> {
  const weights = Object.freeze({ ...options.weights })
  const names = Object.keys(weights)
  const isPlain = options.weights === undefined || (allEqual(Object.values(weights)) && names.length === Object.keys(branches).length && names.every((name) => Object.hasOwn(branches, name)))
  return Object.freeze({ '.kind': 'oneOf', branches: branches ?? {}, weights: isPlain ? undefined : weights })
}

/** A list of `min` to `max` elements: its length is a parameter, and so is what each element holds. */
export function repeat<const E extends SpaceNode>(of: E, bounds: { readonly min: number; readonly max: number }): Repeat<E> {
  if (typeof bounds !== 'object' || bounds === null) throw new AttuneError('REPEAT_BOUNDS', 'repeat(…) needs its bounds as the second argument, as in repeat({ units: int(8, 64) }, { min: 1, max: 3 }).')
  return Object.freeze({ '.kind': 'repeat', of, min: bounds.min, max: bounds.max })
}

/** A normal prior of a number, truncated to its bounds. `deviation` is above 0. */
export function normal(mean: number, deviation: number): Prior {
  return Object.freeze({ kind: 'normal', mean, deviation })
}

/** A prior under which the logarithm of a number is normal with mean `mu` and deviation `sigma` > 0, truncated to its bounds. */
export function logNormal(mu: number, sigma: number): Prior {
  return Object.freeze({ kind: 'logNormal', mu, sigma })
}
