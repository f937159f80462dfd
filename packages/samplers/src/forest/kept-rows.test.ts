import { describe, expect, it } from 'vitest'
import type { ModelRows } from '../model/model-rows.ts'
import { keptRows } from './kept-rows.ts'

/** Forty rows, of which the first thirty in the order of merit are feasible; infeasible ones have lower losses. */
const rows: ModelRows = {
  count: 40,
  units: Float64Array.from({ length: 80 }, (_, i) => i),
  losses: Float64Array.from({ length: 40 }, (_, row) => (row % 4 === 3 ? row - 1000 : row)),
  order: Int32Array.from([...Array.from({ length: 40 }, (_, row) => row).filter((row) => row % 4 !== 3), ...Array.from({ length: 10 }, (_, i) => 4 * i + 3)]),
  usefulCount: 30,
  sinceBest: 0,
}

describe('keptRows', () => {
  it('are all while these are few', () => {
    expect(keptRows(rows, 2, 40)).toBe(rows)
  })

  it('are the best and some of the others, in their order, each with its coordinates and loss', () => {
    const kept = keptRows(rows, 2, 20)
    const from = Array.from({ length: 20 }, (_, i) => (kept.units[2 * i] as number) / 2)
    expect([kept.count, kept.units.length, [...kept.order]]).toEqual([20, 40, Array.from({ length: 20 }, (_, i) => i)])
    expect(from.slice(0, 10)).toEqual([...rows.order.subarray(0, 10)])
    expect(from.map((row) => rows.order.indexOf(row))).toEqual(from.map((row) => rows.order.indexOf(row)).sort((a, b) => a - b))
    expect([...kept.losses]).toEqual(from.map((row) => rows.losses[row]))
  })

  it('know which of them are feasible, lest an infeasible trial is the one to improve on', () => {
    const kept = keptRows(rows, 2, 20)
    const useful = kept.order.subarray(0, kept.usefulCount)
    expect(useful.length).toBeGreaterThan(10)
    expect(Math.min(...Array.from(useful, (row) => kept.losses[row] as number))).toBe(0)
    expect(Array.from(kept.order.subarray(kept.usefulCount), (row) => kept.losses[row] as number).every((loss) => loss < 0)).toBe(true)
  })
})
