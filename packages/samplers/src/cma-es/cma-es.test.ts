import { atMost, boolean, choice, constraint, createStudy, float, int, linear, maximize, MemoryStorage, minimize, oneOf, type Params, random, type SamplerFactory, space, type Study, systemClock, type Trial } from '@attune/core'
import { samplerSuite } from '@attune/testing'
import { describe, expect, it } from 'vitest'
import { cmaEs } from './cma-es.ts'

samplerSuite('cmaEs', () => cmaEs())

const ten = space(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`x${i}`, float(-2.048, 2.048)])))
const valuesOf = ({ flatParams }: Trial): readonly number[] => Object.values(flatParams) as number[]
const sphere = (x: readonly number[]): number => x.reduce((sum, one, i) => sum + (one - Math.sin(i)) ** 2, 0)
const rosenbrock = (x: readonly number[]): number => x.slice(1).reduce((sum, one, i) => sum + 100 * (one - x[i]! ** 2) ** 2 + (1 - x[i]!) ** 2, 0)

async function medianBest(of: { readonly space: typeof ten; readonly sampler: SamplerFactory; readonly trials: number; readonly seeds?: number; readonly concurrency?: number }, loss: (trial: Trial) => number): Promise<number> {
  const { sampler, trials, seeds = 7, concurrency = 1 } = of
  const best: number[] = []
  for (let seed = 0; seed < seeds; seed++) {
    const study = await createStudy({ name: 'best', space: of.space, sampler, seed })
    await drive(study, trials, concurrency, loss)
    best.push(study.best.value)
  }
  return best.sort((a, b) => a - b)[seeds >> 1]!
}

/** Keeps so many trials running, and ends them out of order. */
async function drive(study: Study<unknown>, trials: number, concurrency: number, loss: (trial: Trial) => number): Promise<void> {
  const running: Trial[] = []
  for (let ended = 0; ended < trials; ended++) {
    while (running.length < concurrency) running.push(await study.ask())
    const [trial] = running.splice((ended * 7919) % running.length, 1)
    await study.tell(trial!, loss(trial!))
  }
}

describe('cmaEs', () => {
  it('solves a sphere and a valley of ten parameters', async () => {
    // cmaes 0.13.1 from the same start, medians of 20: sphere (±5) 3.8e-6 after 1,000 trials, Rosenbrock 20 after 200 and 7 after 1,000.
    expect(await medianBest({ space: ten, sampler: cmaEs(), trials: 1000 }, (trial) => sphere(valuesOf(trial)))).toBeLessThan(1e-5)
    expect(await medianBest({ space: ten, sampler: cmaEs(), trials: 200 }, (trial) => rosenbrock(valuesOf(trial)))).toBeLessThan(35)
    expect(await medianBest({ space: ten, sampler: random(), trials: 200 }, (trial) => rosenbrock(valuesOf(trial)))).toBeGreaterThan(200)
  })

  it('wastes no trial when more run at once than make a generation', async () => {
    const alone = await medianBest({ space: ten, sampler: cmaEs(), trials: 500 }, (trial) => sphere(valuesOf(trial)))
    const together = await medianBest({ space: ten, sampler: cmaEs(), trials: 500, concurrency: 24 }, (trial) => sphere(valuesOf(trial)))
    expect(alone).toBeLessThan(0.01)
    expect(together).toBeLessThan(0.05) // With late trials ignored: 0.16.
  })

  it('finds integers and categories together with numbers', async () => {
    const mixed = space({ x: float(-5, 5), y: float(-5, 5), n: int(0, 30), m: int(1, 1000, { scale: 'log' }), flag: boolean(), kind: choice(['a', 'b', 'c', 'd', 'e']), fixed: int(3, 3) })
    const loss = ({ flatParams }: Trial): number => {
      const { x, y, n, m, flag, kind } = flatParams as Params<typeof mixed>
      const k = 'abcde'.indexOf(kind)
      return (x - k) ** 2 + (x + y) ** 2 + 0.1 * (n - 27) ** 2 + 4 * (Math.log10(m) - 2) ** 2 + Number(flag) + 2 * Math.abs(k - 2)
    }
    const of = { space: mixed as unknown as typeof ten, trials: 400 }
    expect(await medianBest({ ...of, sampler: cmaEs() }, loss)).toBeLessThan(0.01)
    expect(await medianBest({ ...of, sampler: random() }, loss)).toBeGreaterThan(1)
  })

  it('works in a tree: branches learn from the trials that took them', async () => {
    const tree = space({ rate: float(1e-5, 1, { scale: 'log' }), layers: int(1, 8), optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: { beta: float(0, 1) }, none: {} }) })
    const loss = ({ params }: Trial): number => {
      const { rate, layers, optimizer } = params as Params<typeof tree>
      const branch = optimizer.type === 'sgd' ? 4 * (optimizer.momentum - 0.9) ** 2 : optimizer.type === 'adam' ? 0.6 : 1
      return (Math.log10(rate) + 3) ** 2 + 0.2 * (layers - 5) ** 2 + branch
    }
    const of = { space: tree as unknown as typeof ten, trials: 150 }
    expect(await medianBest({ ...of, sampler: cmaEs() }, loss)).toBeLessThan(0.02)
    expect(await medianBest({ ...of, sampler: random() }, loss)).toBeGreaterThan(0.05)
  })

  it('keeps the constraints of the space', async () => {
    const bounded = space({ a: float(0, 1), b: float(0, 1) }, { constraints: [linear({ a: 1, b: 1 }, { atMost: 0.7 }), constraint<{ readonly a: number }>('a is large', ({ a }) => 0.2 - a)] })
    const study = await createStudy({ name: 'bounded', space: bounded, objective: maximize('value'), sampler: cmaEs(), seed: 1 })
    await study.optimize(({ params: { a, b } }) => a + 2 * b, { trials: 100 })
    expect(study.trials().every(({ flatParams }) => bounded.violation(flatParams) <= 0)).toBe(true)
    expect(study.best.value).toBeGreaterThan(1.15) // of 1.2
  })

  it('ranks pruned, infeasible and failed trials last', async () => {
    const study = await createStudy({ name: 'fails', space: { x: float(0, 1), y: float(0, 1) }, sampler: cmaEs(), constraints: { memory: atMost(1) }, seed: 1 })
    let bad = 0
    for (let i = 0; i < 150; i++) {
      const trial = await study.ask()
      const { x, y } = trial.params
      if (i >= 90 && (x > 0.55 || y > 0.55)) bad++
      // What is lowest is beyond what works.
      if (x > 0.6) await study.fail(trial, new Error('out of memory'))
      else if (y > 0.6) await study.tell(trial, { value: -10, memory: 1 + y })
      else if (x > 0.55 || y > 0.55) {
        await trial.report({ step: 1, value: -5, memory: 0 })
        await study.prune(trial)
      } else await study.tell(trial, { value: (x - 0.5) ** 2 + (y - 0.5) ** 2, memory: 0 })
    }
    expect(bad).toBeLessThan(6)
    expect(study.best.value).toBeLessThan(1e-4)
  })

  it('does not measure a point of a finite space twice while others are left', async () => {
    const study = await createStudy({ name: 'finite', space: { a: int(0, 4), b: choice(['x', 'y', 'z']), c: oneOf({ p: { q: int(0, 1) }, r: {} }) }, sampler: cmaEs(), seed: 3 })
    const points: string[] = []
    await study.optimize((trial) => {
      points.push(JSON.stringify(trial.flatParams))
      return trial.params.a
    }, { trials: 45, concurrency: 3 })
    expect(new Set(points).size).toBe(45)
    await study.optimize(() => 0, { more: 5 }) // There is nothing new any more.
    expect(study.trials()).toHaveLength(50)
  })

  describe('begins', () => {
    const plane = space({ x: float(0, 1), y: float(0, 1), kind: choice(['a', 'b']) })
    const firstAfter = async (results: readonly (readonly [x: number, y: number])[], sampler: SamplerFactory): Promise<readonly { readonly x: number; readonly y: number; readonly kind: string }[]> => {
      const study = await createStudy({ name: 'warm', space: plane, sampler, seed: 4 })
      for (const [x, y] of results) await study.add({ params: { x, y, kind: y > 0.5 ? 'b' : 'a' }, value: Math.hypot(x - 0.1, y - 0.9) })
      const points = []
      for (let i = 0; i < 30; i++) points.push((await study.ask()).params)
      return points
    }
    const mean = (points: readonly { readonly x: number; readonly y: number }[]): readonly number[] => [points.reduce((sum, { x }) => sum + x / points.length, 0), points.reduce((sum, { y }) => sum + y / points.length, 0)]
    const grid = Array.from({ length: 100 }, (_, i): readonly [number, number] => [((i % 10) + 0.5) / 10, (Math.floor(i / 10) + 0.5) / 10])

    it('around the best results of others, where there are some', async () => {
      const points = await firstAfter(grid, cmaEs())
      const [x = 0, y = 0] = mean(points)
      expect(Math.abs(x - 0.15)).toBeLessThan(0.08)
      expect(Math.abs(y - 0.85)).toBeLessThan(0.08)
      expect(points.filter(({ kind }) => kind === 'b').length).toBeGreaterThan(20)
    })

    it('at the best of very few results, as wide as without them', async () => {
      const [x = 0, y = 0] = mean(await firstAfter([[0.3, 0.7], [0.9, 0.1]], cmaEs()))
      expect(Math.abs(x - 0.35)).toBeLessThan(0.1) // A little inwards: draws beyond the bounds are drawn again.
      expect(Math.abs(y - 0.65)).toBeLessThan(0.1)
    })

    it('in the middle without results, or if told so', async () => {
      for (const points of [await firstAfter([], cmaEs()), await firstAfter(grid, cmaEs({ warmStart: false }))]) {
        const [x = 0, y = 0] = mean(points)
        expect(Math.abs(x - 0.5)).toBeLessThan(0.1)
        expect(Math.abs(y - 0.5)).toBeLessThan(0.1)
      }
    })
  })

  it('learns from a result of others that is better than its own', async () => {
    const after = async (added: boolean): Promise<number> => {
      const study = await createStudy({ name: 'inject', space: ten, sampler: cmaEs({ warmStart: false }), seed: 2 })
      let sum = 0
      for (let i = 0; i < 60; i++) {
        if (added && i % 10 === 5) await study.add({ params: Object.fromEntries(Array.from({ length: 10 }, (_, j) => [`x${j}`, Math.sin(j) + i / 1e5])), value: i / 1e9 })
        await drive(study, 1, 1, (trial) => {
          const loss = sphere(valuesOf(trial))
          if (i >= 40) sum += loss
          return loss
        })
      }
      return sum / 20
    }
    expect(await after(true)).toBeLessThan(0.8 * (await after(false)))
  })

  describe('when a run has converged', () => {
    const valleys = (x: readonly number[]): number => x.reduce((sum, one) => sum + (one * 2.5) ** 2 + 10 * (1 - Math.cos(2 * Math.PI * one * 2.5)), 0)
    const two = space({ x: float(-2, 2), y: float(-2, 2) })

    it('goes on from another place, and gets out of valleys', async () => {
      const best = async (restarts: 'ipop' | 'bipop' | 'none'): Promise<number> => {
        let sum = 0
        for (const seed of [1, 2, 3]) {
          const study = await createStudy({ name: 'again', space: two, sampler: cmaEs({ restarts }), seed })
          await study.optimize(({ params: { x, y } }) => valleys([x, y]), { trials: 2700 })
          sum += study.best.value
        }
        return sum
      }
      const once = await best('none')
      expect(once).toBeGreaterThan(3)
      expect(await best('ipop')).toBeLessThan(0.01)
      expect(await best('bipop')).toBeLessThan(0.5 * once)
    })

    it('but not because all losses are tiny', async () => {
      const study = await createStudy({ name: 'tiny', space: { x: float(0, 1), y: float(0, 1) }, sampler: cmaEs({ restarts: 'none' }), seed: 1 })
      await study.optimize(({ params: { x, y } }) => 1e-15 * ((x - 0.3) ** 2 + (y - 0.6) ** 2), { trials: 300 })
      expect(study.counts.complete).toBe(300)
      expect(study.best.value).toBeLessThan(1e-25)
    })

    it('or ends the study', async () => {
      const study = await createStudy({ name: 'once', space: two, sampler: cmaEs({ restarts: 'none' }), seed: 5 })
      const { reason } = await study.optimize(({ params: { x, y } }) => valleys([x, y]), { trials: 4000 })
      expect(reason).toContain('CMA-ES has converged: the losses of the last generations do not differ')
      expect(study.summary.counts.complete).toBeLessThan(1500)
    })
  })

  it('answers a history the same, whoever loads it, when trials of earlier generations have ended', async () => {
    const next = async (reopen: boolean): Promise<unknown> => {
      const options = { name: 'shared', space: { x: float(0, 1), n: int(0, 20), kind: choice(['a', 'b', 'c']) }, storage: new MemoryStorage(systemClock), seed: 3, ifExists: 'resume' } as const
      const study = await createStudy({ ...options, sampler: cmaEs() })
      const running = []
      for (let i = 0; i < 70; i++) {
        running.push(await study.ask())
        if (running.length < 12) continue
        const [trial] = running.splice((i * 31) % running.length, 1)
        const { x, n, kind } = trial!.params
        if (i % 9 === 4) await study.fail(trial!, 'broken')
        else await study.tell(trial!, (x - 0.2) ** 2 + (n - 17) ** 2 / 100 + Number(kind === 'b'))
      }
      const again = reopen ? await createStudy({ ...options, sampler: cmaEs() }) : study
      const { number } = await again.ask()
      const { flatParams, suggestion } = again.trial(number)
      return { number, flatParams, note: suggestion?.note }
    }
    const expected = await next(false)
    expect(expected).toMatchObject({ number: 70, note: { generation: 8 } })
    expect(await next(true)).toEqual(expected)
  })

  it('says how it came to a suggestion', async () => {
    const study = await createStudy({ name: 'why', space: { x: float(0, 1) }, sampler: cmaEs({ population: 4 }), seed: 1 })
    await study.optimize(({ params: { x } }) => x, { trials: 9 })
    expect([0, 1, 8].map((number) => study.trial(number).suggestion?.explanation)).toMatchObject([
      { model: 'CMA-ES', why: expect.stringContaining('middle of the priors') },
      { model: 'CMA-ES', why: expect.stringContaining('better half of each generation') },
      { model: 'CMA-ES', why: expect.stringContaining('better half of each generation') },
    ])
    expect(study.trial(8).suggestion?.note).toEqual({ generation: 2 })
  })

  it('refuses options out of range, unknown ones, and several objectives', async () => {
    for (const bad of [{ population: 3 }, { population: 4.5 }, { initialDeviation: 0 }, { initialDeviation: 1.1 }, { initialDeviation: Number.NaN }, { initialDeviation: '0.2' as never }, { restarts: 'often' as never }, { warmStart: 1 as never }]) {
      expect(() => cmaEs(bad)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining(Object.keys(bad)[0] as string) }))
    }
    expect(() => cmaEs({ sigma: 1 } as never)).toThrow(expect.objectContaining({ code: 'OPTION' }))
    await expect(createStudy({ name: 'two', space: { x: float(0, 1) }, objective: [minimize('a'), minimize('b')], sampler: cmaEs() })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})
