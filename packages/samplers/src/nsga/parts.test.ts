import { choice, float, int, oneOf, space, ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { axesOf, cellAt } from '../model/axis.ts'
import { compareDomination, compareLosses, crowding, dominates, frontsOf, leastCrowded } from '../model/domination.ts'
import { power } from '../numeric/power.ts'
import { Contenders } from './contenders.ts'
import { cross, crossovers, parentsOf } from './crossover.ts'
import { divisionsFor, simplexPoints, simplexSize } from './das-dennis.ts'
import { mutate } from './mutation.ts'
import { byNiches } from './niches.ts'
import { byCrowding, type RankedLosses } from './survivors.ts'

const stream = (purpose: string): ReturnType<ThreefryRandom['stream']> => new ThreefryRandom(8).stream(0, purpose)
const randomLosses = (count: number, objectives: number, cells: number): readonly Float64Array[] => {
  const random = stream('losses')
  return Array.from({ length: count }, () => Float64Array.from({ length: objectives }, () => random.integer(cells)))
}

const rankedOf = (losses: readonly Float64Array[], count: number): RankedLosses => ({ losses, fronts: frontsOf(losses, count) })

describe('ranks of non-domination', () => {
  it.each([[1, 30], [2, 12], [3, 8], [5, 4]])('agree with their definition for %i objectives', (objectives, cells) => {
    const losses = randomLosses(120, objectives, cells)
    let rest = losses.map((_, i) => i)
    for (const front of frontsOf(losses, 120)) {
      const best = rest.filter((i) => !rest.some((j) => dominates(losses[j]!, losses[i]!)))
      expect(front.toSorted((a, b) => a - b)).toEqual(best)
      rest = rest.filter((i) => !best.includes(i))
    }
    expect(rest).toEqual([])
  })

  it.each([1, 2, 4])('say which of two dominates, if any, for %i objectives', (objectives) => {
    const losses = randomLosses(60, objectives, 3)
    for (const a of losses) {
      for (const b of losses) expect(compareDomination(a, b)).toBe(dominates(a, b) ? -1 : dominates(b, a) ? 1 : a.every((loss, i) => loss === b[i]) ? 0 : Number.NaN)
    }
    expect(compareDomination(Float64Array.of(-Infinity, Infinity), Float64Array.of(-Infinity, 1))).toBe(1)
  })

  it('order what dominates first', () => {
    expect(compareLosses(Float64Array.of(1, 5), Float64Array.of(1, 6))).toBe(-1)
    expect(compareLosses(Float64Array.of(1, 5), Float64Array.of(1, 5))).toBe(0)
  })

  it('measure crowding by the gap between neighbours', () => {
    const front = [[0, 4], [1, 3], [3, 1], [4, 0]].map((one) => Float64Array.from(one))
    expect([...crowding(front, [0, 1, 2, 3])]).toEqual([Infinity, 1.5, 1.5, Infinity])
    const crowded = [...front, Float64Array.of(1.1, 2.9)]
    expect(leastCrowded(crowded, [0, 1, 2, 3, 4], 4)).not.toContain(1)
    expect(leastCrowded(crowded, [0, 1, 2, 3, 4], 2)).toEqual([0, 3])
  })
})

describe('contenders', () => {
  it('hold all that may be among the best, in whatever order they came, and no more than those with fewer dominators', () => {
    const losses = randomLosses(400, 3, 12)
    const count = 10
    const forward = new Contenders(count)
    const backward = new Contenders(count)
    for (const [i, one] of losses.entries()) forward.add(i, i, one)
    for (const [i, one] of [...losses.entries()].reverse()) backward.add(i, i, one)
    const beats = (i: number, j: number): boolean => dominates(losses[i]!, losses[j]!) || (i < j && compareLosses(losses[i]!, losses[j]!) === 0)
    const expected = losses.flatMap((_, j) => (losses.filter((_one, i) => beats(i, j)).length < count ? [j] : []))
    expect(forward.ranked(count).rows).toEqual(expected)
    expect(backward.ranked(count).rows).toEqual(expected)
    expect(expected.length).toBeLessThan(200)
    const front = expected.filter((j) => !losses.some((_one, i) => beats(i, j)))
    expect(forward.ranked(front.length)).toMatchObject({ rows: front, fronts: [front.map((_, place) => place)] })
    expect(forward.ranked(expected.length).fronts.length).toBeGreaterThan(1)
    // Ranks below the last one that fits are in them: a point of rank r has r dominators at least.
    const ranked = frontsOf(losses, count)
    for (const front of ranked.slice(0, -1)) for (const i of front) expect(expected.some((j) => compareLosses(losses[i]!, losses[j]!) === 0)).toBe(true)
  })
})

describe('reference directions', () => {
  it('are all points of the simplex that have whole numbers of parts', () => {
    const points = simplexPoints(3, 12)
    expect(points).toHaveLength(91) // C(14, 2), table I of Deb & Jain 2014
    expect(new Set(points.map((point) => point.join())).size).toBe(91)
    for (const point of points) expect(point.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 12)
    expect(simplexPoints(1, 1)).toEqual([Float64Array.of(1)])
    for (const [objectives, divisions] of [[1, 1], [2, 9], [3, 12], [5, 6], [8, 3]] as const) expect(simplexSize(objectives, divisions)).toBe(simplexPoints(objectives, divisions).length)
    expect(simplexSize(5, 60)).toBe(635_376) // C(64, 4)
  })

  it('are as many as fit', () => {
    for (const [objectives, most, divisions] of [[3, 91, 12], [3, 90, 11], [2, 10, 9], [5, 210, 6], [3, 3, 1], [1, 50, 1], [8, 8, 1]] as const) {
      expect(divisionsFor(objectives, most), `${objectives}, ${most}`).toBe(divisions)
    }
  })
})

describe('survivors', () => {
  it('are spread along the directions: one in each niche of a plane before a second', () => {
    const corner = (x: number, y: number): Float64Array => Float64Array.of(x, y, 6 - x - y)
    const even = simplexPoints(3, 3).map((point) => Float64Array.from(point, (one) => 6 * one))
    const crowd = Array.from({ length: 20 }, (_, i) => corner(2 + 0.01 * i, 2 - 0.02 * i))
    const { places } = byNiches(3)(rankedOf([...crowd, ...even], 10), 10)
    expect(places.filter((place) => place >= 20).length).toBeGreaterThanOrEqual(9)
  })

  it.each([['crowding', byCrowding], ['niches', byNiches(undefined)]] as const)('by %s are whole ranks first, and the lower rank makes the better parent', (_name, select) => {
    const losses = randomLosses(60, 3, 10)
    const fronts = frontsOf(losses, 25)
    const rankOf = (place: number): number => fronts.findIndex((front) => front.includes(place))
    const { places, prefer } = select(rankedOf(losses, 25), 25)
    expect(new Set(places).size).toBe(25)
    for (const front of fronts.slice(0, -1)) for (const i of front) expect(places).toContain(i)
    for (let a = 0; a < 25; a++) for (let b = 0; b < 25; b++) if (rankOf(places[a]!) < rankOf(places[b]!)) expect(prefer(a, b)).toBeLessThan(0)
  })

  it.each([['crowding', byCrowding], ['niches', byNiches(undefined)]] as const)('by %s are found among equal, infinite and very large losses', (_name, select) => {
    const hard = [[0, 0], [0, 0], [Infinity, -Infinity], [-Infinity, Infinity], [1e308, -1e308], [-1e308, 1e308], [5, 5]].map((one) => Float64Array.from(one))
    for (let count = 1; count <= hard.length; count++) expect(new Set(select(rankedOf(hard, count), count).places).size).toBe(count)
    expect(select({ losses: [], fronts: [] }, 5).places).toEqual([])
  })
})

describe('crossover', () => {
  const plane = axesOf(space(Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`x${i}`, float(0, 1)]))))

  it.each(crossovers)('%s keeps the mean of its parents', (crossover) => {
    const parents = [[0.2, 0.4, 0.6, 0.8], [0.4, 0.3, 0.5, 0.9], [0.3, 0.6, 0.7, 0.4]].map((one) => Float64Array.from(one)).slice(0, parentsOf(crossover))
    // Of UNDX the third parent says how far, not where.
    const means = plane.map((_, axis) => parents.slice(0, crossover === 'undx' ? 2 : 3).reduce((sum, parent) => sum + parent[axis]!, 0) / (crossover === 'undx' ? 2 : parents.length))
    const random = stream(crossover)
    const sums = new Float64Array(4)
    const out = new Float64Array(4)
    for (let i = 0; i < 20_000; i++) {
      cross(crossover, 2, parents, plane, random, out)
      for (let axis = 0; axis < 4; axis++) sums[axis]! += out[axis]! / 20_000
    }
    for (const [axis, mean] of means.entries()) expect(sums[axis], crossover).toBeCloseTo(mean, 1.7)
  })

  it('stays in the hull that its definition gives', () => {
    const [a, b, c] = [Float64Array.of(0, 0, 0, 0), Float64Array.of(1, 1, 1, 1), Float64Array.of(0, 1, 0, 1)]
    const out = new Float64Array(4)
    const random = stream('hull')
    for (let i = 0; i < 500; i++) {
      cross('blx-alpha', 1, [a, b], plane, random, out)
      expect(out.every((x) => x >= -0.5 && x <= 1.5)).toBe(true)
      cross('vsbx', 1, [a, b], plane, random, out)
      expect(out.every((x) => Math.abs(x - out[0]!) < 1e-12)).toBe(true) // on the line through both
      cross('uniform', 1, [a, b, c], plane, random, out)
      expect(out.every((x) => x === 0 || x === 1)).toBe(true)
      cross('spx', 1, [a, b, c], plane, random, out)
      expect(Math.abs(out[0]! - out[2]!) + Math.abs(out[1]! - out[3]!)).toBeLessThan(1e-12) // in the plane of the three
    }
  })

  it('goes down the tree: what one parent alone has comes from that one, what none has is left open', () => {
    const tree = space({ rate: float(0, 1), act: choice(['x', 'y']), kind: oneOf({ a: { p: float(0, 1) }, b: { q: float(0, 1) }, c: { r: int(1, 9) } }) })
    const axes = axesOf(tree)
    const at = (path: string): number => axes.findIndex(({ dimension }) => dimension.path === path)
    const one = tree.encode({ rate: 0.2, act: 'x', 'kind.type': 'a', 'kind.a.p': 0.3 })
    const other = tree.encode({ rate: 0.8, act: 'y', 'kind.type': 'b', 'kind.b.q': 0.7 })
    const out = new Float64Array(axes.length)
    for (const crossover of crossovers) {
      const parents = parentsOf(crossover) === 2 ? [one, other] : [one, other, one]
      for (let i = 0; i < 50; i++) {
        cross(crossover, 1, parents, axes, stream(`tree ${i}`), out)
        expect([out[at('kind.a.p')], out[at('kind.b.q')], out[at('kind.c.r')]]).toEqual([0.3, 0.7, Number.NaN])
        expect([one[at('kind.type')], other[at('kind.type')]]).toContain(out[at('kind.type')])
      }
    }
  })
})

describe('mutation', () => {
  it('changes each active parameter as often as it is told, always to something else in range', () => {
    const mixed = space({ x: float(0, 1), n: int(1, 5), many: int(1, 1000), kind: choice(['a', 'b', 'c']), branch: oneOf({ on: { y: float(0, 1) }, off: {} }) })
    const axes = axesOf(mixed)
    const random = stream('mutation')
    const start = mixed.encode({ x: 0, n: 5, many: 500, kind: 'b', 'branch.type': 'off' })
    const changes = new Float64Array(axes.length)
    for (let i = 0; i < 4000; i++) {
      const units = start.slice()
      mutate(units, axes, 0.25, 2, random)
      for (const [axis, unit] of units.entries()) {
        if (Number.isNaN(start[axis]!)) expect(unit).toBeNaN()
        else expect(unit >= 0 && unit <= 1).toBe(true)
        if (!Number.isNaN(unit) && unit !== start[axis]) {
          changes[axis]! += 1 / 4000
          if (axes[axis]!.cells > 0) expect(cellAt(axes[axis]!, unit)).not.toBe(cellAt(axes[axis]!, start[axis]!))
        }
      }
    }
    for (const [axis, { dimension }] of axes.entries()) {
      if (dimension.path === 'branch.on.y') expect(changes[axis]).toBe(0)
      // At a bound half of the polynomial steps of a number without cells lead nowhere.
      else expect(changes[axis], dimension.path).toBeCloseTo(dimension.path === 'x' ? 0.125 : 0.25, 1.5)
    }
  })
})

it('powers agree with those of JavaScript', () => {
  for (const base of [0, 1e-300, 0.1, 1, 2.5]) for (const exponent of [1 / 3, 1, 2, 3.7]) expect(power(base, exponent)).toBeCloseTo(base ** exponent, 12)
})
