import { ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { atOnce } from '../in-parts.ts'
import { NormalSearch, type NormalStart } from './normal-search.ts'
import { strategyOf } from './strategy.ts'

const identity = (n: number): Float64Array => Float64Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? 1 : 0))

function searchOf(n: number, population: number, mean: readonly number[] = Array.from({ length: n }, () => 0.5), bounded = 1): NormalSearch {
  return begun(population, new Uint8Array(n).fill(bounded), { mean: Float64Array.from(mean), deviation: 0.2, covariance: identity(n) })
}

function begun(population: number, bounded: Uint8Array, start: NormalStart): NormalSearch {
  const search = new NormalSearch(strategyOf(start.mean.length, population), bounded, start)
  atOnce(search.decompose())
  return search
}

function tell(search: NormalSearch, samples: Float64Array, foreign = false): void {
  const { population } = search.strategy
  atOnce(search.update({ samples, foreign: new Uint8Array(population).fill(foreign ? 1 : 0), lowest: 0, highest: population - 1 }))
  atOnce(search.decompose())
}

describe('NormalSearch', () => {
  it('updates as the Python package cmaes does', () => {
    // cmaes 0.13.1: three generations of fixed points, best first, x_j = .5 + .3 sin(1 + 7g + 3k + 5j).
    const search = searchOf(3, 7)
    for (let g = 0; g < 3; g++) tell(search, Float64Array.from({ length: 21 }, (_, at) => 0.5 + 0.3 * Math.sin(1 + 7 * g + 3 * Math.floor(at / 3) + 5 * (at % 3))))
    const mean = [0.5787837818215019, 0.6138635036858131, 0.48581375877853383]
    mean.forEach((one, j) => expect(search.mean[j]).toBeCloseTo(one, 12))
    expect(search.deviation).toBeCloseTo(0.1424370138968349, 12)
    const lower = [[0, 0.8948178208977446], [3, 0.11925457703311396], [4, 0.922290660610095], [6, 0.08009419953410084], [7, -0.11072504342613694], [8, 0.764344777394796]] as const
    for (const [at, value] of lower) expect(search.covariance[at]).toBeCloseTo(value, 11)
  })

  it('draws with its mean and covariance, within bounds', () => {
    const search = begun(6, new Uint8Array(2).fill(1), { mean: Float64Array.of(0.5, 0.4), deviation: 0.1, covariance: Float64Array.of(1, 0.6, 0.6, 0.5) })
    const random = new ThreefryRandom(1).stream(0, 'draw')
    const out = new Float64Array(2)
    const sums = [0, 0, 0, 0, 0]
    const count = 20_000
    for (let i = 0; i < count; i++) {
      search.draw(random, out)
      const x = out[0]! - 0.5
      const y = out[1]! - 0.4
      ;[x, y, x * x, x * y, y * y].forEach((one, j) => (sums[j]! += one / count))
    }
    expect(sums.map((one, j) => Math.abs(one - [0, 0, 0.01, 0.006, 0.005][j]!) < (j < 2 ? 0.003 : 0.0003))).toEqual([true, true, true, true, true])
    const outside = searchOf(2, 6, [3, -2])
    outside.draw(random, out)
    expect([...out]).toEqual([1, 0]) // After a hundred draws beyond the bounds the last is moved to them.
  })

  it('learns nothing about a coordinate that is never active, and loses nothing of it', () => {
    const search = searchOf(4, 8, undefined, 0)
    const random = new ThreefryRandom(2).stream(0, 'draw')
    const units = new Float64Array(4)
    const deviations: number[] = []
    for (let g = 0; g < 60; g++) {
      const samples = new Float64Array(32)
      for (let k = 0; k < 8; k++) {
        search.draw(random, units)
        samples.set(units, 4 * k)
        samples[4 * k + 3] = Number.NaN
      }
      tell(search, samples) // In any order: there is nothing to gain anywhere.
      deviations.push(search.deviation)
    }
    expect(search.mean[3]).toBe(0.5)
    // Neither its variance nor the step size drifts to 0, as they would if it counted as standing still.
    expect(search.covariance[15]! * search.deviation ** 2).toBeGreaterThan(0.2 ** 2 / 10)
    expect(search.covariance[15]).toBeGreaterThan(0.5)
    expect(search.covariance[15]).toBeLessThan(1.5)
    expect(Math.max(...deviations)).toBeLessThan(2)
  })

  it('lets samples of another distribution move it no further than its own could', () => {
    const own = searchOf(3, 7)
    const other = searchOf(3, 7)
    const far = Float64Array.from({ length: 21 }, () => 0.5 + 20 * 0.2)
    tell(own, far)
    tell(other, far, true)
    expect(own.mean[0]).toBeCloseTo(4.5, 10)
    // √3 + 6/5 deviations of 0.2, along the diagonal.
    expect(other.mean[0]! - 0.5).toBeCloseTo((0.2 * (Math.sqrt(3) + 6 / 5)) / Math.sqrt(3), 10)
  })

  it('descends in hundreds of dimensions, where axes are not found anew in each generation', () => {
    const n = 240
    const search = searchOf(n, 20, undefined, 0)
    const random = new ThreefryRandom(5).stream(0, 'draw')
    const distance = (point: ArrayLike<number>): number => Array.from(point).reduce((sum, one) => sum + (one - 0.2) ** 2, 0)
    for (let g = 0; g < 12; g++) {
      const points = Array.from({ length: 20 }, () => {
        const point = new Float64Array(n)
        search.draw(random, point)
        return point
      }).sort((a, b) => distance(a) - distance(b))
      tell(search, Float64Array.from(points.flatMap((point) => [...point])))
    }
    expect(distance(search.mean)).toBeLessThan(0.85 * n * 0.3 ** 2)
  })

  it('begins with a ball again when its covariance is not finite', () => {
    const search = searchOf(2, 6)
    search.covariance.fill(Number.NaN)
    atOnce(search.decompose())
    expect([...search.covariance]).toEqual([1, 0, 0, 1])
    search.covariance.set([1, 2, 2, 1]) // Not positive: an eigenvalue is −1.
    atOnce(search.decompose())
    expect(search.covariance[0]! * search.covariance[3]! - search.covariance[2]! ** 2).toBeGreaterThan(0)
  })

  describe('says when a run should end:', () => {
    it('losses do not differ any more', () => {
      const search = searchOf(2, 6)
      const random = new ThreefryRandom(3).stream(0, 'draw')
      const term = 10 + Math.ceil((30 * 2) / 6)
      for (let g = 0; g <= term + 1; g++) {
        if (g <= term) expect(search.stopReason()).toBeUndefined()
        const samples = new Float64Array(12)
        for (let k = 0; k < 6; k++) search.draw(random, samples.subarray(2 * k, 2 * k + 2))
        atOnce(search.update({ samples, foreign: new Uint8Array(6), lowest: 7, highest: 7 }))
        atOnce(search.decompose())
      }
      expect(search.stopReason()).toBe('the losses of the last generations do not differ')
    })

    it('steps are tiny, huge, or of no effect; the distribution is a line', () => {
      const reason = (change: (search: NormalSearch) => void, bounded = 1): string | undefined => {
        const search = searchOf(2, 6, [0.5, 0.5], bounded)
        change(search)
        atOnce(search.decompose())
        return search.stopReason()
      }
      expect(reason(() => undefined)).toBeUndefined()
      expect(reason((search) => (search.deviation = 1e-13))).toBe('steps are too small')
      expect(reason((search) => (search.deviation = 1e5))).toBe('steps grow without bound')
      expect(reason((search) => (search.covariance[0] = 1e-34))).toBe('steps are too small to change a parameter')
      expect(reason((search) => (search.covariance[0] = 1e-15))).toBe('the distribution is too narrow in one direction')
      // Coordinates with cells are held by their margin, so they do not end a run that has others.
      const mixed = begun(6, Uint8Array.of(1, 0), { mean: Float64Array.of(0.5, 0.5), deviation: 0.2, covariance: Float64Array.of(1, 0, 0, 1e-34) })
      mixed.covariance[3] = 1e-13
      atOnce(mixed.decompose())
      expect(mixed.stopReason()).toBeUndefined()
    })
  })
})
