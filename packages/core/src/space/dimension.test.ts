import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyLeaf, levelLeaves, numberLeaves, testStream } from './arbitrary.test-support.ts'
import { boolean, choice, float, int, logNormal, normal, ordinal } from './builders.ts'
import { checkLeaf } from './check-leaf.ts'
import { makeDimension } from './compile.ts'
import type { Leaf } from './definition.ts'
import type { LeafDimension } from './leaf-dimension.ts'
import { normalCdf } from './math.ts'

function dimensionOf(leaf: Leaf): LeafDimension {
  checkLeaf(leaf, 'x')
  return makeDimension(leaf, 'x', 0, [], false)
}

/** Coordinates from the whole interval, with many near its ends. */
const unit = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 1, noNaN: true }).map((u) => u ** 20),
  fc.integer({ min: 0, max: 1000 }).map((k) => 1 - k * 2 ** -53),
)

describe.each(Object.entries({ ...numberLeaves, ...levelLeaves }))('%s', (_, leaves) => {
  test('decode(encode(v)) is v for every v that decode answers', () => {
    fc.assert(fc.property(leaves, fc.array(unit, { minLength: 20 }), (leaf, units) => {
      const dimension = dimensionOf(leaf)
      for (const u of units) {
        const value = dimension.decode(u)
        const code = dimension.encode(value)
        expect(code).toBeGreaterThanOrEqual(0)
        expect(code).toBeLessThanOrEqual(1)
        expect(dimension.decode(code)).toBe(value)
        expect(dimension.has(value)).toBe(true)
      }
    }), { numRuns: 200 })
  })

  test('draws values of its own from every quantile, in order', () => {
    fc.assert(fc.property(leaves, fc.double({ min: 0, max: 1 - 2 ** -53, noNaN: true }), fc.double({ min: 0, max: 1 - 2 ** -53, noNaN: true }), (leaf, p, q) => {
      const dimension = dimensionOf(leaf)
      const [low, high] = [Math.min(p, q), Math.max(p, q)].map((probability) => dimension.encode(dimension.quantile(probability))) as [number, number]
      expect(low).toBeLessThanOrEqual(high)
    }), { numRuns: 200 })
  })

  test('counts its cells', () => {
    fc.assert(fc.property(leaves, (leaf) => {
      const dimension = dimensionOf(leaf)
      if (dimension.cells > 500) return
      const values = Array.from({ length: dimension.cells }, (_, cell) => dimension.valueAt(cell))
      expect(new Set(values).size).toBe(dimension.cells)
      expect(values.map((value) => dimension.cellOf(value))).toEqual([...values.keys()])
      if (!dimension.log) expect(values.map((value) => dimension.encode(value))).toEqual(values.map((_, cell) => (cell + 0.5) / dimension.cells))
    }), { numRuns: 100 })
  })
})

test.each([
  [0.09699271052079193, 0.19398542104158387, 0.9308535116273741],
  [3.145785576372575, 6.29157115274515, 0.7285561604215653],
  [0.0917838133029746, 4631172744.139489, 0.022001415268159796],
  [2.3634393251316, 4.388496111742948, 0.9999999999998995],
  [8.820567095543634e-8, 1.3840923839498048e-7, 0.9999999999999999],
  [1.28530607947363e-309, 1e308, 1e-17],
])('a logarithm that a single coordinate decodes to is found again: %d to %d at %d', (low, high, unit) => {
  const dimension = dimensionOf(float(low, high, { scale: 'log' }))
  const value = dimension.decode(unit)
  expect(dimension.decode(dimension.encode(value))).toBe(value)
})

test('values that a dimension does not have encode to NaN', () => {
  const cases: readonly (readonly [Leaf, readonly unknown[]])[] = [
    [float(0, 1), [-0.1, 1.1, NaN, Infinity, '0.5', true, null, undefined]],
    [float(0, 1, { step: 0.25 }), [0.3, 1.25, -0.25, '0.25']],
    [float(1, 8, { scale: 'log', step: 0.5 }), [1.2, 0.5]],
    [int(1, 9), [0, 10, 1.5, '1']],
    [int(1, 9, { step: 3 }), [2, 9, 10]],
    [int(4, 4), [3, 5]],
    [choice(['a', 1, true, null]), ['b', 2, false, undefined, '1', 'true', 'null']],
    [boolean(), [0, 1, 'true', null]],
  ]
  for (const [leaf, values] of cases) {
    const dimension = dimensionOf(leaf)
    for (const value of values) {
      expect(dimension.encode(value as never)).toBe(NaN)
      expect(dimension.cellOf(value as never)).toBe(-1)
      expect(dimension.has(value)).toBe(false)
    }
  }
})

const all = (leaf: Leaf): readonly unknown[] => Array.from({ length: dimensionOf(leaf).cells }, (_, cell) => dimensionOf(leaf).valueAt(cell))

test('steps do not drift, and end at the upper bound or below it', () => {
  expect(all(float(0.1, 0.5, { step: 0.1 }))).toEqual([0.1, 0.2, 0.3, 0.4, 0.5])
  expect(all(float(0, 1, { step: 0.3 }))).toEqual([0, 0.3, 0.6, 0.9])
  expect(all(float(-0.3, 0.3, { step: 0.1 }))).toEqual([-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3])
  expect(all(float(1e-7, 5e-7, { step: 1e-7 }))).toEqual([1e-7, 2e-7, 3e-7, 4e-7, 5e-7])
  expect(all(float(0, 1, { step: 1 / 3 }))).toEqual([0, 1 / 3, 2 / 3, 1])
  expect(all(float(0, 0.7, { step: 0.7 }))).toEqual([0, 0.7])
  expect(all(int(1, 10, { step: 4 }))).toEqual([1, 5, 9])
  expect(all(float(1, 2, { step: 0.5, scale: 'log' }))).toEqual([1, 1.5, 2])
})

test('the bounds are reached at the ends', () => {
  fc.assert(fc.property(fc.oneof(...Object.values(numberLeaves)), (leaf) => {
    const dimension = dimensionOf(leaf)
    expect(dimension.decode(0)).toBe(leaf.low)
    expect(dimension.decode(-1)).toBe(leaf.low)
    expect(dimension.decode(1)).toBe(dimension.cells === Infinity ? leaf.high : dimension.valueAt(dimension.cells - 1))
    expect(dimension.decode(2)).toBe(dimension.decode(1))
  }))
})

test('a log scale spreads values by their logarithm', () => {
  expect(dimensionOf(float(1e-4, 1, { scale: 'log' })).decode(0.5)).toBeCloseTo(1e-2, 15)
  const whole = dimensionOf(int(1, 1000, { scale: 'log' }))
  expect(whole.cells).toBe(1000)
  // From half below the low bound to half above the high one: 0.5 … 1000.5, so the middle is sqrt(0.5 * 1000.5).
  expect(whole.decode(0.5)).toBe(22)
  expect(whole.encode(1)).toBeCloseTo(Math.log(2) / Math.log(2001), 12)
})

/** Share of each cell among many quantiles. */
function shares(leaf: Leaf, draws = 20_000): Float64Array {
  const dimension = dimensionOf(leaf)
  const counts = new Float64Array(dimension.cells)
  for (let i = 0; i < draws; i++) counts[dimension.cellOf(dimension.quantile((i + 0.5) / draws))]! += 1 / draws
  return counts
}

describe('priors', () => {
  test('without one every value is equally likely', () => {
    for (const leaf of [int(3, 9), float(0, 1, { step: 0.1 }), choice(['a', 'b', 'c']), ordinal([1, 2, 4]), boolean()]) {
      const found = shares(leaf)
      for (const share of found) expect(share).toBeCloseTo(1 / found.length, 3)
    }
  })

  test('weights are probabilities in their proportion', () => {
    const leaf = choice(['a', 'b', 'c'], { weights: [1, 2, 5] })
    expect([...dimensionOf(leaf).weights!]).toEqual([0.125, 0.25, 0.625])
    shares(leaf).forEach((share, cell) => expect(share).toBeCloseTo(dimensionOf(leaf).weights![cell]!, 3))
    expect(shares(boolean({ weight: 0.9 }))[1]).toBeCloseTo(0.9, 3)
    expect(dimensionOf(choice(['a', 'b'], { weights: [3, 3] })).hasPrior).toBe(false)
  })

  test('normal on a float is the truncated distribution', () => {
    const dimension = dimensionOf(float(-1, 2, { prior: normal(0.5, 1.5) }))
    const mass = normalCdf(1) - normalCdf(-1)
    for (const p of [0, 0.001, 0.2, 0.5, 0.77, 0.999]) {
      const value = dimension.quantile(p) as number
      expect((normalCdf((value - 0.5) / 1.5) - normalCdf(-1)) / mass).toBeCloseTo(p, 12)
    }
    expect(dimension.hasPrior).toBe(true)
  })

  test('normal stays exact when the bounds lie far out in a tail', () => {
    for (const sign of [-1, 1]) {
      const [low, high] = sign < 0 ? [-12, -10] : [10, 12]
      const dimension = dimensionOf(float(low, high, { prior: normal(0, 1) }))
      // Beyond 10 the density falls like exp(-10 x): the median lies about ln(2) / 10 inside.
      const median = Math.abs(dimension.quantile(0.5) as number)
      expect(median).toBeGreaterThan(10.06)
      expect(median).toBeLessThan(10.075)
    }
  })

  test('logNormal has its logarithm normal, also on a log scale and from 0', () => {
    for (const leaf of [float(0, 1e6, { prior: logNormal(1, 0.5) }), float(1e-6, 1e6, { scale: 'log', prior: logNormal(1, 0.5) })]) {
      const dimension = dimensionOf(leaf)
      expect(dimension.quantile(0.5)).toBeCloseTo(Math.E, 9)
      expect(Math.log(dimension.quantile(0.8413447460685429) as number)).toBeCloseTo(1.5, 9)
    }
  })

  test('normal on cells gives each the mass within half a step', () => {
    const found = shares(int(0, 10, { prior: normal(4, 2) }))
    const mass = normalCdf((10.5 - 4) / 2) - normalCdf((-0.5 - 4) / 2)
    found.forEach((share, cell) => expect(share).toBeCloseTo((normalCdf((cell + 0.5 - 4) / 2) - normalCdf((cell - 0.5 - 4) / 2)) / mass, 3))
  })
})

test('random quantiles never leave the dimension', () => {
  fc.assert(fc.property(anyLeaf, fc.nat(2 ** 31 - 3), (leaf, seed) => {
    const dimension = dimensionOf(leaf)
    const random = testStream(seed + 1)
    for (let i = 0; i < 50; i++) expect(dimension.has(dimension.quantile(random.uniform()))).toBe(true)
  }))
})
