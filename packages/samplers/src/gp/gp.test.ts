import { choice, constraint, createStudy, float, int, linear, maximize, oneOf, random, type SamplerFactory, space, type Trial } from '@attune/core'
import { samplerSuite } from '@attune/testing'
import { describe, expect, it } from 'vitest'
import { gp } from './gp.ts'

samplerSuite('gp', () => gp())

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

describe('gp', () => {
  it('finds a far better point than random search, in a tree, on average', async () => {
    const ours = await meanBest(gp(), 40, 4)
    expect(ours).toBeLessThan(0.1 * (await meanBest(random(), 40, 4)))
  })

  it('does not measure a point of a finite space twice while others are left', async () => {
    const study = await createStudy({ name: 'finite', space: { a: int(0, 4), b: choice(['x', 'y', 'z']), c: oneOf({ p: { q: int(0, 1) }, r: {} }) }, sampler: gp(), seed: 3 })
    const points: string[] = []
    await study.optimize((trial) => {
      points.push(JSON.stringify(trial.flatParams))
      return trial.params.a
    }, { trials: 45 })
    expect(new Set(points).size).toBe(45)
    await study.optimize(() => 0, { more: 5 }) // More trials than there are points.
    expect(study.trials()).toHaveLength(50)
  })

  it('keeps the constraints of the space, and finds the best corner that they leave', async () => {
    const bounded = space({ a: float(0, 1), b: float(0, 1) }, { constraints: [linear({ a: 1, b: 1 }, { atMost: 0.7 }), constraint<{ readonly a: number }>('a is large', ({ a }) => 0.2 - a)] })
    let mean = 0
    for (let seed = 0; seed < 10; seed++) {
      const study = await createStudy({ name: 'bounded', space: bounded, objective: maximize('value'), sampler: gp(), seed })
      await study.optimize(({ params: { a, b } }) => a + 2 * b, { trials: 30 })
      expect(study.trials().every(({ flatParams }) => bounded.violation(flatParams) <= 0)).toBe(true)
      mean += (study.best.value ?? Number.NaN) / 10
    }
    expect(mean).toBeGreaterThan(1.19) // of 1.2
  })

  it('grows with a space defined by running', async () => {
    const study = await createStudy({ name: 'running', sampler: gp(), seed: 5 })
    await study.optimize((trial) => {
      const kind = trial.choice('kind', ['a', 'b'])
      const x = trial.float('x', -1, 1)
      return (x - 0.5) ** 2 + (kind === 'a' ? trial.float('y', 0, 1) ** 2 : 0.5)
    }, { trials: 40 })
    expect(study.best.value).toBeLessThan(0.01)
  })

  it.each([
    { name: 'a bowl, which it finds the bottom of', hollows: 0, best: 1e-4, apart: 0 },
    { name: 'a bowl with hollows, where there is more to find out', hollows: 0.02, best: 1e-3, apart: 0.02 },
  ])('spreads trials that run at the same time, and loses little by them: $name', async ({ hollows, best, apart }) => {
    const of = ({ x, y }: { readonly x: number; readonly y: number }): number => (x - 0.3) ** 2 + (y - 0.6) ** 2 + hollows * (2 - Math.cos(25 * (x - 0.3)) - Math.cos(25 * (y - 0.6)))
    const study = await createStudy({ name: 'parallel', space: { x: float(0, 1), y: float(0, 1) }, sampler: gp(), seed: 3 })
    const asked: Trial<{ readonly x: number; readonly y: number }>[] = []
    for (let i = 0; i < 60; i++) {
      asked.push(await study.ask())
      const oldest = asked.length === 12 ? asked.shift() : undefined
      if (oldest !== undefined) await study.tell(oldest, of(oldest.params))
    }
    expect(study.best.value).toBeLessThan(best)
    const points = asked.map(({ params }) => params)
    const nearest = points.map((a) => Math.min(...points.filter((b) => b !== a).map((b) => Math.hypot(a.x - b.x, a.y - b.y))))
    expect(nearest.reduce((sum, one) => sum + one, 0) / nearest.length).toBeGreaterThan(apart)
  })

  it('keeps its answers bounded in time, and good, where there are very many trials', async () => {
    const study = await createStudy({ name: 'many', space: { x: float(0, 1), y: float(0, 1) }, sampler: gp(), seed: 5 })
    const of = ({ x, y }: { readonly x: number; readonly y: number }): number => Math.abs(x - 0.4) + Math.abs(y - 0.7)
    for (let i = 0; i < 1500; i++) {
      const params = { x: ((i * 7919) % 1500) / 1500, y: ((i * 104729) % 1499) / 1499 }
      await study.add({ params, value: of(params) })
    }
    const before = study.best.value
    await study.optimize((trial) => of(trial.params), { more: 8 })
    expect(study.best.value).toBeLessThan(0.5 * before)
  })

  it('takes losses of any magnitude', async () => {
    const points: unknown[] = []
    for (const unit of [1, 2 ** 900, 2 ** -900]) {
      const study = await createStudy({ name: 'magnitude', space: { x: float(0, 1) }, sampler: gp(), seed: 1 })
      await study.optimize(({ params: { x } }) => unit * (x - 0.3) ** 2, { trials: 12 })
      points.push(study.trials().map(({ flatParams }) => flatParams))
    }
    expect(points[1]).toEqual(points[0])
    expect(points[2]).toEqual(points[0])
  })

  it('counts its own trials where a wrapper gives it some of them only', async () => {
    const among: SamplerFactory = {
      ...gp(),
      create: (problem) => {
        const inner = gp().create(problem)
        return { ...inner, observe: (trial) => inner.observe?.(trial), suggest: (context) => inner.suggest({ ...context, turn: context.number, number: 2 * context.number }) }
      },
    }
    const first = async (sampler: SamplerFactory): Promise<unknown> => {
      const study = await createStudy({ name: 'turns', space: { x: float(0, 1) }, sampler, seed: 1 })
      await study.optimize(({ params: { x } }) => x, { trials: 6 })
      return study.trials().map(({ flatParams }) => flatParams)
    }
    expect(await first(among)).toEqual(await first(gp()))
  })

  it('goes on from known points where one in ten thousand keeps the constraints', async () => {
    const names = ['a', 'b', 'c', 'd'] as const
    const tiny = space({ a: float(0, 1), b: float(0, 1), c: float(0, 1), d: float(0, 1) }, { constraints: [constraint<Record<string, number>>('near .6', (params) => Math.max(...names.map((name) => Math.abs((params[name] as number) - 0.6) - 0.05)))] })
    const study = await createStudy({ name: 'tiny', space: tiny, sampler: gp(), seed: 1 })
    for (let i = 0; i < 8; i++) await study.add({ params: { a: 0.6, b: 0.6 + 0.005 * i, c: 0.6, d: 0.6 - 0.004 * i }, value: 0.36 + (0.6 + 0.005 * i) ** 2 })
    await study.optimize(({ params: { a, b } }) => a * a + b * b, { more: 20 })
    expect(study.best.value).toBeLessThan(0.62) // .72 at the start, .605 at best.
  })

  it('is fitted anew at once where the space has gained a parameter', async () => {
    const study = await createStudy({ name: 'extended', space: { x: float(0, 1) }, sampler: gp(), seed: 1 })
    for (let i = 0; i < 120; i++) await study.add({ params: { x: i / 120 }, value: (i / 120 - 0.3) ** 2 })
    const fitted = async (): Promise<unknown> => {
      const trial = await study.ask()
      await study.tell(trial, 1)
      return (study.trial(trial.number).suggestion?.note as { readonly fitted: number } | undefined)?.fitted
    }
    expect([await fitted(), await fitted()]).toEqual([120, 120])
    await study.extendSpace({ x: float(0, 1), y: float(0, 1) }, { values: { y: 0.5 } })
    expect([await fitted(), await fitted()]).toEqual([122, 122])
  })
})
