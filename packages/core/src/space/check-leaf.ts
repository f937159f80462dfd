import { AttuneError } from '../errors.ts'
import { isPositive } from './builders.ts'
import { describeLeaf } from './describe-leaf.ts'
import { cellsOf } from './number-dimension.ts'
import type { Leaf, LevelLeaf, NumberLeaf } from './definition.ts'

/** Whether this is what the builder of a leaf made. */
export function isLeaf(node: unknown): node is Leaf {
  if (typeof node !== 'object' || node === null || !('.kind' in node)) return false
  return ('values' in node ? ['choice', 'ordinal', 'boolean', 'constant'] : ['float', 'int']).includes(node['.kind'] as string)
}

/** Throws what is wrong with the definition of the parameter at `path`, and what to do about it. */
export function checkLeaf(leaf: Leaf, path: string): void {
  if ('values' in leaf) checkLevels(leaf, path)
  else checkNumber(leaf, path)
}

function refuse(code: string, path: string, leaf: Leaf, why: string): never {
  throw new AttuneError(code, `'${path}' is ${describeLeaf(leaf)}: ${why}.`, { details: { path, leaf } })
}

function checkNumber(leaf: NumberLeaf, path: string): void {
  const { low, high, step, prior } = leaf
  if (!Number.isFinite(low) || !Number.isFinite(high)) refuse('BOUNDS', path, leaf, 'both bounds must be finite numbers')
  if (low > high) refuse('BOUNDS', path, leaf, `the low bound is above the high one; write ${leaf['.kind']}(${high}, ${low}) if they were swapped`)
  if (!Number.isFinite(high - low)) refuse('BOUNDS', path, leaf, 'the bounds are too far apart; bring them nearer or use a log scale on a smaller range')
  if (leaf['.kind'] === 'int' && !(Number.isSafeInteger(low) && Number.isSafeInteger(high) && Number.isSafeInteger(high - low))) {
    refuse('BOUNDS', path, leaf, 'the bounds of an int must be whole numbers, at most 2 ** 53 - 1 apart; use float for others')
  }
  if (leaf.scale !== 'linear' && leaf.scale !== 'log') refuse('BOUNDS', path, leaf, "the scale must be 'linear' or 'log'")
  if (leaf.scale === 'log' && low <= 0) refuse('LOG_BOUNDS', path, leaf, 'a log scale needs a low bound above 0; raise it or use the linear scale')
  if (step !== undefined) {
    if (!isPositive(step)) refuse('STEP', path, leaf, 'the step must be a number above 0')
    if (leaf['.kind'] === 'int' && !Number.isInteger(step)) refuse('STEP', path, leaf, 'the step of an int must be a whole number')
    if (high > low && cellsOf(leaf) < 2) refuse('STEP', path, leaf, `the step is larger than the range, so that only ${low} is left; lower it to at most ${high - low}`)
    if (leaf['.kind'] === 'float' && step < 1e-12 * Math.max(-low, high)) refuse('STEP', path, leaf, 'the step is too small to tell numbers of this size apart; leave it out')
  }
  if (prior !== undefined) {
    const parts = prior.kind === 'normal' ? [prior.mean, prior.deviation] : [prior.mu, prior.sigma]
    if (prior.kind !== 'normal' && prior.kind !== 'logNormal') refuse('PRIOR', path, leaf, 'a prior is normal(mean, deviation) or logNormal(mu, sigma)')
    if (!Number.isFinite(parts[0]) || !isPositive(parts[1])) refuse('PRIOR', path, leaf, 'both numbers of a prior must be finite, and the deviation above 0')
  }
}

function checkLevels(leaf: LevelLeaf, path: string): void {
  const { values, weights } = leaf
  if (values.length === 0) refuse('EMPTY_CHOICE', path, leaf, 'there is nothing to choose from; give at least one value')
  for (const value of values) {
    if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) continue
    refuse('CHOICE_VALUE', path, leaf, `values are texts, finite numbers, booleans or null, not ${typeof value === 'number' ? value : `of type ${typeof value}`}; name the alternatives and look them up in your code`)
  }
  if ((leaf['.kind'] === 'constant' && values.length > 1) || (leaf['.kind'] === 'boolean' && values.join() !== 'false,true')) {
    refuse('CHOICE_VALUE', path, leaf, `a ${leaf['.kind']} has values of its own; use choice(…) for others`)
  }
  if (new Set(values).size < values.length) {
    const twice = values.find((value, index) => values.indexOf(value) < index)
    refuse('DUPLICATE_CHOICE', path, leaf, `${JSON.stringify(twice)} is there twice; give each value once, and weights to prefer one`)
  }
  if (weights !== undefined && !(Array.isArray(weights) && weights.length === values.length && weights.every(isPositive) && Number.isFinite(weights.reduce((sum, weight) => sum + weight, 0)))) {
    refuse('WEIGHTS', path, leaf, leaf['.kind'] === 'boolean' ? 'the weight is the probability of true, above 0 and below 1' : 'weights are finite numbers above 0, one for each value')
  }
}
