import { createStudy, float, maximize, space, type LevelLeaf, type NumberLeaf } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { freezeBlocksSpace, freezeRatioSpace } from './freeze-space.ts'
import { suggestFreezeRatios } from './tradeoff/suggest-freeze-ratios.ts'
import type { FreezeTradeoff } from './tradeoff/fit-freeze-tradeoff.ts'

const fit: FreezeTradeoff = { kind: 'fitted', a: 1, b: 1, c: 1, k: 1, n: 10, freezeRatio: 0.7, interval: [0.5, 0.9], level: 0.95, gain: 0.1, kAtBound: false, deviation: 0.1, degreesOfFreedom: 9 }

describe('freezeRatioSpace', () => {
  it('is a part of a space', () => {
    const merged = space({ ...freezeRatioSpace(), learningRate: float(0.1, 1) })
    expect(merged.dimensions.map(({ path }) => path)).toEqual(['freezeRatio', 'learningRate', 'rateDecay', 'unfreezeEvery'])
  })

  it('has the ends of units alone, where their number is known', () => {
    expect(freezeRatioSpace({ units: 3 }).freezeRatio).toMatchObject({ '.kind': 'ordinal', values: [0, 1 / 3, 2 / 3, 1] })
    expect(freezeRatioSpace({ units: 1 }).freezeRatio).toMatchObject({ values: [0, 1] })
  })

  it('is drawn towards the f* of a fit', () => {
    const priorOf = (around: FreezeTradeoff): unknown => (freezeRatioSpace({ around }).freezeRatio as NumberLeaf).prior
    expect(priorOf(fit)).toEqual({ kind: 'normal', mean: 0.7, deviation: 0.1 })
    expect(priorOf({ ...fit, interval: [0.7, 0.7] })).toEqual({ kind: 'normal', mean: 0.7, deviation: 0.02 })
    const { weights } = freezeRatioSpace({ around: fit, units: 5 }).freezeRatio as LevelLeaf<number>
    expect(weights!.map((weight) => Number(weight.toFixed(3)))).toEqual([0.001, 0.001, 0.012, 0.608, 0.608, 0.012])
    expect(space({ ...freezeRatioSpace({ around: fit, units: 200 }) }).dimensions).toHaveLength(3)
  })

  it('refuses a base without units, a fit that tells nothing, and options that do not exist', () => {
    expect(() => freezeRatioSpace({ around: { kind: 'undetermined', reason: 'few' } as unknown as FreezeTradeoff })).toThrow(/around is a fit of kind 'fitted', got one of kind "undetermined"/)
    expect(() => freezeRatioSpace({ unit: 3 } as object)).toThrow('freezeRatioSpace has no option "unit". Did you mean "units"?')
    for (const units of [0, 1.5, -2, NaN]) expect(() => freezeRatioSpace({ units })).toThrow(expect.objectContaining({ code: 'TFJS_OPTION' }))
  })
})

describe('suggested ratios', () => {
  it('can be enqueued, in a space of all ratios and in one of the ends of units', async () => {
    for (const units of [undefined, 6, 49]) {
      const only = units === undefined ? {} : { units }
      const study = await createStudy({ name: 'seeded', space: freezeRatioSpace(only), objective: maximize('score'), seed: 1 })
      const ratios = suggestFreezeRatios(fit, { count: 4, ...only })
      for (const freezeRatio of ratios) await study.enqueue({ freezeRatio, rateDecay: 1, unfreezeEvery: 0 })
      await study.optimize(({ params }) => params.freezeRatio, { trials: ratios.length })
      expect(study.trials().map(({ params }) => params.freezeRatio)).toEqual(ratios)
    }
  })
})

describe('freezeBlocksSpace', () => {
  it('has the blocks in their order, after none', () => {
    expect(freezeBlocksSpace(['stem', 'body']).freezeThrough).toMatchObject({ '.kind': 'ordinal', values: ['none', 'stem', 'body'] })
  })
})
