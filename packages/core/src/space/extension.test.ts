import { describe, expect, it } from 'vitest'
import type { FlatParams } from '../contracts/values.ts'
import { boolean, choice, constant, float, int, oneOf, ordinal, repeat } from './builders.ts'
import { constraint, linear, type Constraint } from './constraint.ts'
import type { Definition } from './definition.ts'
import { extensionOf, type Extension } from './extension.ts'
import { Space } from './space.ts'

function compare(before: Definition, after: Definition, values: FlatParams = {}, constraints: readonly [readonly Constraint<unknown>[], readonly Constraint<unknown>[]] = [[], []]): Extension {
  return extensionOf(Space.of(before, { constraints: constraints[0] }), Space.of(after, { constraints: constraints[1] }), values)
}

const x = float(0, 1)

describe('an extension', () => {
  const wider: readonly (readonly [what: string, before: Definition, after: Definition, values?: FlatParams])[] = [
    ['wider bounds', { x: float(0.1, 1), n: int(2, 4) }, { x: float(0.01, 2), n: int(1, 9) }],
    ['another scale', { x: float(0.1, 1) }, { x: float(0.1, 1, { scale: 'log' }) }],
    ['finer steps', { n: int(16, 64, { step: 16 }), x: float(0, 1, { step: 0.1 }) }, { n: int(8, 64, { step: 8 }), x: float(0, 1, { step: 0.05 }) }],
    ['no steps any more', { x: float(0, 1, { step: 0.1 }) }, { x: float(0, 1) }],
    ['a huge range of whole numbers', { n: int(0, 2 ** 40) }, { n: int(-5, 2 ** 41) }],
    ['new choices and levels', { a: choice(['x', 'y']), b: ordinal([1, 4]) }, { a: choice(['y', 'z', 'x']), b: ordinal([1, 2, 4]) }],
    ['a constant and a boolean that become choices', { a: constant(16), b: boolean(), c: constant(0.5) }, { a: int(8, 64), b: choice([true, false, 'auto']), c: float(0, 1) }],
    ['a new branch', { o: oneOf({ sgd: { m: x } }) }, { o: oneOf({ sgd: { m: x }, adam: { b: x } }) }],
    ['longer and shorter lists', { l: repeat({ u: x }, { min: 2, max: 3 }) }, { l: repeat({ u: x }, { min: 0, max: 5 }) }],
    ['a list that had a fixed length', { l: repeat({ u: x }, { min: 2, max: 2 }) }, { l: repeat({ u: x }, { min: 1, max: 3 }) }, { 'l.length': 2 }],
    ['a new parameter', { x }, { x, y: float(0, 1), g: { z: choice(['a', 'b']) } }, { y: 0.5, 'g.z': 'a' }],
    ['a new parameter with the value null', { x }, { x, y: choice([null, 1]) }, { y: null }],
    ['a new group of branches, of which old trials had one', { x }, { x, o: oneOf({ sgd: { m: x }, adam: { b: x } }) }, { 'o.type': 'sgd', 'o.sgd.m': 0 }],
    ['a new parameter of one branch', { o: oneOf({ sgd: { m: x }, adam: {} }) }, { o: oneOf({ sgd: { m: x, n: x }, adam: {} }) }, { 'o.sgd.n': 0 }],
    ['a new parameter of each element', { l: repeat({ u: x }, { min: 1, max: 2 }) }, { l: repeat({ u: x, d: float(0, 1) }, { min: 1, max: 2 }) }, { 'l.*.d': 0 }],
  ]
  for (const [what, before, after, values = {}] of wider) {
    it(`is one with ${what}`, () => {
      expect(compare(before, after, values)).toMatchObject({ problems: [], needed: [] })
      if (Object.keys(values).length > 0) expect(compare(before, after).needed).not.toEqual([])
    })
  }

  it('gives each element of a list the value of all, by its own path', () => {
    expect(compare({ l: repeat({ u: x }, { min: 1, max: 2 }) }, { l: repeat({ u: x, d: x }, { min: 1, max: 2 }) }, { 'l.*.d': 0, 'l.1.d': 1 }).values).toEqual({ 'l.0.d': 0, 'l.1.d': 1 })
  })

  it('needs no value where no old trial has the parameter', () => {
    expect(compare({ o: oneOf({ sgd: {} }) }, { o: oneOf({ sgd: {}, adam: { b: x } }) })).toEqual({ problems: [], needed: [], values: {} })
  })

  const narrower: readonly (readonly [what: string, before: Definition, after: Definition, problem: string, values?: FlatParams])[] = [
    ['narrower bounds', { x: float(0.1, 1) }, { x: float(0.2, 0.9) }, 'x: low 0.1 → 0.2, high 1 → 0.9, which is narrower'],
    ['coarser steps', { n: int(0, 8, { step: 2 }) }, { n: int(0, 8, { step: 4 }) }, 'n: 2, 6 are gone: int(0, 8, { step: 2 }) → int(0, 8, { step: 4 })'],
    ['steps where there were none', { x }, { x: float(0, 1, { step: 0.1 }) }, 'x: float(0, 1) → float(0, 1, { step: 0.1 }), which has only steps of the values'],
    ['coarser steps in a huge range', { n: int(0, 2 ** 40) }, { n: int(0, 2 ** 40, { step: 2 }) }, `n: 1 is gone: int(0, ${2 ** 40}) → int(0, ${2 ** 40}, { step: 2 })`],
    ['a choice that is gone', { a: choice(['x', 'y']) }, { a: choice(['x', 'z']) }, 'a: "y" is gone: choice(["x", "y"]) → choice(["x", "z"])'],
    ['another kind', { n: int(1, 4) }, { n: float(1, 4) }, 'n: int(1, 4) → float(1, 4), another kind'],
    ['a parameter that is gone', { x, y: x }, { x }, 'y: removed, was float(0, 1)'],
    ['a branch that is gone', { o: oneOf({ sgd: { m: x }, adam: {} }) }, { o: oneOf({ adam: {} }) }, 'o.type: "sgd" is gone: choice(["adam", "sgd"]) → choice(["adam"])'],
    ['a shorter list', { l: repeat({ u: x }, { min: 1, max: 3 }) }, { l: repeat({ u: x }, { min: 1, max: 2 }) }, 'l.*.u: removed, was float(0, 1)'],
    ['a value for old trials that the parameter does not have', { x }, { x, y: x }, "y: the value 2 for old trials is not one of float(0, 1)", { y: 2 }],
    ['a value for a parameter that there is not', { x }, { x, y: x }, 'z: there is a value for it, but no such parameter', { y: 1, z: 2 }],
  ]
  for (const [what, before, after, problem, values] of narrower) {
    it(`is none with ${what}`, () => expect(compare(before, after, values).problems).toContain(problem))
  }

  it('has the same constraints, looser ones, or fewer', () => {
    const bound = (atMost: number): Constraint<unknown> => linear({ x: 1 }, { atMost, name: 'sum' })
    const own = (version: number): Constraint<unknown> => constraint('own', () => 0, { version })
    const of = (before: readonly Constraint<unknown>[], after: readonly Constraint<unknown>[]): readonly string[] => compare({ x }, { x }, {}, [before, after]).problems
    expect([of([bound(0.5), own(1)], [bound(0.6), own(1)]), of([bound(0.5), own(1)], [])]).toEqual([[], []])
    expect(of([bound(0.5)], [bound(0.4)])).toEqual(["constraint 'sum': changed, so that old trials may break it"])
    expect(of([own(1)], [own(2)])).toEqual(["constraint 'own': changed, so that old trials may break it"])
    expect(of([], [bound(5)])).toEqual(["constraint 'sum': added, so that old trials may break it"])
  })
})
