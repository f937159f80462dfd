import { atMost, createStudy, float, maximize, MemoryStorage, minimize, random, type SamplerFactory, space, systemClock } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { hypervolume } from '../hypervolume/hypervolume.ts'
import { tpe } from '../tpe/tpe.ts'
import { gp } from './gp.ts'

const cube = space({ x: float(0, 1), y: float(0, 1), z: float(0, 1) })

interface Point {
  readonly x: number
  readonly y: number
  readonly z: number
}

/** ZDT1 in three variables, the second objective to be maximised: the front is y = z = 0, from (0, −1) to (1, 0). */
function zdt1({ x, y, z }: Point): { readonly f: number; readonly g: number } {
  const scale = 1 + 4.5 * (y + z)
  return { f: x, g: -scale * (1 - Math.sqrt(x / scale)) }
}

async function volume(sampler: SamplerFactory, { atOnce = 1, trials = 40 } = {}): Promise<number> {
  let sum = 0
  for (const seed of [1, 2]) {
    const study = await createStudy({ name: 'zdt1', space: cube, objective: [minimize('f'), maximize('g')], sampler, seed })
    await study.optimize(({ params }) => zdt1(params), { trials, concurrency: atOnce })
    sum += hypervolume(study.pareto().map(({ values: [f = NaN, g = NaN] }) => [f, -g]), [1.1, 1.1]) / 2
  }
  return sum
}

describe('gp with several objectives', () => {
  it('approaches the whole front in few trials', async () => {
    const ours = await volume(gp())
    expect(ours).toBeGreaterThan(0.8) // of 0.877
    expect(ours).toBeGreaterThan(1.3 * (await volume(tpe())))
  })

  it('spreads trials that run at the same time', async () => {
    expect(await volume(gp(), { atOnce: 8, trials: 48 })).toBeGreaterThan(0.75)
  })

  it('says what it expects of each objective, in its own direction', async () => {
    const study = await createStudy({ name: 'expects', space: cube, objective: [minimize('f'), maximize('g')], sampler: gp(), seed: 1 })
    await study.optimize(({ params }) => zdt1(params), { trials: 30 })
    const { predicted = [] } = study.trial(28).suggestion?.explanation ?? {}
    expect(predicted.map(({ metric }) => metric)).toEqual(['f', 'g'])
    for (const [i, { mean, deviation }] of predicted.entries()) {
      expect(deviation).toBeGreaterThan(0)
      expect(Math.abs(mean - (study.trial(28).values?.[i] as number))).toBeLessThan(0.3)
    }
  })

  it('keeps outcome constraints, and leaves what fails', async () => {
    const study = await createStudy({ name: 'limited', space: cube, objective: [minimize('f'), maximize('g')], constraints: { cost: atMost(0.5) }, sampler: gp(), seed: 1 })
    let failed = 0
    for (let i = 0; i < 50; i++) {
      const trial = await study.ask()
      const { x, y, z } = trial.params
      if (z > 0.7) {
        await study.fail(trial, new Error('too large'))
        if (i >= 25) failed++
      } else await study.tell(trial, { ...zdt1(trial.params), cost: Math.abs(x - 0.5) + y })
    }
    expect(failed).toBeLessThan(6)
    const front = study.pareto()
    expect(front.every(({ metrics }) => (metrics['cost'] as number) <= 0.5)).toBe(true)
    expect(hypervolume(front.map(({ values: [f = NaN, g = NaN] }) => [f, -g]), [1.1, 1.1])).toBeGreaterThan(0.75)
  })

  it('suggests the same after restarts, with failures and constraints too', async () => {
    const suggested = async (parts: readonly number[]): Promise<readonly unknown[]> => {
      const storage = new MemoryStorage(systemClock)
      const all: unknown[] = []
      for (const trials of parts) {
        const study = await createStudy({ name: 'restarted', ifExists: 'resume', space: cube, objective: [minimize('f'), maximize('g')], constraints: { cost: atMost(0.9) }, sampler: gp(), seed: 3, storage })
        for (let i = 0; i < trials; i++) {
          const trial = await study.ask()
          all.push(trial.flatParams)
          if (trial.params.z > 0.6) await study.fail(trial, new Error('too large'))
          else await study.tell(trial, { ...zdt1(trial.params), cost: trial.params.x + trial.params.y })
        }
        await study.close()
      }
      return all
    }
    expect(await suggested([9, 4, 1, 6])).toEqual(await suggested([20]))
  })

  it('goes on when outcomes are infinite, or all the same', async () => {
    for (const count of [2, 5]) {
      for (const outcome of [Infinity, -Infinity, 1]) {
        const names = Array.from({ length: count }, (_, i) => `m${i}`)
        const study = await createStudy({ name: 'infinite', space: cube, objective: names.map((name) => minimize(name)), sampler: gp(), seed: 1 })
        await study.optimize(({ params: { x } }) => Object.fromEntries(names.map((name, i) => [name, i === 0 || x < 0.5 ? outcome : x])), { trials: 12 })
        expect(study.summary.counts.complete).toBe(12)
      }
    }
  })

  it('finds the front though a part of it is out of all proportion, as where a small net diverges', async () => {
    const four = space({ x: float(0, 1), y: float(0, 1), z: float(0, 1), u: float(0, 1) })
    for (const seed of [1, 2]) {
      const study = await createStudy({ name: 'diverging', space: four, objective: [minimize('f'), minimize('g')], sampler: gp(), seed })
      await study.optimize(({ params: { x, y, z, u } }) => {
        const scale = 1 + 3 * (y + z + u)
        return { f: x, g: x < 0.15 ? 1e200 * (1 + y) : scale * (1 - Math.sqrt(x / scale)) }
      }, { trials: 50 })
      expect(hypervolume(study.pareto().map(({ values: [f = NaN, g = NaN] }) => [f, g]), [1.1, 1.1])).toBeGreaterThan(0.4)
    }
  })

  it('improves five objectives by losses made of all', async () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const nearest = async (sampler: SamplerFactory): Promise<number> => {
      const study = await createStudy({ name: 'five', space: cube, objective: names.map((name) => minimize(name)), sampler, seed: 2 })
      // Distances from five points of the plane z = 0.2: what lies in the plane is better in all.
      await study.optimize(({ params: { x, y, z } }) => Object.fromEntries(names.map((name, i) => [name, Math.hypot(x - 0.2 * i, y - ((0.37 * i) % 1), z - 0.2)])), { trials: 40 })
      return study.trials().slice(-20).reduce((sum, { flatParams }) => sum + Math.abs((flatParams['z'] as number) - 0.2) / 20, 0)
    }
    expect(await nearest(gp())).toBeLessThan(0.5 * (await nearest(random())))
  })
})
