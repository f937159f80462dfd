import { choice, float, int, oneOf, space, ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { Points } from '../model/points.ts'
import { Mixture } from './mixture.ts'
import { refine } from './refined.ts'
import { badSmoothing, goodSmoothing } from './smoothing.ts'

const tree = space({ a: float(0, 1), b: float(0, 1), c: int(1, 9), d: choice(['x', 'y']), e: oneOf({ no: {}, yes: { f: float(0, 1), g: int(0, 3) } }) })

/** Forty points of a tree with good ones near a corner. */
function pool(seed: number): { readonly pool: Parameters<typeof refine>[0]; readonly scoreAt: (row: number) => number } {
  const { axes } = new Points(tree)
  const random = new ThreefryRandom(seed).stream(0, 'points')
  const points = Array.from({ length: 60 }, () => tree.encode(tree.sample(random))).sort((a, b) => (a[0] as number) + (a[1] as number) - (b[0] as number) - (b[1] as number))
  const column = (axis: number): Float64Array => Float64Array.from(points, (point) => point[axis] as number)
  const fit = (mixture: Mixture, from: number, to: number): Mixture => {
    mixture.fit(column, Int32Array.from({ length: to - from }, (_, i) => from + i), [], new Float64Array(to - from + 1).fill(1))
    return mixture
  }
  const [good, bad] = [fit(new Mixture(axes, goodSmoothing), 0, 10), fit(new Mixture(axes, badSmoothing), 10, 60)]
  const units = new Float64Array(40 * axes.length)
  for (let row = 0; row < 40; row++) good.sample(random, units, row * axes.length)
  return { pool: { axes, good, bad, units, length: 40 }, scoreAt: (row) => good.logDensity(units, row * axes.length) - bad.logDensity(units, row * axes.length) }
}

describe('refine', () => {
  it('raises the score, which it knows, and leaves a point of the space', () => {
    let gain = 0
    for (let seed = 0; seed < 20; seed++) {
      const { pool: of, scoreAt } = pool(seed)
      const before = scoreAt(seed)
      const score = refine(of, seed, 4, () => true, new ThreefryRandom(seed).stream(1, 'refine'))
      expect(score).toBeCloseTo(scoreAt(seed), 7)
      expect(score).toBeGreaterThanOrEqual(before - 1e-9)
      const row = of.units.subarray(seed * of.axes.length, (seed + 1) * of.axes.length)
      expect(Array.from(tree.encode(tree.decode(row)), Number.isNaN)).toEqual(Array.from(row, Number.isNaN))
      gain += (score - before) / 20
    }
    expect(gain).toBeGreaterThan(1)
  })

  it('goes nowhere that is not allowed, nor without passes', () => {
    for (const [passes, allowed] of [[4, false], [0, true]] as const) {
      const { pool: of } = pool(1)
      const before = of.units.slice()
      refine(of, 2, passes, () => allowed, new ThreefryRandom(1).stream(1, 'refine'))
      expect(of.units).toEqual(before)
    }
  })
})
