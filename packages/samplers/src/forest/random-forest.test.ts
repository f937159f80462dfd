import { choice, float, int, oneOf, type RandomStream, space, type Space, ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { type Axis, axesOf } from '../model/axis.ts'
import { type ForestSettings, RandomForest } from './random-forest.ts'

const settings: ForestSettings = { trees: 20, bootstrap: false, leastToSplit: 2, unknown: 0 }

const mixed = space({
  x: float(0, 1),
  n: int(1, 5),
  kind: choice(['a', 'b', 'c', 'd']),
  branch: oneOf({ plain: {}, wide: { z: float(0, 1), c: choice(['p', 'q', 'r']) } }),
})

const streamOf = (seed: number): RandomStream => new ThreefryRandom(seed).stream(0, 'forest')

function pointsOf(of: Space<unknown>, count: number, seed: number): Float64Array {
  const random = streamOf(seed)
  const units = new Float64Array(count * of.dimensions.length)
  for (let i = 0; i < count; i++) units.set(of.encode(of.sample(random)), i * of.dimensions.length)
  return units
}

function predict(forest: RandomForest, units: Float64Array, count: number): { readonly mean: Float64Array; readonly variance: Float64Array } {
  const mean = new Float64Array(count)
  const variance = new Float64Array(count)
  forest.predict(units, count, mean, variance)
  return { mean, variance }
}

type Row = { readonly point: readonly number[]; readonly target: number; readonly weight: number }
type Tree = { readonly mean: number; readonly variance: number; readonly split?: { readonly goesLeft: (point: ArrayLike<number>) => boolean; readonly left: Tree; readonly right: Tree } }

/** The same tree in the plainest way, from the same draws. */
function plainTree(axes: readonly Axis[], rows: readonly Row[], leastToSplit: number, random: RandomStream): Tree {
  const total = (some: readonly Row[], of: (row: Row) => number): number => some.reduce((sum, row) => sum + row.weight * of(row), 0)
  const meanOf = (some: readonly Row[]): number => total(some, ({ target }) => target) / total(some, () => 1)
  const error = (some: readonly Row[]): number => total(some, ({ target }) => (target - meanOf(some)) ** 2)
  const leaf = { mean: meanOf(rows), variance: error(rows) / total(rows, () => 1) }
  if (rows.length < leastToSplit || leaf.variance < 1e-14) return leaf
  let best: { readonly index: number; readonly error: number; readonly left: (unit: number) => boolean | undefined } | undefined
  const offer = (index: number, left: (unit: number) => boolean | undefined): void => {
    const [yes, no] = [rows.filter((row) => left(row.point[index]!) === true), rows.filter((row) => left(row.point[index]!) !== true)]
    const sum = error(yes) + error(no)
    if (best === undefined || sum < best.error - 1e-9 * error(rows)) best = { index, error: sum, left }
  }
  const first = random.integer(axes.length)
  for (let i = 0; i < axes.length && !(rows.length === 2 && best !== undefined); i++) {
    const index = (first + i) % axes.length
    const { shape, cells } = axes[index]!
    const units = rows.map(({ point }) => point[index]!)
    const present = units.filter((unit) => !Number.isNaN(unit))
    if (shape === 'categorical') {
      const category = (unit: number): number => (Number.isNaN(unit) ? cells : Math.floor(unit * cells))
      const seen = [...new Set(units.map(category))].map((one) => ({ one, mean: meanOf(rows.filter(({ point }) => category(point[index]!) === one)) })).sort((a, b) => a.mean - b.mean || a.one - b.one)
      if (seen.length < 2) continue
      const split = 1 + (seen.length === 2 ? 0 : random.integer(seen.length - 1))
      offer(index, (unit) => {
        const place = seen.findIndex(({ one }) => one === category(unit))
        return place < 0 ? undefined : place < split
      })
    } else {
      if (present.length === 0) continue
      const missing = present.length < units.length
      if (missing) offer(index, (unit) => !Number.isNaN(unit))
      const [low, high] = [Math.min(...present), Math.max(...present)]
      if (low === high) continue
      const threshold = low + random.uniform() * (high - low)
      offer(index, (unit) => (Number.isNaN(unit) ? (missing ? false : undefined) : unit <= threshold))
      if (missing) offer(index, (unit) => Number.isNaN(unit) || unit <= threshold)
    }
  }
  if (best === undefined) return leaf
  const { index, left: side } = best
  const { shape, cells, dimension } = axes[index]!
  // What the rows have not shown goes to a side by chance, and always to the same.
  const toss: boolean[] = []
  if (shape === 'categorical') for (let category = 0; category <= cells; category++) toss.push((random.bits() & 1) === 1)
  else if (dimension.conditions.length > 0 && !rows.some(({ point }) => Number.isNaN(point[index]))) toss.push((random.bits() & 1) === 1)
  const goesLeft = (point: ArrayLike<number>): boolean => {
    const unit = point[index]!
    return side(unit) ?? (shape === 'categorical' ? toss[Number.isNaN(unit) ? cells : Math.floor(unit * cells)]! : toss[0]!)
  }
  const left = plainTree(axes, rows.filter(({ point }) => goesLeft(point)), leastToSplit, random)
  const right = plainTree(axes, rows.filter(({ point }) => !goesLeft(point)), leastToSplit, random)
  return { ...leaf, split: { goesLeft, left, right } }
}

function leafAt(tree: Tree, point: ArrayLike<number>): Tree {
  return tree.split === undefined ? tree : leafAt(tree.split.goesLeft(point) ? tree.split.left : tree.split.right, point)
}

describe('RandomForest', () => {
  it.each([{ bootstrap: false, leastToSplit: 2 }, { bootstrap: true, leastToSplit: 4 }])('is the same as trees grown in the plainest way: %o', ({ bootstrap, leastToSplit }) => {
    const axes = axesOf(mixed)
    const width = axes.length
    for (let seed = 0; seed < 6; seed++) {
      const count = 12 + 4 * seed
      const units = pointsOf(mixed, count, seed)
      const numbers = streamOf(100 + seed)
      const targets = Float64Array.from({ length: count }, () => numbers.normal())
      const forest = RandomForest.fit(axes, units, targets, { trees: 3, bootstrap, leastToSplit, unknown: 0 }, streamOf(50 + seed))
      const random = streamOf(50 + seed)
      const trees = Array.from({ length: 3 }, () => {
        const weights = new Float64Array(count).fill(bootstrap ? 0 : 1)
        for (let draw = 0; bootstrap && draw < count; draw++) weights[random.integer(count)]! += 1
        const rows = Array.from(targets, (target, row) => ({ point: Array.from(units.subarray(row * width, (row + 1) * width)), target, weight: weights[row]! })).filter(({ weight }) => weight > 0)
        return plainTree(axes, rows, leastToSplit, random)
      })
      const asked = pointsOf(mixed, 60, 200 + seed)
      const { mean, variance } = predict(forest, asked, 60)
      for (let i = 0; i < 60; i++) {
        const leaves = trees.map((tree) => leafAt(tree, asked.subarray(i * width, (i + 1) * width)))
        const average = leaves.reduce((sum, leaf) => sum + leaf.mean / 3, 0)
        expect(mean[i]).toBeCloseTo(average, 9)
        expect(variance[i]).toBeCloseTo(leaves.reduce((sum, leaf) => sum + ((leaf.mean - average) ** 2 + leaf.variance) / 3, 0), 5)
      }
    }
  })

  it('knows its rows, and is in doubt between them', () => {
    const of = space({ a: float(0, 1), kind: choice(['a', 'b', 'c']) })
    const axes = axesOf(of)
    const units = pointsOf(of, 40, 1)
    const targets = Float64Array.from({ length: 40 }, (_, i) => Math.sin(9 * units[2 * i]!) + units[2 * i + 1]!)
    const forest = RandomForest.fit(axes, units, targets, settings, streamOf(2))
    const at = predict(forest, units, 40)
    targets.forEach((target, i) => expect(at.mean[i]).toBeCloseTo(target, 9))
    const elsewhere = predict(forest, pointsOf(of, 200, 3), 200)
    expect(Math.max(...at.variance)).toBeLessThan(1e-5)
    expect(elsewhere.variance.reduce((sum, one) => sum + one / 200, 0)).toBeGreaterThan(0.01)
  })

  it('is in doubt about what lies beyond its rows, the more the more there is', () => {
    const axes = axesOf(space({ x: float(0, 1) }))
    const units = Float64Array.of(0.3, 0.32, 0.34, 0.5, 0.52)
    const forest = RandomForest.fit(axes, units, Float64Array.of(5, 4, 3, 2, 1), { ...settings, unknown: 0.1 }, streamOf(1))
    const { variance } = predict(forest, Float64Array.of(0.32, 0.52, 0.9), 3)
    expect(variance[1]).toBe(variance[2]) // The outermost leaf is half of the space.
    expect(variance[2]! / variance[0]!).toBeGreaterThan(2)
    expect(variance[2]).toBeCloseTo(0.1 * 2 * Math.sqrt(0.49), 1)
    expect(predict(RandomForest.fit(axes, units, Float64Array.of(5, 4, 3, 2, 1), settings, streamOf(1)), Float64Array.of(0.9), 1).variance[0]).toBeLessThan(1e-5)
  })

  it('learns what matters: 85 % of the variance of a function of four of eight parameters', () => {
    const of = space({ a: float(0, 1), b: float(0, 1), c: choice(['p', 'q', 'r', 's']), d: int(0, 9), e: float(0, 1), f: float(0, 1), g: choice(['u', 'v']), h: int(1, 3) })
    const valueAt = (units: Float64Array, i: number): number => Math.abs(units[8 * i]! - 0.4) + (units[8 * i + 1]! > 0.5 ? 0.4 : 0) + [0, 0.5, 0.1, 0.3][Math.floor(4 * units[8 * i + 2]!)]! + 0.5 * units[8 * i + 3]! ** 2
    const units = pointsOf(of, 300, 1)
    const forest = RandomForest.fit(axesOf(of), units, Float64Array.from({ length: 300 }, (_, i) => valueAt(units, i)), settings, streamOf(2))
    const asked = pointsOf(of, 400, 3)
    const truth = Array.from({ length: 400 }, (_, i) => valueAt(asked, i))
    const { mean, variance } = predict(forest, asked, 400)
    const middle = truth.reduce((sum, one) => sum + one / 400, 0)
    const error = truth.reduce((sum, one, i) => sum + (one - mean[i]!) ** 2, 0)
    expect(error).toBeLessThan(0.15 * truth.reduce((sum, one) => sum + (one - middle) ** 2, 0))
    // And how far off it is: standardised errors are about 1.
    const calibration = truth.reduce((sum, one, i) => sum + (one - mean[i]!) ** 2 / variance[i]! / 400, 0)
    expect(calibration).toBeGreaterThan(0.2)
    expect(calibration).toBeLessThan(2)
  })

  it('tells branches apart by what is absent there', () => {
    const of = space({ a: float(0, 1), branch: oneOf({ plain: {}, wide: { z: float(0, 1) } }) })
    const units = pointsOf(of, 60, 4)
    // Known by `z` alone: the column of the branch is made useless.
    for (let i = 0; i < 60; i++) units[3 * i + 1] = 0.25
    const targets = Float64Array.from({ length: 60 }, (_, i) => (Number.isNaN(units[3 * i + 2]) ? -1 : units[3 * i + 2]!))
    const forest = RandomForest.fit(axesOf(of), units, targets, { ...settings, bootstrap: true }, streamOf(5))
    const { mean } = predict(forest, Float64Array.of(0.3, 0.25, NaN, 0.3, 0.25, 0.1, 0.3, 0.25, 0.9), 3)
    expect(mean[0]).toBeCloseTo(-1, 1)
    expect(mean[1]).toBeLessThan(0.3)
    expect(mean[2]).toBeGreaterThan(0.7)
  })

  it('averages noise out where trees see bootstrap samples', () => {
    const of = space({ x: float(0, 1) })
    const units = pointsOf(of, 300, 6)
    const noise = streamOf(7)
    const targets = units.map((unit) => (unit > 0.5 ? 1 : 0) + 0.5 * noise.normal())
    const asked = pointsOf(of, 200, 8)
    const errorOf = (forest: RandomForest): number => predict(forest, asked, 200).mean.reduce((sum, one, i) => sum + (one - (asked[i]! > 0.5 ? 1 : 0)) ** 2, 0)
    expect(errorOf(RandomForest.fit(axesOf(of), units, targets, { ...settings, bootstrap: true, leastToSplit: 4 }, streamOf(9)))).toBeLessThan(0.8 * errorOf(RandomForest.fit(axesOf(of), units, targets, settings, streamOf(9))))
  })

  it('is of one value where all targets are the same, or there is one row', () => {
    const axes = axesOf(mixed)
    for (const count of [1, 5]) {
      const { mean, variance } = predict(RandomForest.fit(axes, pointsOf(mixed, count, 1), new Float64Array(count).fill(7), settings, streamOf(1)), pointsOf(mixed, 4, 2), 4)
      expect(Array.from(mean)).toEqual([7, 7, 7, 7])
      expect(variance.every((one) => one > 0)).toBe(true)
    }
  })

  it('knows rows of thousands of categories, and is in doubt about the others', () => {
    const of = space({ k: choice(Array.from({ length: 5000 }, (_, i) => `k${i}`)), x: float(0, 1) })
    const units = new Float64Array(400)
    const targets = Float64Array.from({ length: 200 }, (_, i) => ((units[2 * i] = (23 * i + 0.5) / 5000), (units[2 * i + 1] = 0.5), i % 7))
    const forest = RandomForest.fit(axesOf(of), units, targets, settings, streamOf(2))
    const at = predict(forest, units, 200)
    targets.forEach((target, i) => expect(at.mean[i]).toBeCloseTo(target, 9))
    const others = Float64Array.from(units, (unit, i) => (i % 2 === 0 ? unit + 1 / 5000 : unit))
    const unseen = predict(forest, others, 200)
    expect(Math.min(...unseen.variance)).toBeGreaterThan(0.1)
    expect(new Set(unseen.mean).size).toBeGreaterThan(30) // Not all of them on one side.
    expect(unseen.mean.reduce((sum, one) => sum + one / 200, 0)).toBeCloseTo(3, 0)
  })
})
