import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isAttuneError } from '../errors.ts'
import { anyDefinition, testStream } from './arbitrary.test-support.ts'
import { boolean, choice, constant, float, int, oneOf, ordinal, repeat } from './builders.ts'
import type { Definition } from './definition.ts'
import { Space, space } from './space.ts'

function fullSpace() {
  const learningRate = float(1e-4, 0.1, { scale: 'log' })
  return space({
    optimizer: oneOf({ sgd: { learningRate, momentum: float(0, 0.99) }, adam: { learningRate }, plain: {} }, { weights: { sgd: 2, adam: 1, plain: 1 } }),
    layers: repeat({ units: int(16, 64, { step: 16 }) }, { min: 0, max: 2 }),
    data: { flip: boolean(), size: ordinal([8, 16]) },
    activation: choice(['relu', 'tanh']),
    version: constant('v2'),
  })
}

describe('dimensions', () => {
  test('come by name, parents before children', () => {
    expect(fullSpace().dimensions.map(({ index, path, kind, cells }) => [index, path, kind, cells])).toEqual([
      [0, 'activation', 'categorical', 2],
      [1, 'data.flip', 'categorical', 2],
      [2, 'data.size', 'ordinal', 2],
      [3, 'layers.length', 'number', 3],
      [4, 'layers.0.units', 'number', 4],
      [5, 'layers.1.units', 'number', 4],
      [6, 'optimizer.type', 'categorical', 3],
      [7, 'optimizer.learningRate', 'number', Infinity],
      [8, 'optimizer.sgd.momentum', 'number', Infinity],
      [9, 'version', 'categorical', 1],
    ])
  })

  test('know when they are active', () => {
    const conditions = Object.fromEntries(fullSpace().dimensions.map((dimension) => [dimension.path, dimension.conditions]))
    expect(conditions['data.flip']).toEqual([])
    expect(conditions['layers.0.units']).toEqual([{ parent: 3, cells: new Set([1, 2]) }])
    expect(conditions['layers.1.units']).toEqual([{ parent: 3, cells: new Set([2]) }])
    // Branches are cells in the order of their names: adam, plain, sgd.
    expect(conditions['optimizer.learningRate']).toEqual([{ parent: 6, cells: new Set([0, 2]) }])
    expect(conditions['optimizer.sgd.momentum']).toEqual([{ parent: 6, cells: new Set([2]) }])
    expect([...fullSpace().dimensions[6]!.weights!]).toEqual([0.25, 0.25, 0.5])
  })

  test('do not depend on the order in which names are written', () => {
    const a = space({ x: float(0, 1), o: oneOf({ p: { y: int(1, 2) }, q: {} }, { weights: { p: 1, q: 3 } }) })
    const b = space({ o: oneOf({ q: {}, p: { y: int(1, 2) } }, { weights: { q: 3, p: 1 } }), x: float(0, 1) })
    expect(b.fingerprint).toBe(a.fingerprint)
    expect(b.dimensions.map(({ path }) => path)).toEqual(a.dimensions.map(({ path }) => path))
    expect(b.sample(testStream())).toEqual(a.sample(testStream()))
  })

  test('of a fixed number of elements have no length', () => {
    const fixed = space({ widths: repeat(int(1, 4), { min: 2, max: 2 }) })
    expect(fixed.dimensions.map(({ path, conditions }) => [path, conditions.length])).toEqual([['widths.0', 0], ['widths.1', 0]])
    expect(fixed.nest({ 'widths.0': 1, 'widths.1': 4 })).toEqual({ widths: [1, 4] })
  })

  test('of elements below the smallest length are active as the list is', () => {
    const lists = space({ o: oneOf({ a: { list: repeat(int(1, 4), { min: 1, max: 2 }) }, b: {} }) })
    expect(lists.dimensions.map(({ path, conditions }) => [path, conditions[0]?.parent])).toEqual([['o.type', undefined], ['o.a.list.length', 0], ['o.a.list.0', 0], ['o.a.list.1', 1]])
  })
})

describe('a leaf shared by branches', () => {
  test('is one dimension, also inside groups, and only of branches that have it', () => {
    const shared = float(0, 1)
    const other = float(0, 1)
    const { dimensions } = space({ o: oneOf({ a: { g: { x: shared } }, b: { g: { x: shared } }, c: { g: { x: other } }, d: { x: shared } }) })
    expect(dimensions.map(({ path, conditions }) => [path, [...(conditions[0]?.cells ?? [])]])).toEqual([
      ['o.type', []],
      ['o.g.x', [0, 1]],
      ['o.c.g.x', [2]],
      ['o.d.x', [3]],
    ])
  })

  test('may be a whole oneOf or repeat', () => {
    const schedule = oneOf({ step: { every: int(1, 5) }, none: {} })
    const s = space({ o: oneOf({ a: { schedule }, b: { schedule, more: boolean() }, c: {} }) })
    expect(s.dimensions.map(({ path }) => path)).toEqual(['o.type', 'o.schedule.type', 'o.schedule.step.every', 'o.b.more'])
    const flat = { 'o.type': 'b', 'o.schedule.type': 'step', 'o.schedule.step.every': 3, 'o.b.more': true }
    expect(s.problems(flat)).toEqual([])
    expect(s.nest(flat)).toEqual({ o: { type: 'b', schedule: { type: 'step', every: 3 }, more: true } })
  })

  test('is not shared between two oneOf, elements or names', () => {
    const x = float(0, 1)
    const s = space({ p: oneOf({ a: { x }, b: { y: x } }), q: oneOf({ a: { x } }), list: repeat({ x }, { min: 2, max: 2 }), x })
    expect(s.dimensions.map(({ path }) => path)).toEqual(['list.0.x', 'list.1.x', 'p.type', 'p.a.x', 'p.b.y', 'q.type', 'q.a.x', 'x'])
  })
})

test('size counts the different points', () => {
  const x = int(1, 3)
  expect(space({ a: boolean(), b: int(1, 5) }).size).toBe(10)
  expect(space({ a: oneOf({ p: { x }, q: { x, y: boolean() }, r: {} }) }).size).toBe(3 + 6 + 1)
  expect(space({ a: repeat(x, { min: 0, max: 2 }) }).size).toBe(1 + 3 + 9)
  expect(space({ a: repeat(x, { min: 2, max: 2 }) }).size).toBe(9)
  expect(space({ a: float(0, 1), b: boolean() }).size).toBe(Infinity)
  expect(space({ a: float(1, 1), b: constant(1) }).size).toBe(1)
})

test('every point of a small space is drawn, and no other', () => {
  const x = int(1, 2)
  const s = space({ o: oneOf({ p: { x }, q: { x, y: boolean() }, r: {} }), l: repeat(boolean(), { min: 0, max: 1 }) })
  const random = testStream()
  const seen = new Set<string>()
  for (let i = 0; i < 2000; i++) seen.add(JSON.stringify(s.sample(random)))
  expect(seen.size).toBe(s.size)
})

describe('random points of random spaces', () => {
  const sampled = (check: (s: Space, seed: number) => void): void => {
    fc.assert(fc.property(anyDefinition, fc.integer({ min: 1, max: 2 ** 31 - 2 }), (definition, seed) => {
      const s = build(definition)
      if (s !== undefined) check(s, seed)
    }), { numRuns: 300 })
  }

  test('have no problems', () => sampled((s, seed) => expect(s.problems(s.sample(testStream(seed)))).toEqual([])))

  test('are encoded, with NaN where inactive, and decoded to themselves', () => sampled((s, seed) => {
    const flat = s.sample(testStream(seed))
    const units = s.encode(flat)
    for (const { index, path } of s.dimensions) expect(Number.isNaN(units[index])).toBe(!Object.hasOwn(flat, path))
    // What a coordinate alone cannot express (a prior's tail beyond its resolution) may move by rounding, then stays.
    const again = s.decode(units)
    expect(Object.keys(again)).toEqual(Object.keys(flat))
    expect(s.decode(s.encode(again))).toEqual(again)
  }))

  test('are nested, and flattened to themselves', () => sampled((s, seed) => {
    const flat = s.sample(testStream(seed))
    expect(s.flatten(s.nest(flat))).toEqual(flat)
    expect(Object.keys(s.flatten(s.nest(flat)))).toEqual(Object.keys(flat))
  }))

  test('have problems as soon as a value is missing, foreign or additional', () => sampled((s, seed) => {
    const flat = s.sample(testStream(seed))
    const path = Object.keys(flat)[seed % Object.keys(flat).length]!
    const { [path]: _, ...rest } = flat
    expect(s.problems(rest).join()).toContain(`'${path}' is missing`)
    expect(s.problems({ ...flat, [path]: {} as never }).join()).toContain(`'${path}' is an object`)
    expect(s.problems({ ...flat, other: 1 }).join()).toContain(`'other' is not a parameter`)
    const inactive = s.dimensions.find((dimension) => !Object.hasOwn(flat, dimension.path))
    if (inactive !== undefined) expect(s.problems({ ...flat, [inactive.path]: inactive.decode(0.5) }).join()).toContain(`'${inactive.path}' is inactive`)
  }))

  test('repeat with the seed', () => sampled((s, seed) => expect(s.sample(testStream(seed))).toEqual(s.sample(testStream(seed)))))
})

/** The space of a random definition; undefined if it has no leaf, or its branches share two leaves under one name. */
function build(definition: Definition): Space | undefined {
  try {
    return Space.of(definition)
  } catch (error) {
    if (isAttuneError(error, 'EMPTY_SPACE') || isAttuneError(error, 'DUPLICATE_NAME')) return undefined
    throw error
  }
}

test('sampling takes one uniform number for each active parameter', () => {
  const s = fullSpace()
  const stream = testStream(5)
  let taken = 0
  const flat = s.sample({ ...stream, uniform: () => (taken++, stream.uniform()) })
  expect(taken).toBe(Object.keys(flat).length)
})

describe('problems', () => {
  const good = { activation: 'relu', 'data.flip': true, 'data.size': 8, 'layers.length': 0, 'optimizer.type': 'adam', 'optimizer.learningRate': 0.01, version: 'v2' }

  test('are none for a good point, in whatever order', () => {
    expect(fullSpace().problems(good)).toEqual([])
    expect(fullSpace().problems(Object.fromEntries(Object.entries(good).reverse()))).toEqual([])
  })

  test.each([
    [{ 'optimizer.learningRate': 1 }, `'optimizer.learningRate' is 1, which is not a value of float(0.0001, 0.1, { scale: "log" })`],
    [{ 'optimizer.learningRate': NaN }, `'optimizer.learningRate' is NaN, which`],
    [{ activation: 'gelu' }, `'activation' is "gelu", which is not a value of choice(["relu", "tanh"])`],
    [{ 'layers.length': 1 }, `'layers.0.units' is missing; give a value of int(16, 64, { step: 16 })`],
    [{ 'layers.length': 1, 'layers.0.units': 20 }, `'layers.0.units' is 20, which`],
    [{ 'optimizer.sgd.momentum': 0.5 }, `'optimizer.sgd.momentum' is inactive here, because of 'optimizer.type'; leave it out`],
    [{ 'optimizer.type': 'rmsprop' }, `'optimizer.type' is "rmsprop", which`],
    [{ momentum: 1 }, `'momentum' is not a parameter of the space; leave it out or correct its name`],
  ])('%o', (change, message) => {
    expect(fullSpace().problems({ ...good, ...change })[0]).toContain(message)
  })

  test('are found to be none without making anything', () => {
    const dynamic = Space.dynamic().extend('x', float(0, 1)).extend('y', float(0, 1))
    expect(fullSpace().problems(good)).toBe(dynamic.problems({ x: 0.5 }))
    expect(Object.isFrozen(dynamic.problems({ x: 0.5 }))).toBe(true)
  })

  test('of a name that every object inherits', () => {
    const s = space({ toString: float(0, 1) })
    expect(s.problems({})).toEqual([`'toString' is missing; give a value of float(0, 1)`])
    expect(s.problems({ toString: 0.5 })).toEqual([])
    expect(s.nest(s.sample(testStream()))).toHaveProperty('toString', expect.any(Number))
  })
})

describe('flatten', () => {
  const good = { optimizer: { type: 'sgd', learningRate: 0.01, momentum: 0.5 }, layers: [{ units: 16 }], data: { flip: false, size: 16 }, activation: 'tanh', version: 'v2' } as const

  test('answers paths in the order of the dimensions', () => {
    expect(Object.entries(fullSpace().flatten(good))).toEqual([
      ['activation', 'tanh'], ['data.flip', false], ['data.size', 16], ['layers.length', 1], ['layers.0.units', 16],
      ['optimizer.type', 'sgd'], ['optimizer.learningRate', 0.01], ['optimizer.sgd.momentum', 0.5], ['version', 'v2'],
    ])
  })

  test.each([
    [{ ...good, activation: undefined }, `'activation' is missing: give a value of choice(["relu", "tanh"])`],
    [{ ...good, extra: 1 }, `'extra' is 1: there is no such parameter here, only optimizer, layers, data, activation, version; remove it or correct its name`],
    [{ ...good, layers: [{ units: 17 }] }, `'layers.0.units' is 17: give a value of int(16, 64, { step: 16 })`],
    [{ ...good, layers: [{ units: 16 }, { units: 16 }, { units: 16 }] }, `'layers' is an array of 3: give an array of 0 to 2 elements`],
    [{ ...good, layers: { units: 16 } }, `'layers' is an object with units: give an array of 0 to 2 elements`],
    [{ ...good, data: 3 }, `'data' is 3: give an object`],
    [{ ...good, optimizer: { learningRate: 0.1 } }, `'optimizer.type' is missing: give one of adam, plain, sgd`],
    [{ ...good, optimizer: { type: 'adam', learningRate: 0.1, momentum: 0.5 } }, `'optimizer.momentum' is 0.5: there is no such parameter here, only learningRate; remove it`],
    [{ ...good, optimizer: { type: 'sgd', learningRate: 0.1 } }, `'optimizer.momentum' is missing: give a value of float(0, 0.99)`],
    [null, 'The parameters is null: give an object'],
  ])('refuses %o', (params, message) => {
    expect(() => fullSpace().flatten(params as never)).toThrowError(expect.objectContaining({ code: 'PARAMS', message: expect.stringContaining(message) }))
  })

  test('does not take inherited properties for parameters', () => {
    expect(() => space({ toString: float(0, 1) }).flatten({} as never)).toThrowError(`'toString' is missing`)
  })
})

describe('coordinates', () => {
  test('of a given array are overwritten', () => {
    const s = space({ a: int(1, 2), b: boolean() })
    const out = new Float64Array(2).fill(7)
    expect(s.encode({ a: 1 }, out)).toBe(out)
    expect([...out]).toEqual([0.25, NaN])
  })

  test('beyond the interval are brought back, of inactive dimensions not read, else NaN is refused', () => {
    const s = space({ o: oneOf({ a: { x: float(0, 1) }, b: {} }) })
    expect(s.decode([0.9, NaN])).toEqual({ 'o.type': 'b' })
    expect(s.decode([-1, 1.5])).toEqual({ 'o.type': 'a', 'o.a.x': 1 })
    expect(() => s.decode([0.1, NaN])).toThrowError(expect.objectContaining({ code: 'COORDINATE', message: `The coordinate of 'o.a.x' is NaN: give a number from 0 to 1 for each active dimension.` }))
    expect(() => s.decode([])).toThrowError(expect.objectContaining({ code: 'COORDINATE' }))
  })
})
