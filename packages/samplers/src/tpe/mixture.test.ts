import { boolean, choice, type FlatParams, float, int, logNormal, normal, normalCdf, oneOf, ordinal, repeat, type Space, space, ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { axesOf } from '../model/axis.ts'
import { Mixture } from './mixture.ts'
import type { Smoothing } from './smoothing.ts'

const smoothing: Smoothing = { minimum: 0.05, minimumCells: 0.5, floor: 0.3, floorPower: 0.5, spread: 0.8, categories: 1.5 }

/** A mixture of points drawn from the prior, with weights 1, 2, 3, … and 1.5 for the prior. */
function mixtureOf(of: Space<unknown>, count: number): { readonly mixture: Mixture; readonly points: readonly Float64Array[]; readonly weights: Float64Array } {
  const random = new ThreefryRandom(4).stream(0, 'points')
  const points = Array.from({ length: count }, () => of.encode(of.sample(random)))
  const units = new Float64Array(of.dimensions.length * count)
  points.forEach((point, i) => point.forEach((unit, axis) => (units[axis * count + i] = unit)))
  const weights = Float64Array.from({ length: count + 1 }, (_, i) => (i === count ? 1.5 : i + 1))
  const mixture = new Mixture(axesOf(of), smoothing)
  mixture.fit((axis) => units.subarray(axis * count, (axis + 1) * count), Int32Array.from({ length: count }, (_, i) => i), [], weights)
  return { mixture, points, weights }
}

/** All points of a space of cells, by walking its coordinates. */
function everyPoint(of: Space<unknown>): readonly Float64Array[] {
  const found = new Map<string, Float64Array>()
  const walk = (index: number, units: readonly number[]): void => {
    const dimension = of.dimensions[index]
    if (dimension === undefined) {
      const params: FlatParams = of.decode(units)
      found.set(JSON.stringify(params), of.encode(params))
      return
    }
    const probes = dimension.log ? 40 : dimension.cells
    for (let probe = 0; probe < probes; probe++) walk(index + 1, [...units, (probe + 0.5) / probes])
  }
  walk(0, [])
  return [...found.values()]
}

describe('a mixture over cells', () => {
  const tree = space({
    depth: int(1, 4),
    width: int(1, 5, { scale: 'log' }),
    size: ordinal(['s', 'm', 'l'], { weights: [1, 2, 5] }),
    kind: oneOf({ plain: {}, wide: { factor: choice([2, 4, 8], { weights: [3, 1, 1] }), bias: boolean() } }),
    steps: int(0, 6, { prior: normal(2, 1) }),
  })

  it('sums to 1 over all points, whatever their branch', () => {
    const points = everyPoint(tree)
    expect(points).toHaveLength(tree.size)
    const { mixture } = mixtureOf(tree, 7)
    const total = points.reduce((sum, point) => sum + Math.exp(mixture.logDensity(point, 0)), 0)
    expect(total).toBeCloseTo(1, 9)
  })

  it('draws points as often as it says', () => {
    const { mixture } = mixtureOf(tree, 5)
    const random = new ThreefryRandom(1).stream(0, 'draws')
    const draws = 40_000
    const counts = new Map<string, number>()
    const out = new Float64Array(tree.dimensions.length)
    for (let i = 0; i < draws; i++) {
      mixture.sample(random, out, 0)
      counts.set(out.join(), (counts.get(out.join()) ?? 0) + 1)
    }
    let chiSquare = 0
    let cells = 0
    for (const point of everyPoint(tree)) {
      const expected = draws * Math.exp(mixture.logDensity(point, 0))
      if (expected < 5) continue
      chiSquare += ((counts.get(point.join()) ?? 0) - expected) ** 2 / expected
      cells++
    }
    expect(cells).toBeGreaterThan(100)
    // Mean `cells`, deviation √(2 cells): five of them is a chance below one in a million.
    expect(chiSquare).toBeLessThan(cells + 5 * Math.sqrt(2 * cells))
  })
})

describe('a mixture that holds a point', () => {
  const of = space({ a: float(0, 1), b: float(1e-3, 1, { scale: 'log', prior: logNormal(-3, 1) }), c: int(1, 9), d: choice(['x', 'y', 'z'], { weights: [1, 2, 3] }), e: oneOf({ no: {}, yes: { f: float(0, 1) } }) })

  it('knows the density at every place that one coordinate may take, and after moves', () => {
    const { mixture } = mixtureOf(of, 15)
    const random = new ThreefryRandom(2).stream(0, 'moves')
    const [point, other] = [of.encode(of.sample(random)), new Float64Array(of.dimensions.length)]
    expect(mixture.hold(point, 0)).toBeCloseTo(mixture.logDensity(point, 0), 8)
    let moves = 0
    for (let i = 0; i < 60; i++) {
      mixture.sample(random, other, 0)
      const index = i % of.dimensions.length
      const [from, to] = [point[index] as number, other[index] as number]
      if (Number.isNaN(from) || Number.isNaN(to) || of.dimensions[index]?.path === 'e.type') continue
      const tried = mixture.tryMove(index, from, to)
      point[index] = to
      expect(tried).toBeCloseTo(mixture.logDensity(point, 0), 8)
      expect(mixture.leastLogDensity(point, 0)).toBeLessThan(tried)
      if (i % 2 === 0) mixture.move()
      else point[index] = from
      moves++
    }
    expect(moves).toBeGreaterThan(30)
  })

  const numbers = space({ a: float(0, 1), b: float(0, 1), c: float(0, 1) })

  it.each([['every kind', of, 15], ['every kind', of, 90], ['numbers', numbers, 32], ['numbers', numbers, 90]] as readonly [string, Space<unknown>, number][])('answers something above what matters only where the density is above it: %s', (_, own, count) => {
    const { mixture } = mixtureOf(own, count)
    const random = new ThreefryRandom(4).stream(0, 'points')
    const [point, other] = [new Float64Array(own.dimensions.length), new Float64Array(own.dimensions.length)]
    for (let i = 0; i < 40; i++) {
      mixture.sample(random, point, 0)
      mixture.sample(random, other, 0)
      mixture.hold(point, 0)
      const densities: readonly ((most?: number) => number)[] = [(most) => mixture.logDensity(point, 0, most), (most) => mixture.tryMove(2, point[2] as number, other[2] as number, most), (most) => mixture.tryMove(0, point[0] as number, other[0] as number, most)]
      for (const density of densities) {
        const exact = density()
        expect([exact, exact + 1e-6, exact + 50, Infinity].map(density)).toEqual([exact, exact, exact, exact])
        for (const below of [1e-6, 0.3, 2, 50, 5000]) expect(density(exact - below)).toBeGreaterThan(exact - below)
      }
    }
  })

  it('of a single axis is a density along it', () => {
    const count = 12
    const random = new ThreefryRandom(2).stream(0, 'centres')
    const column = Float64Array.from({ length: count }, () => random.uniform())
    const mixture = new Mixture(axesOf(of), smoothing, 1)
    mixture.fit(() => column, Int32Array.from({ length: count }, (_, i) => i), [], new Float64Array(count + 1).fill(1))
    let integral = 0
    for (let step = 0; step < 20_000; step++) integral += Math.exp(mixture.logDensity(Float64Array.of(NaN, (step + 0.5) / 20_000), 0)) / 20_000
    expect(integral).toBeCloseTo(1, 3)
  })
})

describe('a mixture over numbers', () => {
  it('integrates to 1, with a prior and without', () => {
    for (const of of [space({ x: float(-3, 9) }), space({ x: float(1e-4, 1, { scale: 'log', prior: logNormal(-4, 1) }) }), space({ x: int(1, 100_000, { scale: 'log' }) })]) {
      const { mixture } = mixtureOf(of, 6)
      const steps = 20_000
      let integral = 0
      for (let step = 0; step < steps; step++) integral += Math.exp(mixture.logDensity(Float64Array.of((step + 0.5) / steps), 0)) / steps
      expect(integral).toBeCloseTo(1, 3)
    }
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is the same as the plain formula, with %i numbers that are always active', (numbers) => {
    const of = space({ ...Object.fromEntries(Array.from({ length: numbers }, (_, i) => [`x${i}`, float(0, 1)])), more: oneOf({ no: {}, yes: { z: float(0, 1) } }) })
    const { mixture, points, weights } = mixtureOf(of, 9)
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    const deviations = of.dimensions.map((_, axis) => {
      const values = points.map((point) => point[axis] as number).filter((unit) => !Number.isNaN(unit))
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1))
      return Math.max(0.05, 0.3 / Math.sqrt(values.length + 2), 0.8 * deviation * values.length ** (-1 / (of.dimensions.length + 4)))
    })
    const kernel = (point: Float64Array | undefined, at: Float64Array): number =>
      of.dimensions.reduce((product, { kind, cells }, axis) => {
        const unit = at[axis] as number
        const centre = point?.[axis] ?? Number.NaN
        if (Number.isNaN(unit)) return product
        if (kind === 'categorical') {
          const pseudo = (1.5 * cells) / (points.length + 1)
          return product * (Number.isNaN(centre) ? 1 / cells : ((unit === centre ? 1 : 0) + pseudo / cells) / (1 + pseudo))
        }
        if (Number.isNaN(centre)) return product
        const deviation = deviations[axis] as number
        const density = Math.exp(-0.5 * ((unit - centre) / deviation) ** 2) / (deviation * Math.sqrt(2 * Math.PI))
        return (product * density) / (normalCdf((1 - centre) / deviation) - normalCdf(-centre / deviation))
      }, 1)
    const random = new ThreefryRandom(9).stream(0, 'at')
    for (let i = 0; i < 20; i++) {
      const at = of.encode(of.sample(random))
      const expected = [...points, undefined].reduce((sum, point, j) => sum + ((weights[j] as number) / total) * kernel(point, at), 0)
      expect(mixture.logDensity(at, 0)).toBeCloseTo(Math.log(expected), 9)
    }
  })

  it('draws active parameters only, inside their bounds', () => {
    const of = space({ layers: repeat({ units: int(1, 512, { scale: 'log' }), rate: float(0, 1) }, { min: 0, max: 3 }) })
    const { mixture } = mixtureOf(of, 12)
    const random = new ThreefryRandom(2).stream(0, 'draws')
    const out = new Float64Array(of.dimensions.length)
    for (let i = 0; i < 500; i++) {
      mixture.sample(random, out, 0)
      const params = of.decode(out)
      expect(of.problems(params)).toEqual([])
      expect(of.encode(params).map(Math.fround)).toEqual(out.map(Math.fround))
    }
  })
})
