import { choice, constraint, float, int, linear, oneOf, ordinal, type Space, space, ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { Points } from '../model/points.ts'
import type { Acquisition } from '../gaussian-process/acquisition.ts'
import { latentOf, writePoint } from './latent.ts'
import { LocalSearch } from './local-search.ts'

/** An acquisition made of a function of one row, with slopes by differences. */
function acquisitionOf(width: number, value: (row: Float64Array) => number): Acquisition {
  return {
    values(units, count, out) {
      for (let i = 0; i < count; i++) out[i] = value(units.slice(i * width, (i + 1) * width))
    },
    valueWithSlopes(units, offset, slopes) {
      const row = units.slice(offset, offset + slopes.length)
      for (let axis = 0; axis < slopes.length; axis++) {
        const unit = row[axis] as number
        slopes[axis] = Number.isNaN(unit) ? 0 : (value(row.with(axis, unit + 1e-6)) - value(row.with(axis, unit - 1e-6))) / 2e-6
      }
      return value(row)
    },
  }
}
function climb(of: Space<unknown>, value: (row: Float64Array) => number, start: Float64Array, refuse?: (row: Float64Array) => boolean): { readonly point: Float64Array; readonly reached: number } {
  const points = new Points(of)
  const { width } = points
  const search = new LocalSearch(points, acquisitionOf(width, value), new Float64Array(width).fill(0.5), undefined, refuse === undefined ? undefined : (units, offset) => refuse(units.slice(offset, offset + width)))
  const latent = latentOf(points, start)
  const reached = search.climb(latent, -Infinity, new ThreefryRandom(1).stream(0, 'search'))
  const point = new Float64Array(width)
  writePoint(points, latent, 0, point, 0)
  return { point, reached }
}

describe('a local search', () => {
  it('finds the top of a hill of numbers, integers, ordinals and categories, branches included', () => {
    const tree = space({ x: float(0, 1), n: int(0, 200), size: ordinal([1, 2, 3, 4, 5]), kind: oneOf({ a: { y: float(0, 1) }, b: { z: choice(['p', 'q', 'r']) } }) })
    const top = tree.encode({ x: 0.3, n: 77, size: 4, 'kind.type': 'b', 'kind.b.z': 'r' })
    const value = (row: Float64Array): number => row.reduce((sum, unit, axis) => sum - (Number.isNaN(unit) !== Number.isNaN(top[axis]) ? 1 : Number.isNaN(unit) ? 0 : (unit - (top[axis] as number)) ** 2), 0)
    const { point, reached } = climb(tree, value, tree.encode({ x: 0.9, n: 3, size: 1, 'kind.type': 'a', 'kind.a.y': 0.2 }))
    expect(tree.decode(point)).toEqual({ ...tree.decode(top), x: expect.closeTo(0.3, 3) })
    expect(reached).toBeCloseTo(0, 5)
  })

  it('stops at bounds', () => {
    const { point } = climb(space({ x: float(0, 1), y: float(0, 1) }), (row) => 3 * (row[0] as number) - ((row[1] as number) + 0.2) ** 2, Float64Array.of(0.4, 0.6))
    expect([...point]).toEqual([1, 0])
  })

  it('keeps the constraints of the space', () => {
    const bounded = space({ x: float(0, 1), y: float(0, 1), n: int(0, 9) }, { constraints: [linear({ x: 1, y: 1 }, { atMost: 0.9 }), constraint<{ readonly n: number }>('n is small', ({ n }) => n - 6)] })
    const { point, reached } = climb(bounded, (row) => row.reduce((sum, unit) => sum + unit, 0), bounded.encode({ x: 0.1, y: 0.2, n: 2 }))
    const { x, n } = bounded.decode(point) as { readonly x: number; readonly n: number }
    expect(bounded.violation(bounded.decode(point))).toBeLessThanOrEqual(0)
    expect(n).toBe(6)
    expect(x).toBeGreaterThan(0.1)
    expect(reached).toBeCloseTo(point.reduce((sum, unit) => sum + unit, 0), 12)
  })

  it('ends beside a point that is taken', () => {
    const cells = space({ a: int(0, 9), b: int(0, 9) })
    const value = (row: Float64Array): number => 1 - ((row[0] as number) - 0.55) ** 2 - 2 * ((row[1] as number) - 0.35) ** 2
    const top = cells.encode({ a: 5, b: 3 })
    expect(cells.decode(climb(cells, value, cells.encode({ a: 0, b: 9 })).point)).toEqual({ a: 5, b: 3 })
    const isTop = (row: Float64Array): boolean => row.every((unit, axis) => unit === top[axis])
    for (const start of [cells.encode({ a: 0, b: 9 }), top]) {
      const { a, b } = cells.decode(climb(cells, value, start, isTop).point) as { readonly a: number; readonly b: number }
      expect(Math.abs(a - 5) + Math.abs(b - 3)).toBe(1)
    }
  })
})
