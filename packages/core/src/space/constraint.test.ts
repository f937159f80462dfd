import { describe, expect, test } from 'vitest'
import { testStream } from './arbitrary.test-support.ts'
import { float, int, oneOf, repeat } from './builders.ts'
import { constraint, linear } from './constraint.ts'
import { space } from './space.ts'

describe('linear', () => {
  const s = space({ x: float(0, 1, { step: 0.1 }), y: float(0, 1, { step: 0.1 }), list: repeat(int(1, 9), { min: 0, max: 1 }) }, {
    constraints: [linear({ x: 1, y: 1, 'list.0': 0.1 }, { atMost: 0.3 })],
  })

  test('answers by how much the bound is broken', () => {
    expect(s.violation({ x: 0.5, y: 0.5, 'list.length': 0 })).toBeCloseTo(0.7, 12)
    expect(s.violation({ x: 0.1, y: 0, 'list.length': 1, 'list.0': 9 })).toBeCloseTo(0.7, 12)
    expect(s.constraints[0]!.violation({ x: 0.1, y: 0.1, 'list.length': 0 })).toBeCloseTo(-0.1, 12)
  })

  test('is not broken by rounding', () => {
    expect(0.1 + 0.2).toBeGreaterThan(0.3)
    expect(s.violation({ x: 0.1, y: 0.2, 'list.length': 0 })).toBe(0)
    expect(s.violation({ x: 0.2, y: 0.2, 'list.length': 0 })).toBeCloseTo(0.1, 12)
  })

  test('may have a bound below, or two', () => {
    const between = space({ a: int(0, 9), b: int(0, 9) }, { constraints: [linear({ a: 2, b: -1 }, { atLeast: 0, atMost: 3 })] })
    expect(between.constraints[0]!.name).toBe('0 <= 2 * a + -1 * b <= 3')
    expect([[1, 3], [1, 2], [2, 1], [4, 1]].map(([a, b]) => between.violation({ a: a!, b: b! }))).toEqual([1, 0, 0, 4])
  })
})

describe('functions', () => {
  test('see nested parameters', () => {
    const s = space({ o: oneOf({ a: { x: int(1, 9) }, b: {} }) }, { constraints: [constraint('small', ({ o }) => (o.type === 'a' ? o.x - 5 : 0))] })
    expect(s.violation({ 'o.type': 'a', 'o.a.x': 8 })).toBe(3)
    expect(s.violation({ 'o.type': 'b' })).toBe(0)
  })

  test('that answer NaN are broken', () => {
    const s = space({ x: int(1, 9) }, { constraints: [constraint('c', () => NaN)] })
    expect(s.violation({ x: 1 })).toBe(Infinity)
  })
})

describe('sampling', () => {
  test('keeps all constraints, and is uniform over what is left', () => {
    const s = space({ a: int(1, 6), b: int(1, 6) }, { constraints: [linear({ a: 1, b: 1 }, { atMost: 5 }), constraint('order', ({ a, b }) => a - b)] })
    const random = testStream(3)
    const counts = new Map<string, number>()
    const draws = 6000
    for (let i = 0; i < draws; i++) {
      const key = Object.values(s.sample(random)).join()
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    expect([...counts.keys()].sort()).toEqual(['1,1', '1,2', '1,3', '1,4', '2,2', '2,3'])
    for (const count of counts.values()) expect(Math.abs(count - draws / 6)).toBeLessThan(5 * Math.sqrt(draws / 6))
  })

  test('gives up with the constraint that forbids most, and its rate', () => {
    const s = space({ x: float(0, 1), y: float(0, 1) }, {
      constraints: [linear({ x: 1 }, { atMost: 0.5, name: 'half' }), constraint('never', ({ x }) => x + 1e-9), linear({ y: 1 }, { atLeast: 0.1, name: 'tenth' })],
    })
    expect(() => s.sample(testStream())).toThrowError(expect.objectContaining({
      code: 'NEARLY_INFEASIBLE',
      message: `None of 10000 random points keeps all constraints: 'never' forbade 100 % of them. Loosen it, or narrow the bounds of its parameters to where it can hold.`,
      details: { name: 'never', rate: 1 },
    }))
  })
})
