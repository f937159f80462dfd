import { describe, expect, test } from 'vitest'
import { boolean, choice, constant, float, int, logNormal, normal, oneOf, ordinal, repeat } from './builders.ts'
import { constraint, linear } from './constraint.ts'
import type { Definition, SpaceNode } from './definition.ts'
import { Space } from './space.ts'

const any = (value: unknown): SpaceNode => value as SpaceNode
const cycle: { [name: string]: unknown } = {}
cycle['again'] = cycle

/** Definition, code, and what the message must say. */
const refused: readonly (readonly [name: string, definition: () => Definition, code: string, message: string])[] = [
  ['nothing', () => ({}), 'EMPTY_SPACE', 'The space has no parameters; add at least one, as in space({ x: float(0, 1) }).'],
  ['groups of nothing', () => ({ a: { b: {} }, c: repeat({}, { min: 2, max: 2 }) }), 'EMPTY_SPACE', 'no parameters'],
  ['an array', () => [] as never, 'DEFINITION', 'A space is a plain object of parameters, not an array of 0'],
  ['null', () => null as never, 'DEFINITION', 'not null'],
  ['a number', () => ({ a: { x: any(5) } }), 'DEFINITION', "'a.x' is 5: give float(…)"],
  ['undefined', () => ({ x: any(undefined) }), 'DEFINITION', "'x' is undefined: give float(…)"],
  ['an object of a class', () => ({ x: any(new Map()) }), 'DEFINITION', "'x' is an object: give float(…)"],
  ['an unknown kind', () => ({ x: any({ '.kind': 'integer' }) }), 'DEFINITION', `'x' is of the unknown kind "integer": give float(…)`],
  ['a group that holds itself', () => cycle as never, 'DEFINITION', 'at most 32 levels and 20000 nodes'],
  ['too many nodes', () => ({ a: repeat(repeat({ x: int(1, 2) }, { min: 0, max: 1000 }), { min: 0, max: 1000 }) }), 'DEFINITION', 'lower the bounds of repeat'],

  ['low above high', () => ({ a: { rate: float(5, 1) } }), 'BOUNDS', "'a.rate' is float(5, 1): the low bound is above the high one; write float(1, 5) if they were swapped."],
  ['an infinite bound', () => ({ x: float(0, Infinity) }), 'BOUNDS', 'both bounds must be finite numbers'],
  ['a bound that is NaN', () => ({ x: int(NaN, 1) }), 'BOUNDS', "'x' is int(NaN, 1): both bounds must be finite numbers"],
  ['a bound that is a text', () => ({ x: float('0' as never, 1) }), 'BOUNDS', 'both bounds must be finite numbers'],
  ['bounds too far apart', () => ({ x: float(-1.7e308, 1.7e308) }), 'BOUNDS', 'the bounds are too far apart'],
  ['an int with a fraction', () => ({ x: int(1, 2.5) }), 'BOUNDS', 'must be whole numbers'],
  ['an int beyond 2 ** 53', () => ({ x: int(0, 2 ** 53) }), 'BOUNDS', 'must be whole numbers, at most 2 ** 53 - 1 apart'],
  ['ints too far apart', () => ({ x: int(-(2 ** 53 - 1), 2 ** 53 - 1) }), 'BOUNDS', 'at most 2 ** 53 - 1 apart'],
  ['an unknown scale', () => ({ x: float(1, 2, { scale: 'logarithmic' as never }) }), 'BOUNDS', "the scale must be 'linear' or 'log'"],
  ['log from 0', () => ({ x: float(0, 1, { scale: 'log' }) }), 'LOG_BOUNDS', `'x' is float(0, 1, { scale: "log" }): a log scale needs a low bound above 0; raise it or use the linear scale.`],
  ['log from below 0', () => ({ x: int(-3, 1, { scale: 'log' }) }), 'LOG_BOUNDS', 'a log scale needs a low bound above 0'],
  ['step 0', () => ({ x: float(0, 1, { step: 0 }) }), 'STEP', "'x' is float(0, 1, { step: 0 }): the step must be a number above 0"],
  ['a negative step', () => ({ x: int(0, 9, { step: -1 }) }), 'STEP', 'the step must be a number above 0'],
  ['a step that is NaN', () => ({ x: float(0, 9, { step: NaN }) }), 'STEP', 'the step must be a number above 0'],
  ['a step larger than the range', () => ({ x: float(0, 1, { step: 1.5 }) }), 'STEP', 'the step is larger than the range, so that only 0 is left; lower it to at most 1'],
  ['a step of an int that is none', () => ({ x: int(0, 9, { step: 0.5 }) }), 'STEP', 'must be a whole number'],
  ['a step too small to count', () => ({ x: float(1000, 1001, { step: 1e-12 }) }), 'STEP', 'too small'],
  ['a deviation of 0', () => ({ x: float(0, 1, { prior: normal(0, 0) }) }), 'PRIOR', "'x' is float(0, 1, { prior: normal(0, 0) }): both numbers of a prior must be finite, and the deviation above 0"],
  ['a mean that is NaN', () => ({ x: float(0, 1, { prior: logNormal(NaN, 1) }) }), 'PRIOR', 'must be finite'],
  ['something else as a prior', () => ({ x: float(0, 1, { prior: 'normal' as never }) }), 'PRIOR', 'a prior is normal(mean, deviation) or logNormal(mu, sigma)'],
  ['a prior far away', () => ({ x: float(0, 1, { prior: normal(1000, 1) }) }), 'PRIOR', 'no mass between the bounds; move it or the bounds'],
  ['a log-normal prior below 0', () => ({ x: float(-2, -1, { prior: logNormal(0, 1) }) }), 'PRIOR', 'no mass between the bounds'],

  ['an empty name', () => ({ a: { '': int(1, 2) } }), 'NAME_FORBIDDEN', "'a' has a parameter named '': a name needs at least one character; choose another name."],
  ['a name with a dot', () => ({ 'a.b': int(1, 2) }), 'NAME_FORBIDDEN', "The space has a parameter named 'a.b': '.' separates the names of a path"],
  ['__proto__', () => JSON.parse('{"__proto__": 1}') as never, 'NAME_FORBIDDEN', "named '__proto__'"],
  ['prototype', () => ({ prototype: int(1, 2) }), 'NAME_FORBIDDEN', "named 'prototype'"],
  ['constructor', () => ({ constructor: int(1, 2) }), 'NAME_FORBIDDEN', "named 'constructor': JavaScript objects use it themselves"],
  ['a branch with a dot', () => ({ o: oneOf({ 'a.b': {} } as never) }), 'NAME_FORBIDDEN', "'o' has a parameter named 'a.b'"],
  ['type in a branch', () => ({ o: oneOf({ a: { type: int(1, 2) } } as never) }), 'NAME_FORBIDDEN', "'o.a' has a parameter 'type', but in the parameters 'type' names the branch: choose another name."],
  ['two leaves of one path', () => {
    const [x, y] = [int(1, 2), int(1, 3)]
    return { o: oneOf({ a: { v: x }, b: { v: x }, c: { v: y }, d: { v: y } }) }
  }, 'DUPLICATE_NAME', "Two parameters have the path 'o.v'; rename one of them."],

  ['no choices', () => ({ x: choice([]) }), 'EMPTY_CHOICE', "'x' is choice([]): there is nothing to choose from; give at least one value."],
  ['no array of choices', () => ({ x: choice('relu' as never) }), 'EMPTY_CHOICE', 'choice(…) takes an array of values'],
  ['no branches', () => ({ o: oneOf({}) }), 'EMPTY_CHOICE', "'o' is oneOf without branches: give at least one"],
  ['a branch that is a leaf', () => ({ o: oneOf({ a: int(1, 2) } as never) }), 'DEFINITION', "'o.a' is an object with .kind, low, high, scale, step, …: a branch is a plain object of parameters, possibly empty."],
  ['a choice twice', () => ({ x: ordinal([1, 2, 1]) }), 'DUPLICATE_CHOICE', "'x' is ordinal([1, 2, 1]): 1 is there twice; give each value once, and weights to prefer one."],
  ['0 and -0', () => ({ x: choice([0, -0]) }), 'DUPLICATE_CHOICE', '0 is there twice'],
  ['an object as a choice', () => ({ x: choice([{}] as never) }), 'CHOICE_VALUE', 'values are texts, finite numbers, booleans or null, not of type object; name the alternatives'],
  ['NaN as a choice', () => ({ x: choice([1, NaN]) }), 'CHOICE_VALUE', 'not NaN'],
  ['no constant', () => ({ x: constant(undefined as never) }), 'CHOICE_VALUE', 'not of type undefined'],
  ['too few weights', () => ({ x: choice(['a', 'b'], { weights: [1] }) }), 'WEIGHTS', "weights are finite numbers above 0, one for each value"],
  ['a weight of 0', () => ({ x: choice(['a', 'b'], { weights: [1, 0] }) }), 'WEIGHTS', `'x' is choice(["a", "b"], { weights: [1, 0] }): weights are finite numbers above 0`],
  ['infinite weights', () => ({ x: choice(['a', 'b'], { weights: [1, Infinity] }) }), 'WEIGHTS', 'finite numbers'],
  ['weights that are no array', () => ({ x: choice(['a'], { weights: 1 as never }) }), 'WEIGHTS', 'takes an array of weights'],
  ['a probability above 1', () => ({ x: boolean({ weight: 1.5 }) }), 'WEIGHTS', "'x' is boolean({ weight: 1.5 }): the weight is the probability of true, above 0 and below 1."],
  ['branch weights that miss one', () => ({ o: oneOf({ a: {}, b: {} }, { weights: { a: 1 } as never }) }), 'WEIGHTS', "'o' needs one weight for each branch, by name: a, b."],
  ['a negative branch weight', () => ({ o: oneOf({ a: {}, b: {} }, { weights: { a: 1, b: -1 } }) }), 'WEIGHTS', "'o.type'"],

  ['max below min', () => ({ l: repeat(int(1, 2), { min: 3, max: 2 }) }), 'REPEAT_BOUNDS', "'l' is repeat(…, { min: 3, max: 2 }): give whole numbers with 0 <= min <= max and 1 <= max <= 1000."],
  ['a negative min', () => ({ l: repeat(int(1, 2), { min: -1, max: 2 }) }), 'REPEAT_BOUNDS', 'min: -1'],
  ['a max of 0', () => ({ l: repeat(int(1, 2), { min: 0, max: 0 }) }), 'REPEAT_BOUNDS', 'max: 0'],
  ['a max with a fraction', () => ({ l: repeat(int(1, 2), { min: 0, max: 1.5 }) }), 'REPEAT_BOUNDS', 'max: 1.5'],
  ['a max beyond bounds', () => ({ l: repeat({}, { min: 0, max: 1e9 }) }), 'REPEAT_BOUNDS', 'max <= 1000'],
]

test.each(refused)('a space with %s is refused', (_, definition, code, message) => {
  expect(() => Space.of(definition())).toThrowError(expect.objectContaining({ name: 'AttuneError', code, message: expect.stringContaining(message) }))
})

describe('constraints', () => {
  const definition = { x: float(0, 1), n: int(1, 9), mode: choice(['a', 'b']), level: ordinal([1, 2]) }
  const zero = (): number => 0

  test.each([
    ['an unknown path', [linear({ y: 1 }, { atMost: 1 })], `The constraint "y <= 1" names 'y', which is not a parameter; the space has level, mode, n, x.`],
    ['a path without numbers', [linear({ mode: 1 }, { atMost: 1 })], `names 'mode', whose values are not numbers; use constraint(name, (params) => …) instead`],
    ['no bound', [linear({ x: 1 }, { name: 'c' })], 'The constraint "c" needs a finite number for atMost, atLeast, or both'],
    ['an infinite bound', [linear({ x: 1 }, { atMost: Infinity })], 'needs a finite number'],
    ['no parameters', [linear({}, { atMost: 1 })], 'has no parameters; name at least one'],
    ['a coefficient that is NaN', [linear({ x: NaN }, { atMost: 1 })], `gives 'x' the coefficient NaN; it must be a finite number`],
    ['the same name twice', [constraint('c', zero), linear({ x: 1 }, { atMost: 1, name: 'c' })], 'The constraint "c" is there twice; give each constraint a name of its own'],
    ['no name', [constraint('', zero)], 'needs a name'],
    ['no function', [constraint('c', 3 as never)], 'The constraint "c" has no function'],
  ] as const)('with %s are refused', (_, constraints, message) => {
    expect(() => Space.of(definition, { constraints })).toThrowError(expect.objectContaining({ code: 'CONSTRAINT', message: expect.stringContaining(message) }))
  })

  test('that throw or answer no number say so', () => {
    const flat = { x: 0.5, n: 1, mode: 'a', level: 1 }
    const cause = new Error('boom')
    const throwing = Space.of(definition, { constraints: [constraint('c', () => { throw cause })] })
    expect(() => throwing.violation(flat)).toThrowError(expect.objectContaining({ code: 'CONSTRAINT', cause, message: expect.stringContaining(`The constraint 'c' threw for`) }))
    const silent = Space.of(definition, { constraints: [constraint('c', (() => true) as never)] })
    expect(() => silent.violation(flat)).toThrowError(expect.objectContaining({ code: 'CONSTRAINT', message: expect.stringContaining('answered true for') }))
  })
})
