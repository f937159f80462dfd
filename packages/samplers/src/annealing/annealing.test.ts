import { choice, constraint, createStudy, float, int, linear, maximize, minimize, oneOf, random, type SamplerFactory, space } from '@attune/core'
import { samplerSuite } from '@attune/testing'
import { describe, expect, it } from 'vitest'
import { annealing } from './annealing.ts'

samplerSuite('annealing', () => annealing())

const tree = space({
  rate: float(1e-5, 1, { scale: 'log' }),
  layers: int(1, 8),
  optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: { beta: float(0, 1) }, none: {} }),
})

/** Lowest at rate 1e-3, 5 layers and sgd with momentum 0.9. */
function bowl(params: { readonly rate: number; readonly layers: number; readonly optimizer: { readonly type: string; readonly momentum?: number } }): number {
  const branch = params.optimizer.type === 'sgd' ? 4 * ((params.optimizer.momentum ?? 0) - 0.9) ** 2 : params.optimizer.type === 'adam' ? 0.6 : 1
  return (Math.log10(params.rate) + 3) ** 2 + 0.2 * (params.layers - 5) ** 2 + branch
}

async function meanBest(sampler: SamplerFactory, trials: number, seeds: number): Promise<number> {
  let sum = 0
  for (let seed = 0; seed < seeds; seed++) {
    const study = await createStudy({ name: 'bowl', space: tree, sampler, seed })
    await study.optimize((trial) => bowl(trial.params), { trials })
    sum += (study.best.value ?? Number.NaN) / seeds
  }
  return sum
}

describe('annealing', () => {
  it('finds a better point than random search, in a tree, on average', async () => {
    expect(await meanBest(annealing(), 80, 10)).toBeLessThan(0.6 * (await meanBest(random(), 80, 10)))
  })

  it('takes shorter steps as trials accumulate', async () => {
    const study = await createStudy({ name: 'shrink', space: { x: float(0, 1), y: float(0, 1) }, sampler: annealing({ meanRank: 1, shrink: 0.1 }), seed: 2 })
    await study.add({ params: { x: 0.5, y: 0.5 }, value: -1 })
    const distances: number[] = []
    await study.optimize(({ params: { x, y } }) => {
      distances.push(Math.max(Math.abs(x - 0.5), Math.abs(y - 0.5)))
      return 1
    }, { trials: 220 })
    // A step after n trials spans 1 / (1 + n / 10), half of it on either side.
    for (let n = 10; n < distances.length; n++) expect(distances[n]).toBeLessThanOrEqual(0.5 / (1 + 0.1 * n) + 1e-12)
    expect(Math.max(...distances.slice(10, 40))).toBeGreaterThan(0.1)
  })

  it('lends a branch that it turns to the parameters of the best trial there', async () => {
    const study = await createStudy({ name: 'lent', space: { kind: oneOf({ a: { x: float(0, 1) }, b: { y: float(0, 1) } }) }, sampler: annealing({ shrink: 1, meanRank: 1.5 }), seed: 4 })
    for (let i = 0; i < 20; i++) await study.add({ params: { kind: { type: 'a', x: (i + 0.5) / 20 } }, value: 1 + Math.abs(i - 9) })
    await study.add({ params: { kind: { type: 'b', y: 0.77 } }, value: 1.5 })
    const lent: number[] = []
    await study.optimize(({ params: { kind } }) => {
      if (kind.type === 'b') lent.push(kind.y)
      return 30
    }, { more: 150 })
    expect(lent.length).toBeGreaterThan(3)
    for (const y of lent) expect(Math.abs(y - 0.77)).toBeLessThan(0.2)
  })

  it('does not measure a point of a finite space twice while others are left', async () => {
    const study = await createStudy({ name: 'finite', space: { a: int(0, 4), b: choice(['x', 'y', 'z']), c: oneOf({ p: { q: int(0, 1) }, r: {} }) }, sampler: annealing(), seed: 3 })
    const points: string[] = []
    await study.optimize((trial) => {
      points.push(JSON.stringify(trial.flatParams))
      return trial.params.a
    }, { trials: 45 })
    expect(new Set(points).size).toBe(45)
    await study.optimize(() => 0, { more: 5 }) // There is nothing new any more.
    expect(study.trials()).toHaveLength(50)
  })

  it('does not measure a point again whose changed categories were drawn as they were', async () => {
    const study = await createStudy({ name: 'categories', space: { x: float(0, 1), ...Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`c${i}`, choice(['a', 'b'])])) }, sampler: annealing({ changes: 1 }), seed: 2 })
    await study.optimize(({ params: { x } }) => x, { trials: 150 })
    expect(new Set(study.trials().map(({ flatParams }) => JSON.stringify(flatParams))).size).toBe(150)
  })

  it('keeps running trials apart', async () => {
    const distance = async (told: boolean): Promise<number> => {
      const study = await createStudy({ name: 'parallel', space: { x: float(0, 1), y: float(0, 1) }, sampler: annealing(), seed: 3 })
      await study.optimize(({ params: { x, y } }) => (x - 0.3) ** 2 + (y - 0.6) ** 2, { trials: 40 })
      const points: { readonly x: number; readonly y: number }[] = []
      for (let i = 0; i < 12; i++) {
        const trial = await study.ask()
        points.push(trial.params)
        if (!told) await study.fail(trial, new Error('not counted'), 'aborted')
      }
      const nearest = points.map((a, i) => Math.min(...points.filter((_, j) => j !== i).map((b) => Math.hypot(a.x - b.x, a.y - b.y))))
      return nearest.reduce((sum, one) => sum + one, 0) / nearest.length
    }
    expect(await distance(true)).toBeGreaterThan(1.2 * (await distance(false)))
  })

  it('keeps the constraints of the space', async () => {
    const bounded = space({ a: float(0, 1), b: float(0, 1) }, { constraints: [linear({ a: 1, b: 1 }, { atMost: 0.7 }), constraint<{ readonly a: number }>('a is large', ({ a }) => 0.2 - a)] })
    const study = await createStudy({ name: 'bounded', space: bounded, objective: maximize('value'), sampler: annealing(), seed: 1 })
    await study.optimize(({ params: { a, b } }) => a + 2 * b, { trials: 60 })
    expect(study.trials().every(({ flatParams }) => bounded.violation(flatParams) <= 0)).toBe(true)
    expect(study.best.value).toBeGreaterThan(1.05) // of 1.2
  })

  it('stays away from what fails', async () => {
    const study = await createStudy({ name: 'fails', space: { x: float(0, 1) }, sampler: annealing(), seed: 1 })
    let failures = 0
    for (let i = 0; i < 80; i++) {
      const trial = await study.ask()
      const { x } = trial.params
      if (x > 0.6) {
        if (i >= 40) failures++
        await study.fail(trial, new Error('out of memory'))
      } else await study.tell(trial, Math.abs(x - 0.3))
    }
    expect(failures).toBeLessThan(5) // 16 if they were drawn from the prior
    expect(study.best.params.x).toBeCloseTo(0.3, 2)
  })

  it('approaches the Pareto front of two objectives', async () => {
    const study = await createStudy({ name: 'two', space: { x: float(0, 1), y: float(0, 1), z: float(0, 1) }, objective: [minimize('f'), minimize('g')], sampler: annealing(), seed: 2 })
    await study.optimize(({ params: { x, y, z } }) => ({ f: x + y + z, g: 1 - x + y + z }), { trials: 150 })
    const front = study.pareto()
    expect(front.every(({ params: { y, z } }) => y + z < 0.25)).toBe(true)
    expect(front.some(({ params: { x } }) => x < 0.25) && front.some(({ params: { x } }) => x > 0.75)).toBe(true)
  })

  it('says how it came to a suggestion', async () => {
    const study = await createStudy({ name: 'why', space: { x: float(0, 1) }, sampler: annealing({ startupTrials: 2 }), seed: 1 })
    await study.optimize(({ params: { x } }) => x, { trials: 3 })
    await study.ask()
    await study.ask()
    expect([0, 2, 4].map((number) => study.trial(number).suggestion?.explanation?.model)).toEqual(['prior', 'annealing', 'annealing'])
    expect(study.trial(4).suggestion?.explanation?.why).toContain('furthest from the trials that run')
  })

  it('refuses options out of range, and unknown ones', () => {
    for (const bad of [{ startupTrials: 0 }, { meanRank: 0.5 }, { shrink: -1 }, { changes: 0 }, { shrink: Number.NaN }]) {
      expect(() => annealing(bad)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining(Object.keys(bad)[0] as string) }))
    }
    expect(() => annealing({ cooling: 1 } as never)).toThrow(expect.objectContaining({ code: 'OPTION' }))
  })
})
