import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../contracts/values.ts'
import { isAttuneError } from '../errors.ts'
import { anyDefinition, anyLeaf, testStream } from './arbitrary.test-support.ts'
import { boolean, choice, constant, float, int, normal, oneOf, repeat } from './builders.ts'
import { constraint, linear } from './constraint.ts'
import type { Definition } from './definition.ts'
import { leafFromJson, leafToJson } from './json.ts'
import { Space, space } from './space.ts'

const throughText = (value: { toJSON(): Json }): Json => JSON.parse(JSON.stringify(value)) as Json

/** Keys in reverse order at every level, as a database may answer them. */
function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).reverse().map(([key, inner]) => [key, reversed(inner)]))
}

function build(definition: Definition): Space | undefined {
  try {
    return Space.of(definition)
  } catch (error) {
    if (isAttuneError(error, 'EMPTY_SPACE') || isAttuneError(error, 'DUPLICATE_NAME')) return undefined
    throw error
  }
}

describe('the JSON form', () => {
  test('makes an equal space', () => {
    fc.assert(fc.property(anyDefinition, fc.integer({ min: 1, max: 1e9 }), (definition, seed) => {
      const before = build(definition)
      if (before === undefined) return
      for (const json of [throughText(before), reversed(throughText(before))]) {
        const after = Space.fromJSON(json)
        expect(after.fingerprint).toBe(before.fingerprint)
        expect(after.difference(before)).toEqual([])
        expect(after.dimensions.map(({ path, leaf, conditions }) => ({ path, leaf, conditions }))).toEqual(before.dimensions.map(({ path, leaf, conditions }) => ({ path, leaf, conditions })))
        expect(after.sample(testStream(seed))).toEqual(before.sample(testStream(seed)))
      }
    }), { numRuns: 300 })
  })

  test('is the definition, shared leaves by reference', () => {
    const rate = float(0, 1)
    expect(throughText(space({ o: oneOf({ a: { rate }, b: { g: { rate } }, c: { rate, g: { rate } } }), n: int(1, 3), t: boolean(), l: repeat(constant('k'), { min: 0, max: 2 }) }))).toEqual({
      format: 'attune-space/1',
      space: {
        o: {
          '.kind': 'oneOf',
          shared: { rate: { '.kind': 'float', low: 0, high: 1, scale: 'linear' }, 'g.rate': { '.kind': 'float', low: 0, high: 1, scale: 'linear' } },
          branches: { a: { rate: { '.kind': 'shared' } }, b: { g: { rate: { '.kind': 'shared' } } }, c: { rate: { '.kind': 'shared' }, g: { rate: { '.kind': 'shared' } } } },
        },
        n: { '.kind': 'int', low: 1, high: 3, scale: 'linear', step: 1 },
        t: { '.kind': 'boolean', values: [false, true] },
        l: { '.kind': 'repeat', of: { '.kind': 'constant', values: ['k'] }, min: 0, max: 2 },
      },
      constraints: [],
    })
  })

  test('of a leaf makes an equal leaf', () => {
    fc.assert(fc.property(anyLeaf, (leaf) => {
      expect(leafFromJson(JSON.parse(JSON.stringify(leafToJson(leaf))) as Json)).toEqual(leaf)
    }))
  })

  test('needs function constraints again, with name and version', () => {
    const check = (): number => 0
    const s = space({ x: float(0, 1), y: float(0, 1) }, { constraints: [linear({ x: 1, y: 2 }, { atMost: 1 }), constraint('c', check, { version: 2 })] })
    const json = throughText(s)
    const again = Space.fromJSON(json, { constraints: [constraint('c', check, { version: 2 })] })
    expect(again.fingerprint).toBe(s.fingerprint)
    expect(again.violation({ x: 1, y: 1 })).toBe(2)
    const refused = (constraints: Parameters<typeof Space.fromJSON>[1], message: string): void =>
      expect(() => Space.fromJSON(json, constraints)).toThrowError(expect.objectContaining({ code: 'CONSTRAINT', message: expect.stringContaining(message) }))
    refused({}, `The space has a constraint "c" (version 2), a function, which is not stored: give it again as constraint("c", …, { version: 2 }).`)
    refused({ constraints: [constraint('c', check)] }, `"c" (version 2)`)
    refused({ constraints: [constraint('c', check, { version: 2 }), constraint('d', check)] }, `The constraint "d" is not one of the space's`)
  })
})

test('the fingerprint does not depend on the order of constraints, nor on the sign of 0', () => {
  const [a, b] = [linear({ x: 1 }, { atMost: 1, name: 'a' }), constraint('b', () => 0)]
  const of = (...constraints: (typeof a | typeof b)[]): string => space({ x: float(0, 1), y: choice([0, 1]) }, { constraints }).fingerprint
  expect(of(a, b)).toBe(of(b, a))
  expect(of(a, b)).not.toBe(of(a))
  const negative = space({ x: float(-0, 1), y: choice([-0, 1]) })
  expect(Space.fromJSON(throughText(negative)).dimensions.map(({ leaf }) => leaf)).toStrictEqual(negative.dimensions.map(({ leaf }) => leaf))
  expect(Object.values(negative.decode([0, 0])).every((value) => Object.is(value, 0))).toBe(true)
})

describe('a malformed form', () => {
  const leaf = { '.kind': 'float', low: 0, high: 1, scale: 'linear' }
  const form = (definition: unknown, more: object = {}): Json => ({ format: 'attune-space/1', space: definition, ...more }) as Json

  test.each([
    ['null', null, `A space in the format undefined cannot be read, only 'attune-space/1'`],
    ['a newer format', { format: 'attune-space/2', space: {} }, 'A space in the format "attune-space/2" cannot be read'],
    ['no space', { format: 'attune-space/1' }, `malformed at 'space': undefined should be an object`],
    ['an empty space', form({}), 'The space has no parameters'],
    ['an array as a group', form({ a: [] }), `malformed at 'space.a': an array of 0 should be an object`],
    ['an unknown kind', form({ a: { '.kind': 'complex' } }), `'a' is of the unknown kind "complex"`],
    ['no bounds', form({ a: { '.kind': 'int', low: 1 } }), `'a' is int(1, undefined): both bounds must be finite numbers`],
    ['swapped bounds', form({ a: { ...leaf, low: 2 } }), `'a' is float(2, 1): the low bound is above the high one`],
    ['a bound that is null', form({ a: { ...leaf, low: null } }), 'both bounds must be finite numbers'],
    ['a prior of another kind', form({ a: { ...leaf, prior: { kind: 'beta' } } }), 'a prior is normal(mean, deviation) or logNormal(mu, sigma)'],
    ['values that are none', form({ a: { '.kind': 'choice', values: 'relu' } }), 'choice(…) takes an array of values'],
    ['values that are objects', form({ a: { '.kind': 'choice', values: [{}] } }), 'not of type object'],
    ['a constant of two', form({ a: { '.kind': 'constant', values: [1, 2] } }), 'a constant has values of its own'],
    ['a boolean of other values', form({ a: { '.kind': 'boolean', values: [true, false] } }), 'a boolean has values of its own'],
    ['a shared leaf that is not there', form({ a: { '.kind': 'oneOf', branches: { p: { x: { '.kind': 'shared' } } } } }), `malformed at 'space.a.p.x': an object with .kind refers to a shared parameter that is not there`],
    ['a shared leaf outside a branch', form({ a: { '.kind': 'shared' } }), 'refers to a shared parameter that is not there'],
    ['a branch that is none', form({ a: { '.kind': 'oneOf', branches: { p: 1 } } }), `malformed at 'space.a.p': 1 should be an object`],
    ['repeat without bounds', form({ a: { '.kind': 'repeat', of: leaf } }), 'repeat(…, { min: undefined, max: undefined })'],
    ['a forbidden name', JSON.parse(`{"format":"attune-space/1","space":{"a":${JSON.stringify(leaf)},"__proto__":${JSON.stringify(leaf)}}}`) as Json, `named '__proto__'`],
    ['a forbidden branch', JSON.parse(`{"format":"attune-space/1","space":{"a":{".kind":"oneOf","branches":{"__proto__":{}}}}}`) as Json, `named '__proto__'`],
    ['constraints that are no list', form({ a: leaf }, { constraints: {} }), `'constraints'`],
    ['a linear constraint of nothing', form({ a: leaf }, { constraints: [{ kind: 'linear' }] }), `'constraints': undefined should be an object`],
    ['a constraint of another kind', form({ a: leaf }, { constraints: [{ kind: 'quadratic', name: 'c' }] }), 'should be linear or function'],
    ['a leaf without path', { format: 'attune-space/1', leaves: [leaf] }, `named ''`],
    ['a leaf that is none', { format: 'attune-space/1', leaves: [null] }, `'leaf': null should be an object`],
    ['a group as a leaf', { format: 'attune-space/1', leaves: [{ path: 'x' }] }, 'should be'],
    ['depth', form(JSON.parse('{"a":'.repeat(500) + '{}' + '}'.repeat(500))), 'is nested too deeply'],
  ] as const)('with %s is refused', (_, json, message) => {
    expect(() => Space.fromJSON(json)).toThrowError(expect.objectContaining({ code: 'SPACE_JSON', message: expect.stringContaining(message) }))
  })

  test('never ends in anything but an AttuneError', () => {
    const seedForm = throughText(space({ o: oneOf({ a: { x: float(0, 1, { prior: normal(0, 1) }) }, b: {} }, { weights: { a: 1, b: 2 } }), c: choice(['p', 2], { weights: [1, 2] }), l: repeat(int(1, 4), { min: 0, max: 2 }) }, { constraints: [linear({ 'l.0': 1 }, { atMost: 3 })] }))
    const paths: (readonly string[])[] = []
    const collect = (value: Json, path: readonly string[]): void => {
      paths.push(path)
      if (typeof value === 'object' && value !== null) for (const [key, inner] of Object.entries(value)) collect(inner, [...path, key])
    }
    collect(seedForm, [])
    const replaced = (value: Json, path: readonly string[], by: unknown): Json => {
      const [key, ...rest] = path
      if (key === undefined) return by as Json
      const inner = replaced((value as { [key: string]: Json })[key] as Json, rest, by)
      if (Array.isArray(value)) return value.with(Number(key), inner) as Json
      const { [key]: _, ...others } = value as { [key: string]: Json }
      return inner === undefined ? others : { ...others, [key]: inner }
    }
    fc.assert(fc.property(fc.constantFrom(...paths), fc.oneof(fc.jsonValue(), fc.constant(undefined), fc.constantFrom(-1, 0, 1e9, '__proto__', 'x', { toString: '', valueOf: 1 })), (path, by) => {
      try {
        Space.fromJSON(replaced(seedForm, path, by)).sample(testStream())
      } catch (error) {
        if (!isAttuneError(error)) throw error
      }
    }), { numRuns: 2000 })
  })
})

describe('difference', () => {
  const rate = float(1e-4, 0.1, { scale: 'log' })
  const before = space({ learningRate: rate, depth: repeat({ units: int(1, 9) }, { min: 1, max: 3 }), o: oneOf({ sgd: { rate, momentum: float(0, 1) }, adam: { rate } }), gone: choice(['a', 'b']) }, {
    constraints: [linear({ learningRate: 1 }, { atMost: 1, name: 'kept' }), linear({ learningRate: 1 }, { atMost: 2, name: 'old' })],
  })

  test('is empty for equal spaces', () => expect(before.difference(Space.fromJSON(throughText(before)))).toEqual([]))

  test('says what was added, removed and changed, by path', () => {
    const wider = float(1e-4, 1, { scale: 'log' })
    const after = space({ learningRate: wider, depth: repeat({ units: int(1, 9, { step: 2 }) }, { min: 1, max: 4 }), o: oneOf({ sgd: { rate: wider, momentum: boolean() }, adam: { rate: wider }, rmsprop: {} }), new: { x: int(1, 2) } }, {
      constraints: [linear({ learningRate: 1 }, { atMost: 3, name: 'kept' }), constraint('fresh', () => 0)],
    })
    expect(before.difference(after)).toEqual([
      'learningRate: high 0.1 → 1',
      'depth.*.units: step 1 → 2',
      'depth: max 3 → 4',
      'o.rate: high 0.1 → 1',
      'o.sgd.momentum: float(0, 1) → boolean()',
      'o.rmsprop: added, {}',
      'gone: removed, was choice(["a", "b"])',
      'new: added, { x }',
      `constraint 'kept': {"atMost":1,"coefficients":{"learningRate":1},"kind":"linear"} → {"atMost":3,"coefficients":{"learningRate":1},"kind":"linear"}`,
      `constraint 'old': removed`,
      `constraint 'fresh': added`,
    ])
  })

  test('is empty exactly where fingerprints are equal', () => {
    fc.assert(fc.property(anyDefinition, anyDefinition, (a, b) => {
      const [first, second] = [build(a), build(b)]
      if (first === undefined || second === undefined) return
      expect(first.difference(second).length === 0).toBe(first.fingerprint === second.fingerprint)
    }), { numRuns: 200 })
  })
})

test('fingerprints are fixed: a change of the form makes studies on disk unreadable', () => {
  expect(space({ x: float(0, 1), o: oneOf({ a: { n: int(1, 9) }, b: {} }) }).fingerprint).toMatchInlineSnapshot(`"601c5581adb7bd98f2a5e9efb2ee09f3"`)
})
