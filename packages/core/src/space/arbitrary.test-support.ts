import fc from 'fast-check'
import type { RandomStream } from '../contracts/random.ts'
import type { Scalar } from '../contracts/values.ts'
import { boolean, choice, constant, float, int, logNormal, normal, oneOf, ordinal, repeat } from './builders.ts'
import type { Definition, Leaf, SpaceNode, NumberLeaf } from './definition.ts'

/** A stream for tests: the minimal standard generator of Park and Miller. */
export function testStream(seed = 1): RandomStream {
  let state = seed
  const bits = (): number => (state = (state * 48271) % 2147483647)
  const uniform = (): number => (bits() - 1) / 2147483646
  return { bits, uniform, integer: (bound) => Math.floor(uniform() * bound), normal: () => uniform() }
}

const magnitude = fc.double({ min: 1e-12, max: 1e12, noNaN: true })
const signed = fc.double({ min: -1e9, max: 1e9, noNaN: true })
const decimal = fc.tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 0, max: 7 })).map(([digits, places]) => Number(`${digits}e-${places}`))
const prior = (leaf: NumberLeaf): NumberLeaf => {
  const middle = (leaf.low + leaf.high) / 2
  const make = leaf['.kind'] === 'int' ? int : float
  const options = { scale: leaf.scale, ...(leaf.step !== undefined && { step: leaf.step }) }
  return make(leaf.low, leaf.high, { ...options, prior: leaf.low > 0 ? logNormal(Math.log(middle), 1) : normal(middle, (leaf.high - leaf.low) / 3 || 1) })
}
const between = (low: fc.Arbitrary<number>, width: fc.Arbitrary<number>): fc.Arbitrary<readonly [number, number]> => fc.tuple(low, width).map(([a, b]) => [a, a + b])

/** Every kind of float and int, by name. */
export const numberLeaves: { readonly [kind: string]: fc.Arbitrary<NumberLeaf> } = {
  'linear float': between(signed, magnitude).map(([low, high]) => float(low, high)),
  'float from 0': magnitude.map((high) => float(0, high)),
  'narrow float': fc.tuple(signed, fc.integer({ min: 0, max: 14 })).map(([low, digits]) => float(low, low + Math.abs(low) * 10 ** -digits)),
  'log float': between(magnitude, magnitude).map(([low, high]) => float(low, high, { scale: 'log' })),
  'narrow log float': fc.tuple(magnitude, fc.integer({ min: 0, max: 14 })).map(([low, digits]) => float(low, low * (1 + 10 ** -digits), { scale: 'log' })),
  'float with a decimal step': fc.tuple(decimal, decimal, fc.integer({ min: 1, max: 700 })).map(([low, step, n]) => float(low, low + n * step, { step })),
  'float with any step': fc.tuple(signed, magnitude, fc.integer({ min: 1, max: 700 })).map(([low, size, n]) => ({ low, n, step: Math.max(size, Math.abs(low) * 1e-10) })).map(({ low, n, step }) => float(low, low + (n + 0.5) * step, { step })),
  'log float with step': fc.tuple(decimal, decimal, fc.integer({ min: 1, max: 700 })).map(([low, step, n]) => float(low, low + n * step, { step, scale: 'log' })),
  int: between(fc.integer(), fc.nat()).map(([low, high]) => int(low, high)),
  'wide int': between(fc.maxSafeInteger().map((n) => Math.floor(n / 2)), fc.maxSafeNat().map((n) => Math.floor(n / 2))).map(([low, high]) => int(low, high)),
  'int with step': fc.tuple(fc.integer(), fc.integer({ min: 1, max: 1000 }), fc.nat(1000)).map(([low, step, n]) => int(low, low + (n + 1) * step, { step })),
  'log int': between(fc.integer({ min: 1, max: 1000 }), fc.nat()).map(([low, high]) => int(low, high, { scale: 'log' })),
  'log int with step': fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 1000 }), fc.nat(1000)).map(([low, step, n]) => int(low, low + (n + 1) * step, { step, scale: 'log' })),
  'single float': signed.map((value) => float(value, value)),
  'single int': fc.integer().map((value) => int(value, value)),
  'float with a prior': between(signed, magnitude).map(([low, high]) => prior(float(low, high))),
  'log int with a prior': between(fc.integer({ min: 1, max: 1000 }), fc.nat(10_000)).map(([low, high]) => prior(int(low, high, { scale: 'log' }))),
  'float with step and prior': fc.tuple(decimal, decimal, fc.integer({ min: 1, max: 500 })).map(([low, step, n]) => prior(float(low, low + n * step, { step }))),
}

const scalar: fc.Arbitrary<Scalar> = fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0), fc.integer(), fc.boolean(), fc.constant(null))
const scalars = fc.uniqueArray(scalar, { minLength: 1, maxLength: 20 })
const weighted = scalars.chain((values) => fc.tuple(fc.constant(values), fc.option(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: values.length, maxLength: values.length }), { nil: undefined })))

export const levelLeaves: { readonly [kind: string]: fc.Arbitrary<Leaf> } = {
  choice: weighted.map(([values, weights]) => choice(values, weights && { weights })),
  ordinal: weighted.map(([values, weights]) => ordinal(values, weights && { weights })),
  boolean: fc.option(fc.double({ min: 0.01, max: 0.99, noNaN: true }), { nil: 0.5 }).map((weight) => boolean({ weight })),
  constant: scalar.map((value) => constant(value)),
}

export const anyLeaf: fc.Arbitrary<Leaf> = fc.oneof(...Object.values(numberLeaves), ...Object.values(levelLeaves))

const name = fc.constantFrom('alpha', 'beta', 'gamma', 'delta', 'length', 'toString', '0', '1', 'Ünï')

/** Whole definitions, with branches that share leaves. */
export const anyDefinition: fc.Arbitrary<Definition> = fc
  .letrec<{ node: SpaceNode; group: Definition; branches: Definition }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      anyLeaf,
      tie('group'),
      tie('branches'),
      fc.tuple(tie('node'), fc.nat(2), fc.nat(2)).map(([of, min, more]) => repeat(of, { min, max: Math.max(1, min + more) })),
    ),
    group: fc.dictionary(name, tie('node'), { maxKeys: 3 }).map((group) => ({ ...group })),
    // What `common` holds stands in every second branch under the same names: one parameter each.
    branches: fc.tuple(fc.dictionary(name, tie('group'), { minKeys: 1, maxKeys: 4 }), tie('group'), fc.boolean()).map(([branches, common, isWeighted]) => {
      const all = Object.fromEntries(Object.entries(branches).map(([key, group], index) => [key, index % 2 === 0 ? { ...group, ...common } : { ...group }]))
      return oneOf(all, isWeighted ? { weights: Object.fromEntries(Object.keys(all).map((key, index) => [key, index + 1])) } : {}) as unknown as Definition
    }),
  }))
  .group.filter((group) => Object.keys(group).length > 0)
