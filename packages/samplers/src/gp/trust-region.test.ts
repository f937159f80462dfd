import { createStudy, float, int, choice, space, type Problem, type TrialRecord } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { axesOf } from '../model/axis.ts'
import { Observations } from '../model/observations.ts'
import { gp } from './gp.ts'
import { layoutOf } from '../gaussian-process/layout.ts'
import { regionOf, sideAfter } from './trust-region.ts'

const begin = 6

/** Losses that begin at 100: `b` is better by one, `w` is not better, `x` is of no use. */
function lossesOf(signs: string): Float64Array {
  let best = 100
  const first = Array.from({ length: begin }, () => best)
  return Float64Array.from([...first, ...Array.from(signs, (sign) => (sign === 'b' ? --best : sign === 'w' ? best : Infinity))])
}

describe('sideAfter', () => {
  it('doubles after three better trials in a row, and halves after as many worse ones as there are axes', () => {
    const side = (signs: string): number => sideAfter(lossesOf(signs), begin, 5).side
    expect(side('')).toBe(0.8)
    expect(side('bbwbb')).toBe(0.8)
    expect(side('bbb')).toBe(1.6)
    expect(side('bbbbbb')).toBe(1.6)
    expect(side('wwxww')).toBe(0.4)
    expect(side('wwxwbwwww')).toBe(0.8)
    expect(side('wwwwwbbb')).toBe(0.8)
  })

  it('begins anew where the sides have become too short', () => {
    const { side, since } = sideAfter(lossesOf('w'.repeat(35)), begin, 5)
    expect([side, since]).toEqual([0.8, begin + 35])
    // The first trials after that do not count.
    expect(sideAfter(lossesOf('w'.repeat(35 + 5 + begin)), begin, 5)).toEqual({ side: 0.4, since: begin + 35 })
  })
})

describe('regionOf', () => {
  const numbers = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x${i}`, i === 19 ? int(0, 40) : float(0, 1)]))
  const many = space({ ...numbers, c: choice(['a', 'b']) })
  const few = space({ x0: float(0, 1) })
  const observe = async (of: typeof many | typeof few, count: number): Promise<Observations> => {
    const study = await createStudy({ name: 'region', space: of, seed: 1 })
    for (let i = 0; i < count; i++) {
      const trial = await study.ask()
      if (i % 4 === 3) await study.fail(trial, new Error('broken'))
      else await study.tell(trial, Math.abs((trial.params as { readonly x0: number }).x0 - 0.3))
    }
    const observations = new Observations({ space: of, objectives: study.definition.objectives, constraints: [] } as unknown as Problem)
    study.trials().toReversed().forEach((trial: TrialRecord) => observations.add(trial))
    return observations
  }

  it('is a box around the best trial, longer along axes that matter less', async () => {
    const layout = layoutOf(axesOf(many))
    const observations = await observe(many, 30)
    const lengths = new Float64Array(layout.width).fill(0.5)
    lengths[1] = 1
    const region = regionOf(layout, observations, lengths, begin)
    expect(region?.centre[0]).toBe(observations.column(0)[observations.order[0] as number])
    const width = (axis: number): number => (region?.upper[axis] as number) - (region?.lower[axis] as number)
    for (let axis = 0; axis < layout.width; axis++) {
      expect(region?.lower[axis]).toBeLessThanOrEqual(region?.centre[axis] as number)
      expect(region?.upper[axis]).toBeGreaterThanOrEqual(region?.centre[axis] as number)
      expect(width(axis)).toBeLessThanOrEqual(axis === 1 ? 1 : 0.8)
    }
    expect(region?.change).toBeCloseTo(20 / 21, 12)
  })

  it('is not there for few numbers, or without a good trial', async () => {
    expect(regionOf(layoutOf(axesOf(few)), await observe(few, 10), new Float64Array(1), begin)).toBeUndefined()
    expect(regionOf(layoutOf(axesOf(many)), await observe(many, 0), new Float64Array(21), begin)).toBeUndefined()
  })
})

describe('gp with many numbers', () => {
  it('stays near good trials instead of looking at all corners, so it gets down a hill with many hollows', async () => {
    const dimensions = 20
    const study = await createStudy({ name: 'ackley', space: Object.fromEntries(Array.from({ length: dimensions }, (_, i) => [`x${i}`, float(-10, 15)])), sampler: gp(), seed: 2 })
    await study.optimize(({ params }) => {
      const xs = Object.values(params as Record<string, number>)
      const mean = (f: (x: number) => number): number => xs.reduce((sum, x) => sum + f(x) / dimensions, 0)
      return 20 + Math.E - 20 * Math.exp(-0.2 * Math.sqrt(mean((x) => x * x))) - Math.exp(mean((x) => Math.cos(2 * Math.PI * x)))
    }, { trials: 150 })
    expect(study.best.value).toBeLessThan(8) // about 10.5 in the whole space
  })
})
