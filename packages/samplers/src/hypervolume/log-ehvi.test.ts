import { ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { boxesAround } from './boxes.ts'
import { hypervolume } from './hypervolume.ts'
import { LogEhvi } from './log-ehvi.ts'

function draws(seed: number): { readonly points: (count: number, objectives: number, levels: number) => number[][]; readonly uniform: () => number; readonly normal: () => number } {
  const stream = new ThreefryRandom(seed).stream(0, 'test')
  const one = (levels: number): number => (levels > 0 ? Math.floor(stream.uniform() * levels) / levels : stream.uniform())
  return {
    points: (count, objectives, levels) => Array.from({ length: count }, () => Array.from({ length: objectives }, () => one(levels))),
    uniform: () => stream.uniform(),
    normal: () => stream.normal(),
  }
}

const flat = (points: readonly (readonly number[])[]): Float64Array => Float64Array.from(points.flat())

describe('boxesAround', () => {
  it('holds every point that nothing dominates exactly once, and no other, with ties or without', () => {
    const { points, uniform } = draws(1)
    for (const objectives of [1, 2, 3, 4, 5]) {
      for (let round = 0; round < 20; round++) {
        const losses = points(round, objectives, round % 2 === 0 ? 5 : 0)
        const reference = Array.from({ length: objectives }, () => 0.9)
        const { levels, lower, upper, count } = boxesAround(flat(losses), Float64Array.from(reference))
        for (let probe = 0; probe < 100; probe++) {
          const at = Array.from({ length: objectives }, () => 1.2 * uniform() - 0.2)
          const free = at.every((x) => x < 0.9) && !losses.some((loss) => loss.every((x, j) => x <= (at[j] as number)))
          let boxes = 0
          for (let box = 0; box < count; box++) {
            const inside = at.every((x, j) => x > (levels[j]?.[lower[box * objectives + j] as number] as number) && x < (levels[j]?.[upper[box * objectives + j] as number] as number))
            if (inside) boxes++
          }
          expect(boxes).toBe(free ? 1 : 0)
        }
      }
    }
  })

  it('are as few as is known', () => {
    const { points } = draws(2)
    const line = Array.from({ length: 30 }, (_, i) => [i, 30 - i])
    expect(boxesAround(flat(line), Float64Array.of(99, 99)).count).toBe(31)
    // On the positive part of a sphere nothing dominates.
    const sphere = points(30, 3, 0).map((point) => point.map((x) => -x / Math.hypot(...point)))
    expect(boxesAround(flat(sphere), Float64Array.of(1, 1, 1)).count).toBe(61)
    expect(boxesAround(new Float64Array(0), Float64Array.of(1, 1, 1, 1)).count).toBe(1)
  })
})

describe('LogEhvi', () => {
  it('agrees with the mean improvement of many draws, in one to four objectives', () => {
    const { points, normal } = draws(3)
    for (const objectives of [1, 2, 3, 4]) {
      const losses = points(8, objectives, 0)
      const reference = Array.from({ length: objectives }, () => 1.1)
      const before = hypervolume(losses, reference)
      const mean = Array.from({ length: objectives }, (_, j) => 0.2 + 0.1 * j)
      const variance = Array.from({ length: objectives }, (_, j) => 0.02 + 0.02 * j)
      let sum = 0
      const count = 20_000
      for (let i = 0; i < count; i++) {
        const outcome = mean.map((center, j) => center + Math.sqrt(variance[j] as number) * normal())
        sum += hypervolume([...losses, outcome], reference) - before
      }
      const model = new LogEhvi(boxesAround(flat(losses), Float64Array.from(reference)))
      expect(Math.exp(model.value(mean, variance)) / (sum / count)).toBeCloseTo(1, 1.3)
    }
  })

  it('is the improvement itself where nothing is uncertain', () => {
    const { points } = draws(4)
    for (const objectives of [1, 2, 3, 4]) {
      const losses = points(10, objectives, 4)
      const reference = Array.from({ length: objectives }, () => 1)
      const model = new LogEhvi(boxesAround(flat(losses), Float64Array.from(reference)))
      for (const mean of points(20, objectives, 0)) {
        const gain = hypervolume([...losses, mean], reference) - hypervolume(losses, reference)
        expect(Math.exp(model.value(mean, mean.map(() => 1e-22)))).toBeCloseTo(gain, 9)
      }
    }
  })

  it('is, for one objective, log EI', () => {
    // mpmath 1.3 at 60 digits: z = (mpf('0.25') - mean) / deviation; log(deviation * (npdf(z) + z * erfc(-z / sqrt(2)) / 2))
    const references = [[0, 1, -0.6229782309067679], [0.25, 0.1, -3.2215236261987184], [0.3, 0.01, -21.349471348649082], [1.25, 0.1, -57.855707129116402],
      [4.25, 0.1, -810.60115344961401], [10.25, 0.01, -500019.33962227715], [100, 0.001, -4975031280.8475385]] as const
    const model = new LogEhvi(boxesAround(Float64Array.of(0.5, 0.25), Float64Array.of(2)))
    for (const [mean, deviation, expected] of references) expect(model.value([mean], [deviation ** 2]) / expected).toBeCloseTo(1, 11)
  })

  it('has the slopes that differences show, near and very far from the front', () => {
    const { points } = draws(5)
    for (const objectives of [2, 3, 4]) {
      const losses = points(9, objectives, 0)
      const model = new LogEhvi(boxesAround(flat(losses), Float64Array.from(losses[0] as number[], () => 1.1)))
      for (const [shift, deviation] of [[0, 0.3], [0.5, 0.05], [3, 0.1], [40, 0.1], [-2, 0.5], [300, 0.01]] as const) {
        const mean = Float64Array.from({ length: objectives }, (_, j) => 0.3 + 0.1 * j + shift)
        const variance = Float64Array.from({ length: objectives }, (_, j) => (deviation * (1 + 0.2 * j)) ** 2)
        const byMean = new Float64Array(objectives)
        const byVariance = new Float64Array(objectives)
        const value = model.value(mean, variance, byMean, byVariance)
        expect(value).toBe(model.value(mean, variance))
        expect(Number.isFinite(value)).toBe(true)
        for (let j = 0; j < objectives; j++) {
          for (const [vector, slope, step] of [[mean, byMean[j] as number, 1e-5 * deviation], [variance, byVariance[j] as number, 1e-5 * deviation ** 2]] as const) {
            const kept = vector[j] as number
            vector[j] = kept + step
            const above = model.value(mean, variance)
            vector[j] = kept - step
            const below = model.value(mean, variance)
            vector[j] = kept
            expect((above - below) / (2 * step) / slope).toBeCloseTo(1, 3)
          }
        }
      }
    }
  })

  it('says minus infinity where no room is left', () => {
    const model = new LogEhvi(boxesAround(Float64Array.of(-Infinity, -Infinity), Float64Array.of(1, 1)))
    expect(model.value([0, 0], [1, 1], new Float64Array(2), new Float64Array(2))).toBe(-Infinity)
  })
})
