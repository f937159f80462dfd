import { describe, expect, test } from 'vitest'
import type { Json } from '../contracts/values.ts'
import { testStream } from './arbitrary.test-support.ts'
import { boolean, choice, float, int, normal } from './builders.ts'
import { Space, space } from './space.ts'

const grown = (): Space => Space.dynamic().extend('x', float(0, 1)).extend('layer.units', int(1, 9)).extend('layer.bias', boolean())

describe('a space defined by running', () => {
  test('grows by leaves in the order they are met; indexes stay', () => {
    const s = grown()
    expect(s.dimensions.map(({ index, path, dynamic, conditions }) => [index, path, dynamic, conditions])).toEqual([
      [0, 'x', true, []], [1, 'layer.units', true, []], [2, 'layer.bias', true, []],
    ])
    expect(Space.dynamic().dimensions).toEqual([])
    expect(s.size).toBe(Infinity)
  })

  test('extended by a leaf that it has is itself', () => {
    const s = grown().extend('c', choice(['a', 'b'], { weights: [1, 2] })).extend('p', float(0, 1, { step: 0.5, prior: normal(0, 1) }))
    expect(s.extend('x', float(0, 1))).toBe(s)
    expect(s.extend('c', choice(['a', 'b'], { weights: [1, 2] }))).toBe(s)
    expect(s.extend('p', float(0, 1, { step: 0.5, prior: normal(0, 1) }))).toBe(s)
  })

  test.each([
    ['x', float(0, 2), `'x' was float(0, 1) and is now float(0, 2): keep the first definition, name the new one otherwise, or start a new study.`],
    ['x', int(0, 1), `'x' was float(0, 1) and is now int(0, 1)`],
    ['x', float(0, 1, { step: 0.5 }), `now float(0, 1, { step: 0.5 })`],
    ['x', float(0, 1, { prior: normal(0, 1) }), `now float(0, 1, { prior: normal(0, 1) })`],
    ['layer.bias', boolean({ weight: 0.25 }), `'layer.bias' was boolean() and is now boolean({ weight: 0.25 })`],
  ])('refuses %s with another definition', (path, leaf, message) => {
    expect(() => grown().extend(path, leaf)).toThrowError(expect.objectContaining({ code: 'LEAF_CHANGED', message: expect.stringContaining(message) }))
  })

  test.each([
    ['x.y', float(0, 1), 'DUPLICATE_NAME', `'x.y' and 'x' cannot both be parameters, since one would hold the other: rename one of them.`],
    ['layer', float(0, 1), 'DUPLICATE_NAME', `'layer' and 'layer.units' cannot both be parameters`],
    ['a..b', float(0, 1), 'NAME_FORBIDDEN', `named ''`],
    ['__proto__.x', float(0, 1), 'NAME_FORBIDDEN', `named '__proto__'`],
    ['y', float(2, 1), 'BOUNDS', `'y' is float(2, 1)`],
  ] as const)('refuses %s', (path, leaf, code, message) => {
    expect(() => grown().extend(path, leaf)).toThrowError(expect.objectContaining({ code, message: expect.stringContaining(message) }))
  })

  test('that grows without end says that names change', () => {
    const leaves = Array.from({ length: 2000 }, (_, i) => ({ path: `x${i}`, '.kind': 'boolean', values: [false, true] }))
    const large = Space.fromJSON({ format: 'attune-space/1', leaves })
    expect(() => large.extend('more', boolean())).toThrowError(expect.objectContaining({ code: 'DEFINITION', message: expect.stringContaining('give the same names in every trial') }))
  })

  test('takes trials that met some of its leaves', () => {
    const s = grown()
    expect(s.problems({ x: 0.5 })).toEqual([])
    expect(s.problems({})).toEqual([])
    expect(s.problems({ x: 2, other: 1 })).toEqual([`'x' is 2, which is not a value of float(0, 1)`, `'other' is not a parameter of the space; leave it out or correct its name`])
    expect([...s.encode({ 'layer.bias': true })]).toEqual([NaN, NaN, 0.75])
    expect(s.decode([NaN, NaN, 0.75])).toEqual({ 'layer.bias': true })
    expect(s.decode([0.5, 0, NaN])).toEqual({ x: 0.5, 'layer.units': 1 })
  })

  test('samples all leaves that it knows', () => {
    const flat = grown().sample(testStream())
    expect(Object.keys(flat)).toEqual(['x', 'layer.units', 'layer.bias'])
    expect(grown().problems(flat)).toEqual([])
  })

  test('nests by the names of the paths, and back', () => {
    const s = grown()
    expect(s.nest({ x: 0.5, 'layer.units': 3 })).toEqual({ x: 0.5, layer: { units: 3 } })
    expect(s.nest({})).toEqual({})
    expect(s.flatten({ layer: { bias: true }, x: 0.5 })).toEqual({ x: 0.5, 'layer.bias': true })
    expect(() => s.flatten({ layer: { unit: 3 } })).toThrowError(expect.objectContaining({ code: 'PARAMS', message: `'layer.unit' is 3: no trial has met such a parameter; remove it or correct its name.` }))
    expect(() => s.flatten({ x: 3 })).toThrowError(`'x' is 3: give a value of float(0, 1).`)
  })

  test('round-trips through JSON, with its order; the fingerprint does not depend on it', () => {
    const s = grown()
    const again = Space.fromJSON(JSON.parse(JSON.stringify(s)) as Json)
    expect(again.dimensions.map(({ path, dynamic }) => [path, dynamic])).toEqual(s.dimensions.map(({ path, dynamic }) => [path, dynamic]))
    expect(again.fingerprint).toBe(s.fingerprint)
    const other = Space.dynamic().extend('layer.bias', boolean()).extend('layer.units', int(1, 9)).extend('x', float(0, 1))
    expect(other.fingerprint).toBe(s.fingerprint)
    expect(s.difference(other.extend('y', int(1, 2)))).toEqual(['y: added, int(1, 2)'])
  })
})

test('a space defined up front cannot be extended', () => {
  const s = space({ x: float(0, 1) })
  expect(s.extend('x', float(0, 1))).toBe(s)
  expect(() => s.extend('y', float(0, 1))).toThrowError(expect.objectContaining({ code: 'NOT_DYNAMIC', message: expect.stringContaining('add it to the definition') }))
})
