import { atMost, choice, constraint, createStudy, float, int, linear, maximize, MemoryStorage, minimize, oneOf, ordinal, random, type SamplerFactory, space, systemClock, ThreefryRandom } from '@attune/core'
import { samplerSuite } from '@attune/testing'
import { describe, expect, it } from 'vitest'
import { forest } from './forest.ts'

samplerSuite('forest', () => forest({ trees: 10, draws: 60 }), { trials: 16 })

const quick = { trees: 12, draws: 100, randomShare: 0.1 } as const

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

describe('forest', () => {
  it('finds a better point than random search, in a tree, on average', async () => {
    const ours = await meanBest(forest(quick), 50, 6)
    expect(ours).toBeLessThan(0.5 * (await meanBest(random(), 50, 6)))
    expect(ours).toBeLessThan(0.25)
  })

  it('finds better points of a table of ordinals and categories than random search', async () => {
    const levels = [1, 2, 4, 8, 16, 32, 64, 128]
    const table = { a: ordinal(levels), b: ordinal(levels), c: ordinal(levels), kind: choice(['p', 'q', 'r', 's']), other: choice(['u', 'v', 'w']) }
    const best = async (sampler: SamplerFactory): Promise<number> => {
      let sum = 0
      for (let seed = 0; seed < 5; seed++) {
        const study = await createStudy({ name: 'table', space: table, sampler, seed })
        await study.optimize(({ params: { a, b, c, kind, other } }) => Math.abs(Math.log2(a) - 5) + Math.abs(Math.log2(b) - Math.log2(c) - 2) + { p: 2, q: 0, r: 3, s: 1 }[kind] + (other === 'w' && kind === 'q' ? 0 : 1), { trials: 60 })
        sum += (study.best.value ?? Number.NaN) / 5
      }
      return sum
    }
    expect(await best(forest(quick))).toBeLessThan(0.5 * (await best(random())))
  })

  it('does not measure a point of a finite space twice while others are left', async () => {
    const study = await createStudy({ name: 'finite', space: { a: int(0, 4), b: choice(['x', 'y', 'z']), c: oneOf({ p: { q: int(0, 1) }, r: {} }) }, sampler: forest(quick), seed: 3 })
    const points: string[] = []
    await study.optimize((trial) => {
      points.push(JSON.stringify(trial.flatParams))
      return trial.params.a
    }, { trials: 45 })
    expect(new Set(points).size).toBe(45)
    await study.optimize(() => 0, { more: 3 }) // There is nothing new any more.
    expect(study.trials()).toHaveLength(48)
  })

  it('spreads trials that run at the same time', async () => {
    const distance = async (told: boolean): Promise<number> => {
      const study = await createStudy({ name: 'parallel', space: { x: float(0, 1), y: float(0, 1) }, sampler: forest(quick), seed: 3 })
      await study.optimize(({ params: { x, y } }) => (x - 0.3) ** 2 + (y - 0.6) ** 2, { trials: 20 })
      const points: { readonly x: number; readonly y: number }[] = []
      for (let i = 0; i < 10; i++) {
        const trial = await study.ask()
        points.push(trial.params)
        if (!told) await study.fail(trial, new Error('not counted'), 'aborted')
      }
      const pairs = points.flatMap((a, i) => points.slice(i + 1).map((b) => Math.hypot(a.x - b.x, a.y - b.y)))
      return pairs.reduce((sum, one) => sum + one, 0) / pairs.length
    }
    expect(await distance(true)).toBeGreaterThan(1.1 * (await distance(false)))
  })

  it('keeps the constraints of the space', async () => {
    const bounded = space({ a: float(0, 1), b: float(0, 1) }, { constraints: [linear({ a: 1, b: 1 }, { atMost: 0.7 }), constraint<{ readonly a: number }>('a is large', ({ a }) => 0.2 - a)] })
    let sum = 0
    for (let seed = 0; seed < 3; seed++) {
      const study = await createStudy({ name: 'bounded', space: bounded, objective: maximize('value'), sampler: forest(quick), seed })
      await study.optimize(({ params: { a, b } }) => a + 2 * b, { trials: 50 })
      expect(study.trials().every(({ flatParams }) => bounded.violation(flatParams) <= 0)).toBe(true)
      sum += study.best.value ?? Number.NaN
    }
    expect(sum / 3).toBeGreaterThan(1.08) // of 1.2
  })

  it('avoids what fails, though the best lies beside it', async () => {
    let failures = 0
    for (let seed = 0; seed < 3; seed++) {
      const study = await createStudy({ name: 'fails', space: { x: float(0, 1), kind: choice(['a', 'b', 'c']) }, sampler: forest(quick), seed })
      for (let i = 0; i < 50; i++) {
        const trial = await study.ask()
        const { x, kind } = trial.params
        if (kind === 'c' || x > 0.8) {
          if (i >= 20) failures++
          await study.fail(trial, new Error('out of memory'))
        } else await study.tell(trial, Math.abs(x - 0.75))
      }
      expect(study.best.params.x).toBeCloseTo(0.75, 1)
    }
    expect(failures / 90).toBeLessThan(0.2) // Drawn from the prior nearly a half would fail.
  })

  it('learns an outcome constraint, and where to look while nothing keeps it', async () => {
    const study = await createStudy({ name: 'latency', space: { x: float(0, 1), y: float(0, 1), z: float(0, 1) }, objective: minimize('loss'), constraints: { latency: atMost(0.3) }, sampler: forest(quick), seed: 4 })
    // A corner of one part in 750 of the space keeps it.
    await study.optimize(({ params: { x, y, z } }) => ({ loss: -x, latency: x + y + z + 0.1 }), { trials: 70 })
    const feasible = study.trials().filter(({ violation }) => violation === 0)
    expect(feasible.length).toBeGreaterThan(3)
  })

  it('learns from pruned trials', async () => {
    const study = await createStudy({ name: 'pruned', space: { x: float(0, 1) }, sampler: forest(quick), seed: 1 })
    let late = 0
    for (let i = 0; i < 40; i++) {
      const trial = await study.ask()
      const { x } = trial.params
      if (x > 0.4) {
        if (i >= 20) late++
        await trial.report({ step: 1, value: 0.2 })
        await study.prune(trial)
      } else await study.tell(trial, Math.abs(x - 0.3))
    }
    expect(late).toBeLessThan(6) // 12 if they were drawn from the prior
  })

  it('averages noise out where it is told of it', async () => {
    const regret = async (noisy: boolean): Promise<number> => {
      let sum = 0
      for (let seed = 0; seed < 4; seed++) {
        const noise = new ThreefryRandom(seed).stream(0, 'noise')
        const study = await createStudy({ name: 'noise', space: { x: float(0, 1), y: float(0, 1), kind: choice(['a', 'b', 'c']) }, sampler: forest({ ...quick, noisy }), seed })
        const truths: number[] = []
        await study.optimize(({ params: { x, y, kind } }) => {
          truths.push((x - 0.3) ** 2 + (y - 0.7) ** 2 + (kind === 'b' ? 0 : 0.3))
          return (truths.at(-1) as number) + 0.15 * noise.normal()
        }, { trials: 60 })
        sum += truths.slice(30).reduce((total, one) => total + one / 30, 0) / 4
      }
      return sum
    }
    expect(await regret(true)).toBeLessThan(0.15) // 0.37 if they were drawn from the prior
  })

  it('approaches the Pareto front of two objectives', async () => {
    const study = await createStudy({ name: 'two', space: { x: float(0, 1), y: float(0, 1), z: float(0, 1) }, objective: [minimize('f'), minimize('g')], sampler: forest(quick), seed: 2 })
    await study.optimize(({ params: { x, y, z } }) => ({ f: x + y + z, g: 1 - x + y + z }), { trials: 70 })
    const front = study.pareto().filter(({ params: { y, z } }) => y + z < 0.25)
    expect(front.some(({ params: { x } }) => x < 0.25) && front.some(({ params: { x } }) => x > 0.75)).toBe(true)
  })

  it('grows with a space defined by running', async () => {
    const study = await createStudy({ name: 'running', sampler: forest(quick), seed: 5 })
    await study.optimize((trial) => {
      const kind = trial.choice('kind', ['a', 'b'])
      const x = trial.float('x', -1, 1)
      return (x - 0.5) ** 2 + (kind === 'a' ? trial.float('y', 0, 1) ** 2 : 0.5)
    }, { trials: 40 })
    expect(study.best.value).toBeLessThan(0.1)
  })

  it('is grown from some of very many trials', async () => {
    const study = await createStudy({ name: 'many', space: { x: float(0, 1), n: oneOf({ a: { y: float(0, 1) }, b: {} }) }, sampler: forest(quick), storage: new MemoryStorage(systemClock), seed: 5 })
    for (let i = 0; i < 6000; i++) {
      const x = ((i * 3571) % 6000) / 6000
      await study.add({ params: { x, n: i % 2 === 0 ? { type: 'a', y: 1 - x } : { type: 'b' } }, value: Math.abs(x - 0.4) })
    }
    for (let i = 0; i < 3; i++) expect(Math.abs((await study.ask()).params.x - 0.4)).toBeLessThan(0.1)
  })

  it('lets other work have its turn in many dimensions, though few trials have ended', async () => {
    const study = await createStudy({ name: 'wide', space: Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`x${i}`, float(0, 1)])), sampler: forest(quick), seed: 1 })
    await study.optimize(({ flatParams }) => Number(flatParams['x0']), { trials: 8 })
    let turns = 0
    const timer = setInterval(() => turns++, 0)
    await study.ask()
    clearInterval(timer)
    expect(turns).toBeGreaterThan(2)
  })

  it('says what it expects, in the direction and unit of the objective', async () => {
    const study = await createStudy({ name: 'why', space: { x: float(0, 1) }, objective: maximize('accuracy'), sampler: forest(quick), seed: 1 })
    await study.optimize(({ params: { x } }) => 90 - 10 * Math.abs(x - 0.5), { trials: 30 })
    const { suggestion, value } = study.trial(29)
    expect(study.trial(0).suggestion?.explanation?.model).toBe('prior')
    expect(suggestion?.explanation).toMatchObject({ model: 'random forest', why: 'The largest improvement on the best trial is expected here.' })
    const [predicted] = suggestion?.explanation?.predicted ?? []
    expect(predicted?.metric).toBe('accuracy')
    expect(Math.abs((predicted?.mean ?? Number.NaN) - (value ?? Number.NaN))).toBeLessThan(0.5)
    expect(predicted?.deviation).toBeLessThan(1)
  })

  it('draws a part of its trials from the priors where there are numbers in branches, and none elsewhere', async () => {
    const shareOf = async (sampler: SamplerFactory, space: 'branches' | 'numbers' | 'levels'): Promise<number> => {
      const of = space === 'branches' ? { k: oneOf({ a: { x: float(0, 1) }, b: {} }) } : space === 'numbers' ? { x: float(0, 1) } : { k: oneOf({ a: { x: int(0, 999) }, b: { y: int(0, 999) } }) }
      const study = await createStudy({ name: 'share', space: of, sampler, seed: 1 })
      await study.optimize(({ number }) => (number * 37) % 68, { trials: 68 })
      return study.trials().slice(8).filter(({ suggestion }) => suggestion?.explanation?.model === 'prior').length / 60
    }
    const few = { trees: 4, draws: 20 } as const
    expect(await shareOf(forest(few), 'branches')).toBeGreaterThan(0.08)
    expect(await shareOf(forest(few), 'numbers')).toBe(0)
    expect(await shareOf(forest(few), 'levels')).toBe(0)
    expect(Math.abs((await shareOf(forest({ ...few, randomShare: 0.5 }), 'levels')) - 0.5)).toBeLessThan(0.2)
  })

  it('refuses options out of range, and unknown ones', () => {
    for (const bad of [{ startupTrials: 1 }, { trees: 1 }, { trees: 2.5 }, { draws: 0 }, { noisy: 1 as never }, { randomShare: 1 }, { randomShare: -0.1 }]) {
      expect(() => forest(bad)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining(Object.keys(bad)[0] as string) }))
    }
    expect(() => forest({ nTrees: 10 } as never)).toThrow(expect.objectContaining({ code: 'OPTION' }))
  })

  it('goes on from known points where one in ten thousand keeps the constraints', async () => {
    const names = ['a', 'b', 'c', 'd'] as const
    const tiny = space({ a: float(0, 1), b: float(0, 1), c: float(0, 1), d: float(0, 1) }, { constraints: [constraint<Record<string, number>>('near .6', (params) => Math.max(...names.map((name) => Math.abs((params[name] as number) - 0.6) - 0.05)))] })
    const study = await createStudy({ name: 'tiny', space: tiny, sampler: forest({ randomShare: 0.5 }), seed: 1 })
    for (let i = 0; i < 8; i++) await study.add({ params: { a: 0.6, b: 0.6 + 0.005 * i, c: 0.6, d: 0.6 - 0.004 * i }, value: 0.36 + (0.6 + 0.005 * i) ** 2 })
    await study.optimize(({ params: { a, b } }) => a * a + b * b, { more: 20 })
    expect(study.best.value).toBeLessThan(0.66) // .72 at the start, .605 at best.
  })
})
