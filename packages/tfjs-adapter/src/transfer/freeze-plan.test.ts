import * as tf from '@tensorflow/tfjs'
import { describe, expect, it } from 'vitest'
import { freezePlan, frozenUnits, type FreezeSettings } from './freeze-plan.ts'
import { freezeUnits, type FreezeBy, type FreezeUnits } from './freeze-units.ts'

const refused = (message: RegExp): unknown => expect.objectContaining({ code: 'TFJS_OPTION', message: expect.stringMatching(message) as string })

/** Layers of 10 × 4, 4 × 4 and 4 × 2 weights, and one without between them: 44, 20 and 10 parameters. */
function layers(): tf.layers.Layer[] {
  return tf.sequential({
    layers: [tf.layers.dense({ name: 'first', units: 4, inputShape: [10] }), tf.layers.dense({ name: 'second', units: 4 }), tf.layers.dropout({ name: 'noise', rate: 0.1 }), tf.layers.dense({ name: 'third', units: 2 })],
  }).layers
}

const units = (count: number): FreezeUnits => ({ units: Array.from({ length: count }, (_, i) => ({ name: `u${i}`, layers: [] })), ends: Array.from({ length: count + 1 }, (_, i) => i / count) })
const plan = (count: number, settings: FreezeSettings): ReturnType<typeof freezePlan> => freezePlan(units(count), true, settings)

describe('the freeze ratio', () => {
  it('freezes nothing at 0, all at 1, and changes half-way between the ends of units, where the later end counts', () => {
    for (let count = 1; count <= 60; count++) {
      const { ends } = units(count)
      expect([frozenUnits(ends, 0), frozenUnits(ends, 1)]).toEqual([0, count])
      for (let unit = 0; unit < count; unit++) {
        const boundary = (unit + 0.5) / count
        expect([boundary - 1e-6, boundary, boundary + 1e-6, (unit + 1) / count].map((ratio) => frozenUnits(ends, ratio))).toEqual([unit, unit + 1, unit + 1, unit + 1])
      }
    }
  })

  it('by parameters changes half-way between the shares that the layers end at', () => {
    const { ends } = freezeUnits(layers(), 'parameters')
    expect(ends).toEqual([0, 44 / 74, 64 / 74, 1])
    for (let unit = 0; unit < 3; unit++) {
      const boundary = (ends[unit]! + ends[unit + 1]!) / 2
      expect([boundary - 1e-6, boundary, boundary + 1e-6].map((ratio) => frozenUnits(ends, ratio))).toEqual([unit, unit + 1, unit + 1])
    }
  })

  it('never freezes more at a smaller ratio', () => {
    for (const ends of [units(7).ends, units(1).ends, freezeUnits(layers(), 'parameters').ends, [0, 1e-12, 0.999, 1]]) {
      let last = 0
      for (let i = 0; i <= 5000; i++) {
        const frozen = frozenUnits(ends, i / 5000)
        expect(frozen).toBeGreaterThanOrEqual(last)
        last = frozen
      }
      expect(last).toBe(ends.length - 1)
    }
  })
})

describe('units', () => {
  it('are layers with weights, or blocks that end with a named layer', () => {
    const names = (by: FreezeBy): string[][] => freezeUnits(layers(), by).units.map((unit) => [unit.name, ...unit.layers.map(({ name }) => name)])
    expect(names('layers')).toEqual([['first', 'first'], ['second', 'second'], ['third', 'third']])
    expect(names('parameters')).toEqual(names('layers'))
    expect(names({ blocks: ['noise', 'third'] })).toEqual([['noise', 'first', 'second'], ['third', 'third']])
    expect(names({ blocks: ['first', 'third'] })).toEqual([['first', 'first'], ['third', 'second', 'third']])
  })

  it.each<[string, readonly string[], RegExp]>([
    ['unknown', ['fifth'], /no layer of that name; there are first, second, noise, third/],
    ['out of order', ['second', 'first'], /"first" after "second"/],
    ['named twice', ['second', 'second'], /"second" twice/],
    ['without weights', ['second', 'noise', 'third'], /ends with "noise" has no weights/],
    ['short of the end', ['first'], /second, third come after it: name the last layer of the base, "third"/],
    ['none', [], /freezeBy is 'layers'/],
  ])('refuse blocks that are %s', (_what, blocks, message) => {
    expect(() => freezeUnits(layers(), { blocks })).toThrow(refused(message))
  })

  it('refuse a base without weights, and a rule that is none', () => {
    expect(() => freezeUnits(tf.sequential({ layers: [tf.layers.flatten({ inputShape: [2, 2] })] }).layers, 'layers')).toThrow(expect.objectContaining({ code: 'TFJS_MODEL' }))
    expect(() => freezeUnits(layers(), 'depth' as 'layers')).toThrow(refused(/got "depth"/))
  })
})

describe('the plan', () => {
  const course = (settings: FreezeSettings, count = 4): number[] => [1, 2, 3, 4, 5, 6, 7].map((epoch) => plan(count, settings).frozenIn(epoch))

  it('thaws from the head down, to where the ratio says', () => {
    expect(course({ freezeRatio: 0.25 })).toEqual([1, 1, 1, 1, 1, 1, 1])
    expect(course({ freezeRatio: 0, unfreezeEvery: 1 })).toEqual([4, 3, 2, 1, 0, 0, 0])
    expect(course({ freezeRatio: 0.25, unfreezeEvery: 2 })).toEqual([4, 4, 3, 3, 2, 2, 1])
    expect(course({ freezeRatio: 1, unfreezeEvery: 1 })).toEqual([4, 4, 4, 4, 4, 4, 4])
    expect(course({ freezeRatio: 0, unfreezeEvery: [2, 2, 5] })).toEqual([4, 2, 2, 2, 0, 0, 0])
    expect(course({ freezeRatio: 0.5, unfreezeEvery: [1, 3, 4, 5, 6] })).toEqual([3, 3, 2, 2, 2, 2, 2])
  })

  it('lowers the rate from the head down', () => {
    const { rateScale } = plan(3, { freezeRatio: 0, rateDecay: 0.5 })
    expect([0, 1, 2].map(rateScale)).toEqual([0.125, 0.25, 0.5])
    expect(plan(3, { freezeRatio: 0 }).rateScale(0)).toBe(1)
  })

  it('takes a block by its name', () => {
    expect(['none', 'u0', 'u2'].map((freezeThrough) => plan(3, { freezeThrough }).frozen)).toEqual([0, 1, 3])
  })

  it.each<[FreezeSettings, RegExp]>([
    [{ freezeRatio: 1.1 }, /between 0 \(train everything\) and 1 \(train the head alone\), got 1\.1/],
    [{ freezeRatio: -0.1 }, /got -0\.1/],
    [{ freezeRatio: NaN }, /got NaN/],
    [{ freezeRatio: '0.5' as unknown as number }, /got 0\.5/],
    [{}, /neither freezeRatio nor freezeThrough/],
    [0.5 as unknown as FreezeSettings, /must be settings, .* got 0\.5/],
    [undefined as unknown as FreezeSettings, /got undefined/],
    [{ freezeRatio: 0, freezeThrough: 'u0' }, /give one of them/],
    [{ freezeThrough: 'u9' }, /"u9", which is no block; there are none, u0, u1, u2/],
    [{ freezeRatio: 0, rateDecay: 0 }, /rateDecay must be above 0/],
    [{ freezeRatio: 0, rateDecay: 1.5 }, /at most 1, got 1\.5/],
    [{ freezeRatio: 0, unfreezeEvery: 1.5 }, /whole number of epochs/],
    [{ freezeRatio: 0, unfreezeEvery: [3, 2] }, /never fall, got \[3,2\]/],
    [{ freezeRatio: 0, unfreezeEvery: [] }, /got \[\]/],
  ])('refuses %j', (settings, message) => {
    expect(() => plan(3, settings)).toThrow(refused(message))
  })

  it('refuses a block where there are none', () => {
    expect(() => freezePlan(units(3), false, { freezeThrough: 'u0' })).toThrow(refused(/add freezeBy/))
  })
})
