import { atMost, choice, constraint, createStudy, float, int, linear, maximize, MemoryStorage, minimize, oneOf, random, type SamplerFactory, type Space, space, systemClock, type Trial } from '@attune/core'
import { samplerSuite } from '@attune/testing'
import { describe, expect, it } from 'vitest'
import { differentialEvolution } from './differential-evolution.ts'

samplerSuite('differentialEvolution', () => differentialEvolution())

async function medianBest(of: { readonly space: Space<unknown>; readonly sampler: SamplerFactory; readonly trials: number; readonly concurrency?: number }, loss: (params: Readonly<Record<string, number | string>>) => number): Promise<number> {
  const best: number[] = []
  for (let seed = 0; seed < 7; seed++) {
    const study = await createStudy({ name: 'best', space: of.space, sampler: of.sampler, seed })
    const running: Trial<unknown>[] = []
    for (let ended = 0; ended < of.trials; ended++) {
      while (running.length < (of.concurrency ?? 1)) running.push(await study.ask())
      const [trial] = running.splice((ended * 7919) % running.length, 1)
      await study.tell(trial!, loss(trial!.flatParams as Readonly<Record<string, number | string>>))
    }
    best.push(study.best.value)
  }
  return best.sort((a, b) => a - b)[3]!
}

const ten: Space<unknown> = space(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`x${i}`, float(-5, 5)])))
const sphere = (params: Readonly<Record<string, number | string>>): number => Object.values(params).reduce((sum: number, one, i) => sum + (Number(one) - Math.sin(i)) ** 2, 0)

describe('differentialEvolution', () => {
  it('descends where random search does not, in every variant', async () => {
    const of = { space: ten, trials: 300 }
    expect(await medianBest({ ...of, sampler: random() }, sphere)).toBeGreaterThan(15)
    expect(await medianBest({ ...of, sampler: differentialEvolution() }, sphere)).toBeLessThan(1)
    expect(await medianBest({ ...of, sampler: differentialEvolution({ scale: 0.7, crossover: 0.5 }) }, sphere)).toBeLessThan(2)
    expect(await medianBest({ ...of, sampler: differentialEvolution({ mutation: 'rand' }) }, sphere)).toBeLessThan(6)
  })

  it('is as good with sixteen trials at once as with one', async () => {
    const of = { space: ten, trials: 500, sampler: differentialEvolution() }
    expect(await medianBest({ ...of, concurrency: 16 }, sphere)).toBeLessThan(0.3) // 12 by random search
  })

  it('crosses categories, moves integers, and finds values again that were lost', async () => {
    const mixed: Space<unknown> = space({ x: float(-5, 5), n: int(0, 30), m: int(0, 3), ...Object.fromEntries([0, 1, 2, 3].map((i) => [`c${i}`, choice(['a', 'b', 'c', 'd', 'e'])])) })
    const loss = (params: Readonly<Record<string, number | string>>): number => [0, 1, 2, 3].reduce((sum, i) => sum + Math.abs('abcde'.indexOf(String(params[`c${i}`])) - i), (Number(params['x']) - 1) ** 2 + 0.1 * (Number(params['n']) - 27) ** 2 + Number(params['m'] !== 2))
    const of = { space: mixed, trials: 400 }
    expect(await medianBest({ ...of, sampler: differentialEvolution() }, loss)).toBeLessThan(0.02)
    expect(await medianBest({ ...of, sampler: random() }, loss)).toBeGreaterThan(2)
  })

  it('works in a tree', async () => {
    const tree: Space<unknown> = space({ rate: float(1e-5, 1, { scale: 'log' }), layers: int(1, 8), optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: { beta: float(0, 1) }, none: {} }) })
    const loss = (params: Readonly<Record<string, number | string>>): number => {
      const kind = params['optimizer.type']
      const branch = kind === 'sgd' ? 4 * (Number(params['optimizer.sgd.momentum']) - 0.9) ** 2 : kind === 'adam' ? 0.6 : 1
      return (Math.log10(Number(params['rate'])) + 3) ** 2 + 0.2 * (Number(params['layers']) - 5) ** 2 + branch
    }
    expect(await medianBest({ space: tree, trials: 200, sampler: differentialEvolution() }, loss)).toBeLessThan(0.02)
    expect(await medianBest({ space: tree, trials: 200, sampler: random() }, loss)).toBeGreaterThan(0.04)
  })

  it('spreads its first trials evenly over each prior', async () => {
    const study = await createStudy({ name: 'start', space: { x: float(0, 1), y: float(1e-3, 1, { scale: 'log' }) }, sampler: differentialEvolution({ population: 8 }), seed: 2 })
    for (let i = 0; i < 8; i++) await study.ask()
    for (const dimension of study.space.dimensions) {
      const cells = study.trials().map(({ flatParams }) => Math.floor(8 * dimension.encode(flatParams[dimension.path]!)))
      expect(cells.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    }
  })

  it('replaces a point only by one that is not worse, by feasibility first', async () => {
    const study = await createStudy({ name: 'deb', space: { x: float(0, 1), y: float(0, 1) }, sampler: differentialEvolution({ population: 6 }), constraints: { memory: atMost(1) }, seed: 1 })
    let late = 0
    for (let i = 0; i < 120; i++) {
      const trial = await study.ask()
      const { x, y } = trial.params
      if (i >= 80 && x > 0.5) late++
      if (y > 0.8) await study.fail(trial, new Error('broken'))
      else await study.tell(trial, { value: -x + y, memory: x > 0.5 ? 2 + x : 0 }) // Lower where it is infeasible.
    }
    expect(study.best.value).toBeLessThan(-0.48)
    expect(study.best.value).toBeGreaterThanOrEqual(-0.5)
    expect(late).toBeLessThan(30)
  })

  it('takes turns: each point is tried to be replaced equally often, counting the trials that run', async () => {
    const study = await createStudy({ name: 'turns', space: { x: float(0, 1), y: float(0, 1) }, sampler: differentialEvolution({ population: 5 }), seed: 1 })
    await study.optimize(({ params: { x } }) => x, { trials: 8 })
    for (let i = 0; i < 7; i++) await study.ask()
    const targets = study.trials().slice(5).map(({ suggestion }) => (suggestion!.note as { readonly target: number }).target)
    expect(targets).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
  })

  it('takes results of others into its population', async () => {
    const study = await createStudy({ name: 'others', space: { x: float(0, 1), y: float(0, 1) }, sampler: differentialEvolution({ population: 5 }), seed: 1 })
    for (let i = 0; i < 40; i++) await study.add({ params: { x: (i + 0.5) / 40, y: ((i * 7) % 40) / 40 }, value: Math.abs((i + 0.5) / 40 - 0.8) })
    for (let i = 0; i < 10; i++) expect(Math.abs((await study.ask()).params.x - 0.8)).toBeLessThan(0.25)
  })

  it('keeps the constraints of the space', async () => {
    const bounded = space({ a: float(0, 1), b: float(0, 1) }, { constraints: [linear({ a: 1, b: 1 }, { atMost: 0.7 }), constraint<{ readonly a: number }>('a is large', ({ a }) => 0.2 - a)] })
    const study = await createStudy({ name: 'bounded', space: bounded, objective: maximize('value'), sampler: differentialEvolution(), seed: 1 })
    await study.optimize(({ params: { a, b } }) => a + 2 * b, { trials: 120 })
    expect(study.trials().every(({ flatParams }) => bounded.violation(flatParams) <= 0)).toBe(true)
    expect(study.best.value).toBeGreaterThan(1.1) // of 1.2
  })

  it('does not measure a point of a finite space twice while others are left', async () => {
    const study = await createStudy({ name: 'finite', space: { a: int(0, 4), b: choice(['x', 'y', 'z']), c: oneOf({ p: { q: int(0, 1) }, r: {} }) }, sampler: differentialEvolution(), seed: 3 })
    const points: string[] = []
    await study.optimize((trial) => {
      points.push(JSON.stringify(trial.flatParams))
      return trial.params.a
    }, { trials: 45, concurrency: 3 })
    expect(new Set(points).size).toBe(45)
    await study.optimize(() => 0, { more: 5 }) // There is nothing new any more.
    expect(study.trials()).toHaveLength(50)
  })

  it('repeats no point either where the population has converged', async () => {
    for (const mutation of ['current-to-best', 'rand'] as const) {
      const study = await createStudy({ name: 'converged', space: { x: float(0.001, 1, { scale: 'log' }) }, sampler: differentialEvolution({ mutation }), seed: 1 })
      await study.optimize(({ params: { x } }) => (x - 0.4) ** 2, { trials: 800 })
      expect(new Set(study.trials().map(({ params: { x } }) => x)).size).toBe(800)
    }
  })

  it('does not warn because first points fall together in a small space', async () => {
    const study = await createStudy({ name: 'small', space: { a: int(0, 3), b: int(0, 2) }, sampler: differentialEvolution(), seed: 3 })
    const warnings: string[] = []
    study.on((event) => {
      if (event.type === 'warning') warnings.push(event.message)
    })
    await study.optimize(({ params: { a, b } }) => a + b, { trials: 10 })
    expect(new Set(study.trials().map(({ flatParams }) => JSON.stringify(flatParams))).size).toBe(10)
    expect(warnings).toEqual([])
    await study.optimize(({ params: { a, b } }) => a + b, { more: 4 })
    expect(warnings).toEqual([expect.stringContaining('random points where all that it breeds was tried before')])
  })

  it('answers a history the same, whoever loads it, when trials ended out of order', async () => {
    const next = async (reopen: boolean): Promise<unknown> => {
      const options = { name: 'shared', space: { x: float(0, 1), n: int(0, 20), kind: choice(['a', 'b', 'c']) }, storage: new MemoryStorage(systemClock), seed: 3, ifExists: 'resume' } as const
      const study = await createStudy({ ...options, sampler: differentialEvolution() })
      const running = []
      for (let i = 0; i < 70; i++) {
        running.push(await study.ask())
        if (running.length < 12) continue
        const [trial] = running.splice((i * 31) % running.length, 1)
        const { x, n, kind } = trial!.params
        if (i % 9 === 4) await study.fail(trial!, 'broken')
        else await study.tell(trial!, (x - 0.2) ** 2 + (n - 17) ** 2 / 100 + Number(kind === 'b'))
      }
      const again = reopen ? await createStudy({ ...options, sampler: differentialEvolution() }) : study
      const { number } = await again.ask()
      const { flatParams, suggestion } = again.trial(number)
      return { number, flatParams, note: suggestion?.note }
    }
    const expected = await next(false)
    expect(expected).toMatchObject({ number: 70, note: { target: expect.any(Number) } })
    expect(await next(true)).toEqual(expected)
  })

  it('says how it came to a suggestion', async () => {
    const study = await createStudy({ name: 'why', space: { x: float(0, 1) }, sampler: differentialEvolution({ population: 4 }), seed: 1 })
    await study.optimize(({ params: { x } }) => x, { trials: 6 })
    expect([0, 5].map((number) => study.trial(number).suggestion?.explanation?.model)).toEqual(['prior', 'differential evolution'])
  })

  it('refuses options out of range, unknown ones, and several objectives', async () => {
    for (const bad of [{ population: 3 }, { population: 4.5 }, { mutation: 'best' as never }, { scale: 0 }, { scale: 2.1 }, { crossover: -0.1 }, { crossover: 1.1 }, { scale: Number.NaN }, { scale: '0.5' as never }, { crossover: null as never }]) {
      expect(() => differentialEvolution(bad)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining(Object.keys(bad)[0] as string) }))
    }
    expect(() => differentialEvolution({ F: 1 } as never)).toThrow(expect.objectContaining({ code: 'OPTION' }))
    await expect(createStudy({ name: 'two', space: { x: float(0, 1) }, objective: [minimize('a'), minimize('b')], sampler: differentialEvolution() })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})
