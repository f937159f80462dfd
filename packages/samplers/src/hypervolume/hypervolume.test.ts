import { ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { hypervolume, hypervolumeContributions } from './hypervolume.ts'
import { nonDominatedRows } from './non-dominated.ts'

const pseudoRandom = (seed: number): (() => number) => {
  const stream = new ThreefryRandom(seed).stream(0, 'test')
  return () => stream.uniform()
}

/** The slow, obvious one: volumes of the intersections of all subsets, added and subtracted in turn. */
function byInclusionAndExclusion(points: readonly (readonly number[])[], reference: readonly number[]): number {
  let sum = 0
  for (let subset = 1; subset < 2 ** points.length; subset++) {
    const members = points.filter((_, i) => (subset >> i) & 1)
    const product = reference.reduce((one, limit, j) => one * Math.max(0, limit - Math.max(...members.map((point) => point[j] as number))), 1)
    sum += members.length % 2 === 1 ? product : -product
  }
  return sum
}

function draw(count: number, objectives: number, random: () => number, levels: number): number[][] {
  return Array.from({ length: count }, () => Array.from({ length: objectives }, () => (levels > 0 ? Math.floor(random() * levels) / levels : random())))
}

describe('hypervolume', () => {
  it('agrees with inclusion and exclusion in one to six objectives, with ties and points beyond the reference', () => {
    const random = pseudoRandom(1)
    for (let objectives = 1; objectives <= 6; objectives++) {
      for (let round = 0; round < 25; round++) {
        const points = draw(1 + (round % 9), objectives, random, round % 2 === 0 ? 4 : 0)
        const reference = Array.from({ length: objectives }, () => 0.6 + 0.5 * random())
        expect(hypervolume(points, reference)).toBeCloseTo(byInclusionAndExclusion(points, reference), 12)
      }
    }
  })

  it('is what is known of regular fronts', () => {
    // A staircase of n steps under x + y = 1 leaves 1/2 − 1/(2n) of the square (0,0)–(1,1).
    const stairs = Array.from({ length: 101 }, (_, i) => [i / 100, 1 - i / 100])
    expect(hypervolume(stairs, [1, 1])).toBeCloseTo(0.5 - 0.005, 12)
    // The points of a grid on x + y + z = 1, so many that it nears the volume above the plane, 5/6.
    const n = 40
    const plane: number[][] = []
    for (let i = 0; i <= n; i++) for (let j = 0; i + j <= n; j++) plane.push([i / n, j / n, (n - i - j) / n])
    // What is not dominated: the cells (i, j, k) of the grid with i + j + k < n.
    expect(hypervolume(plane, [1, 1, 1])).toBeCloseTo(1 - (n * (n + 1) * (n + 2)) / 6 / n ** 3, 10)
    // Four objectives: one point at the corner of the unit cube, and others that are dominated.
    expect(hypervolume([[0, 0, 0, 0], [0.5, 0.5, 0, 0.1], [0, 0, 0, 0]], [1, 2, 3, 4])).toBe(24)
    expect(hypervolume([], [1, 1])).toBe(0)
    expect(hypervolume([[1, 0]], [1, 1])).toBe(0)
    expect(hypervolume([[NaN, 0], [0.5, 0.5]], [1, 1])).toBe(0.25)
  })

  it('does not depend on the order of points or objectives', () => {
    const random = pseudoRandom(3)
    for (const objectives of [2, 3, 4, 5]) {
      const points = draw(30, objectives, random, 0)
      const reference = Array.from({ length: objectives }, () => 0.9)
      const volume = hypervolume(points, reference)
      expect(hypervolume(points.toReversed(), reference)).toBeCloseTo(volume, 12)
      expect(hypervolume(points.map((point) => point.toReversed()), reference)).toBeCloseTo(volume, 12)
    }
  })

  it('loses the contribution of a point that is left out', () => {
    const random = pseudoRandom(4)
    for (const objectives of [1, 2, 3, 4]) {
      const points = draw(12, objectives, random, 6)
      const reference = Array.from({ length: objectives }, () => 0.95)
      const whole = hypervolume(points, reference)
      const contributions = hypervolumeContributions(points, reference)
      for (const [i, contribution] of contributions.entries()) expect(contribution).toBeCloseTo(whole - hypervolume(points.toSpliced(i, 1), reference), 12)
    }
    expect(hypervolumeContributions([[0, 0], [0, 0]], [1, 1])).toEqual([0, 0])
  })

  it('refuses results with another number of objectives', () => {
    expect(() => hypervolume([[0, 0], [1]], [2, 2])).toThrow(expect.objectContaining({ code: 'OPTION', message: 'Result 1 has 1 objectives, the reference point has 2.' }))
    expect(() => hypervolumeContributions([[0, 0], [1]], [2, 2])).toThrow(expect.objectContaining({ code: 'OPTION', message: 'Result 1 has 1 objectives, the reference point has 2.' }))
    expect(() => hypervolumeContributions([[1]], [2, 2])).toThrow(expect.objectContaining({ code: 'OPTION' }))
    for (const reference of [[], [1, Number.NaN], [1, Infinity]]) {
      expect(() => hypervolume([], reference)).toThrow(expect.objectContaining({ code: 'OPTION' }))
      expect(() => hypervolumeContributions([], reference)).toThrow(expect.objectContaining({ code: 'OPTION' }))
    }
  })

  it('is infinite where a loss is, and takes no notice of what is not a number', () => {
    expect(hypervolume([[0.5, -Infinity, 0.5], [-Infinity, 0.5, 0.5], [-Infinity, -Infinity, 0.2]], [1, 1, 1])).toBe(Infinity)
    expect(hypervolume([[2, -Infinity]], [1, 1])).toBe(0)
    expect(hypervolumeContributions([[-Infinity, 0.5], [0, 0.2], [-Infinity, 0.5]], [1, 1])).toEqual([0, 0.3, 0].map((one) => expect.closeTo(one, 12)))
    expect(hypervolumeContributions([[-Infinity, 0.5], [0, 0.2]], [1, 1])[0]).toBe(Infinity)
    expect(hypervolumeContributions([[Number.NaN, 0], [0, 0.5]], [1, 1])).toEqual([0, 0.5])
  })
})

describe('nonDominatedRows', () => {
  it('agrees with the definition, and keeps the first of equals', () => {
    const random = pseudoRandom(5)
    for (const objectives of [1, 2, 3, 5]) {
      for (let round = 0; round < 10; round++) {
        const points = draw(40, objectives, random, 5)
        const rows = [...nonDominatedRows(Float64Array.from(points.flat()), objectives)]
        const covers = (a: readonly number[], b: readonly number[]): boolean => a.every((x, j) => x <= (b[j] as number))
        const expected = points.flatMap((point, i) => (points.some((other, j) => covers(other, point) && (!covers(point, other) || j < i)) ? [] : [i]))
        expect(rows).toEqual(expected)
      }
    }
  })
})
