import { float, space } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { freezeBlocksSpace, freezeRatioSpace } from './freeze-space.ts'
import type { FreezeTradeoff } from './tradeoff/fit-freeze-tradeoff.ts'

const fit: FreezeTradeoff = { kind: 'fitted', a: 1, b: 1, c: 1, k: 1, n: 10, freezeRatio: 0.7, interval: [0.5, 0.9], level: 0.95, gain: 0.1, deviation: 0.1, degreesOfFreedom: 9 }

describe('freezeRatioSpace', () => {
  it('is a part of a space', () => {
    const merged = space({ ...freezeRatioSpace(), learningRate: float(0.1, 1) })
    expect(merged.dimensions.map(({ path }) => path)).toEqual(['freezeRatio', 'learningRate', 'rateDecay', 'unfreezeEvery'])
  })

  it('has one value for each end of a unit, where their number is known', () => {
    const { freezeRatio } = freezeRatioSpace({ units: 3 })
    expect(freezeRatio).toMatchObject({ low: 0, high: 1, step: 1 / 3 })
    const [dimension] = space({ freezeRatio }).dimensions
    expect([0.01, 0.3, 0.6, 0.99].map((unit) => dimension!.decode(unit))).toEqual([0, expect.closeTo(1 / 3, 12), expect.closeTo(2 / 3, 12), 1])
    expect(space({ freezeRatio: freezeRatioSpace({ units: 1 }).freezeRatio }).dimensions).toHaveLength(1)
  })

  it('is drawn towards the f* of a fit', () => {
    expect(freezeRatioSpace({ around: fit }).freezeRatio.prior).toEqual({ kind: 'normal', mean: 0.7, deviation: 0.1 })
    expect(freezeRatioSpace({ around: { ...fit, interval: [0.7, 0.7] } }).freezeRatio.prior).toEqual({ kind: 'normal', mean: 0.7, deviation: 0.02 })
  })

  it('refuses a base without units', () => {
    for (const units of [0, 1.5, -2, NaN]) expect(() => freezeRatioSpace({ units })).toThrow(expect.objectContaining({ code: 'TFJS_OPTION' }))
  })
})

describe('freezeBlocksSpace', () => {
  it('has the blocks in their order, after none', () => {
    expect(freezeBlocksSpace(['stem', 'body']).freezeThrough).toMatchObject({ '.kind': 'ordinal', values: ['none', 'stem', 'body'] })
  })
})
