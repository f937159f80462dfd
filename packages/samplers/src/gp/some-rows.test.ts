import { float, space, ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { axesOf } from '../model/axis.ts'
import { FeatureMap } from '../gaussian-process/features.ts'
import { defaults } from '../gaussian-process/hyperparameters.ts'
import { layoutOf } from '../gaussian-process/layout.ts'
import { someRows } from './some-rows.ts'

const plane = layoutOf(axesOf(space({ x: float(0, 1), y: float(0, 1) })))
const map = new FeatureMap(plane, defaults(plane))

/** Points of which most are crowded around (.2, .2); the better, the nearer to there. */
function crowd(count: number): { readonly units: Float64Array; readonly order: Int32Array } {
  const random = new ThreefryRandom(1).stream(0, 'crowd')
  const units = Float64Array.from({ length: 2 * count }, (_, i) => (i < count / 4 ? random.uniform() : 0.2 + 0.05 * random.uniform()))
  const loss = (row: number): number => Math.hypot((units[2 * row] as number) - 0.2, (units[2 * row + 1] as number) - 0.2)
  return { units, order: Int32Array.from({ length: count }, (_, i) => i).sort((a, b) => loss(a) - loss(b)) }
}

describe('some rows', () => {
  it('are all while these are few', () => {
    const { units, order } = crowd(30)
    expect([...someRows(map, units, order, 30)]).toEqual(Array.from({ length: 30 }, (_, i) => i))
  })

  it.each([100, 1000])('are the best, those near to them, and others that fill the space, of %i', (count) => {
    const { units, order } = crowd(count)
    const rows = someRows(map, units, order, 30)
    expect(rows).toHaveLength(30)
    expect(new Set(rows).size).toBe(30)
    expect([...rows]).toEqual([...rows].sort((a, b) => a - b))
    for (const row of order.subarray(0, 10)) expect(rows).toContain(row)
    // Every quarter of the square is known, although there are few rows in three of them.
    const quarters = new Set(Array.from(rows, (row) => `${(units[2 * row] as number) > 0.5},${(units[2 * row + 1] as number) > 0.5}`))
    expect(quarters.size).toBe(4)
  })
})
