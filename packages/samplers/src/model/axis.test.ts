import { choice, float, int, logNormal, normal, oneOf, ordinal, space } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { axesOf, type Axis, cellAt, isActive, logPriorAt, priorUnit, snap } from './axis.ts'

function axisOf(leaf: Parameters<typeof space>[0][string]): Axis {
  return axesOf(space({ x: leaf } as never))[0] as Axis
}

describe('axes', () => {
  it('find the uneven cells of a log scale', () => {
    for (const leaf of [int(1, 60, { scale: 'log' }), int(8, 64, { scale: 'log', step: 8 }), float(0.1, 2, { scale: 'log', step: 0.1 })]) {
      const axis = axisOf(leaf)
      expect(axis.shape).toBe('ordered')
      expect(axis.edges).toHaveLength(axis.dimension.cells + 1)
      const values = Array.from(axis.centres, (unit) => axis.dimension.decode(unit))
      expect(new Set(values).size).toBe(axis.dimension.cells)
      for (const [cell, value] of values.entries()) {
        expect(cellAt(axis, axis.dimension.encode(value))).toBe(cell)
        expect(axis.dimension.decode((axis.edges[cell] as number) + 1e-9)).toBe(value)
        expect(axis.dimension.decode((axis.edges[cell + 1] as number) - 1e-9)).toBe(value)
      }
    }
  })

  it('keep many cells as a density and snap to values', () => {
    const axis = axisOf(int(1, 10_000, { scale: 'log' }))
    expect(axis.shape).toBe('continuous')
    const unit = snap(axis, 0.5123)
    expect(axis.dimension.encode(axis.dimension.decode(unit))).toBe(unit)
    expect(snap(axisOf(float(0, 1)), 0.5123)).toBe(0.5123)
  })

  it('know their priors', () => {
    const levels = axisOf(ordinal(['a', 'b', 'c'], { weights: [1, 2, 5] }))
    expect(Array.from(levels.logPrior, Math.exp).map((mass) => mass.toFixed(6))).toEqual(['0.125000', '0.250000', '0.625000'])
    const cells = axisOf(int(0, 10, { prior: normal(3, 1) }))
    expect(Math.exp(cells.logPrior[3] as number)).toBeCloseTo(0.383, 2)
    expect(cells.logPrior.reduce((sum, one) => sum + Math.exp(one), 0)).toBeCloseTo(1, 12)
    const uneven = axisOf(int(1, 3, { scale: 'log' }))
    expect(Math.exp(uneven.logPrior[0] as number)).toBeCloseTo(Math.log(3) / Math.log(7), 6)
    const density = axisOf(float(1e-4, 1, { scale: 'log', prior: logNormal(Math.log(1e-2), 0.5) }))
    let integral = 0
    for (let i = 0; i < 5000; i++) integral += Math.exp(logPriorAt(density, (i + 0.5) / 5000)) / 5000
    expect(integral).toBeCloseTo(1, 2)
    expect(logPriorAt(density, 0.5)).toBeGreaterThan(logPriorAt(density, 0.75) + 3)
    expect(density.dimension.decode(priorUnit(density, 0.5))).toBeCloseTo(1e-2, 6)
  })

  it('have densities of sum 1 where a prior gives nearly all mass to a few of many cells', () => {
    for (const leaf of [int(0, 1000, { prior: normal(500, 2) }), int(0, 1000, { prior: normal(0, 3) }), int(1, 100_000, { scale: 'log', prior: logNormal(Math.log(5), 0.2) }), float(0, 10, { step: 0.1, prior: normal(3, 0.01) })]) {
      const axis = axisOf(leaf)
      expect(axis.shape).toBe('continuous')
      let integral = 0
      for (let i = 0; i < 100_000; i++) integral += Math.exp(logPriorAt(axis, (i + 0.5) / 100_000)) / 100_000
      expect(integral).toBeCloseTo(1, 2)
    }
    const narrow = axisOf(int(0, 1000, { prior: normal(500, 2) }))
    expect(Math.exp(logPriorAt(narrow, narrow.dimension.encode(500))) / 1001).toBeCloseTo(0.197, 1) // 0.1974 by the normal distribution, in steps of 1 / 256
  })

  it('are active where their parents say', () => {
    const tree = space({ kind: oneOf({ a: { x: float(0, 1), deep: oneOf({ p: { y: choice([1, 2]) }, q: {} }) }, b: {} }) })
    const axes = axesOf(tree)
    const active = (flat: Record<string, string | number>): string[] => {
      const units = tree.encode(flat)
      return axes.filter((_, index) => isActive(axes, index, units, 0)).map(({ dimension }) => dimension.path)
    }
    expect(active({ 'kind.type': 'b' })).toEqual(['kind.type'])
    expect(active({ 'kind.type': 'a', 'kind.a.x': 0.5, 'kind.a.deep.type': 'q' })).toEqual(['kind.type', 'kind.a.deep.type', 'kind.a.x'])
    expect(active({ 'kind.type': 'a', 'kind.a.x': 0.5, 'kind.a.deep.type': 'p', 'kind.a.deep.p.y': 1 })).toHaveLength(4)
  })
})
