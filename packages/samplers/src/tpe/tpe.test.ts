import { choice, constraint, createStudy, float, int, linear, maximize, MemoryStorage, minimize, oneOf, random, repeat, type SamplerFactory, space, systemClock } from '@attune/core'
import { samplerSuite } from '@attune/testing'
import { describe, expect, it } from 'vitest'
import { tpe } from './tpe.ts'

samplerSuite('tpe', () => tpe())
samplerSuite('tpe, univariate', () => tpe({ multivariate: false }), { trials: 12 })

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

describe('tpe', () => {
  it('finds a better point than random search, in a tree, on average', async () => {
    const ours = await meanBest(tpe(), 60, 8)
    expect(ours).toBeLessThan(0.5 * (await meanBest(random(), 60, 8)))
    expect(ours).toBeLessThan(0.25)
  })

  it('does not measure a point of a finite space twice while others are left', async () => {
    const study = await createStudy({ name: 'finite', space: { a: int(0, 4), b: choice(['x', 'y', 'z']), c: oneOf({ p: { q: int(0, 1) }, r: {} }) }, sampler: tpe(), seed: 3 })
    const points: string[] = []
    await study.optimize((trial) => {
      points.push(JSON.stringify(trial.flatParams))
      return trial.params.a
    }, { trials: 30 })
    expect(new Set(points).size).toBe(30)
    await study.optimize(() => 0, { more: 40 }) // More trials than there are points.
    expect(study.trials()).toHaveLength(70)
  })

  it('tries every point of a finite space, even if all trials fail', async () => {
    const study = await createStudy({ name: 'broken', space: { a: int(0, 2), b: choice(['x', 'y', 'z']) }, sampler: tpe(), seed: 3 })
    for (let i = 0; i < 9; i++) await study.fail(await study.ask(), 'broken')
    expect(new Set(study.trials().map(({ flatParams }) => JSON.stringify(flatParams))).size).toBe(9)
  })

  it('spreads trials that run at the same time', async () => {
    const distance = async (told: boolean): Promise<number> => {
      let sum = 0
      for (let seed = 0; seed < 10; seed++) {
        const study = await createStudy({ name: 'parallel', space: { x: float(0, 1), y: float(0, 1) }, sampler: tpe(), seed })
        await study.optimize(({ params: { x, y } }) => (x - 0.3) ** 2 + (y - 0.6) ** 2, { trials: 40 })
        const points: { readonly x: number; readonly y: number }[] = []
        for (let i = 0; i < 12; i++) {
          const trial = await study.ask()
          points.push(trial.params)
          if (!told) await study.fail(trial, new Error('not counted'), 'aborted')
        }
        const pairs = points.flatMap((a, i) => points.slice(i + 1).map((b) => Math.hypot(a.x - b.x, a.y - b.y)))
        sum += pairs.reduce((total, one) => total + one, 0) / pairs.length / 10
      }
      return sum
    }
    expect(await distance(true)).toBeGreaterThan(1.4 * (await distance(false)))
  })

  it('keeps the constraints of the space', async () => {
    const bounded = space({ a: float(0, 1), b: float(0, 1) }, { constraints: [linear({ a: 1, b: 1 }, { atMost: 0.7 }), constraint<{ readonly a: number }>('a is large', ({ a }) => 0.2 - a)] })
    const study = await createStudy({ name: 'bounded', space: bounded, objective: maximize('value'), sampler: tpe(), seed: 1 })
    await study.optimize(({ params: { a, b } }) => a + 2 * b, { trials: 60 })
    expect(study.trials().every(({ flatParams }) => bounded.violation(flatParams) <= 0)).toBe(true)
    expect(study.best.value).toBeGreaterThan(1.05) // of 1.2
  })

  it('learns from pruned trials and avoids what fails', async () => {
    const study = await createStudy({ name: 'fails', space: { x: float(0, 1) }, sampler: tpe(), seed: 1 })
    let failures = 0
    for (let i = 0; i < 80; i++) {
      const trial = await study.ask()
      const { x } = trial.params
      if (x > 0.6) {
        if (i >= 40) failures++
        await study.fail(trial, new Error('out of memory'))
      } else if (x < 0.15) {
        await trial.report({ step: 1, value: 0.5 - x })
        await study.prune(trial)
      } else await study.tell(trial, Math.abs(x - 0.3))
    }
    expect(failures).toBeLessThan(8) // 16 if they were drawn from the prior
    expect(study.best.params.x).toBeCloseTo(0.3, 2)
  })

  it('approaches the Pareto front of two objectives', async () => {
    const hypervolume = async (sampler: SamplerFactory): Promise<number> => {
      let total = 0
      for (let seed = 0; seed < 4; seed++) {
        const study = await createStudy({ name: 'two', space: { x: float(0, 1), y: float(0, 1), z: float(0, 1) }, objective: [minimize('f'), minimize('g')], sampler, seed })
        // ZDT1 in three variables: the front is y = z = 0.
        await study.optimize(({ params: { x, y, z } }) => {
          const g = 1 + 4.5 * (y + z)
          return { f: x, g: g * (1 - Math.sqrt(x / g)) }
        }, { trials: 100 })
        const front = study.pareto().map(({ metrics }) => [metrics['f'] as number, metrics['g'] as number] as const).sort((a, b) => a[0] - b[0])
        let right = 1.1
        for (const [f, g] of front.toReversed()) {
          if (f < right && g < 3) total += (right - f) * (3 - g)
          right = Math.min(right, f)
        }
      }
      return total / 4
    }
    expect(await hypervolume(tpe())).toBeGreaterThan(1.15 * (await hypervolume(random())))
  })

  it('chooses among a longer front than it compares', async () => {
    const study = await createStudy({ name: 'front', space: { x: float(0, 1), y: float(0, 1) }, objective: [minimize('f'), minimize('g')], sampler: tpe({ mostGood: 500, goodFraction: 0.9 }), seed: 2 })
    for (let i = 0; i < 600; i++) await study.add({ params: { x: i / 600, y: ((i * 7) % 600) / 600 }, metrics: { f: i / 600, g: 1 - i / 600 } })
    expect(study.pareto()).toHaveLength(600) // more than the good ones, and more than are compared
    await study.ask()
    expect(study.trial(600).suggestion?.explanation?.why).toContain('drawn around the 500 trials nearest to the Pareto front')
  })

  it('grows with a space defined by running', async () => {
    const study = await createStudy({ name: 'running', sampler: tpe(), seed: 5 })
    await study.optimize((trial) => {
      const kind = trial.choice('kind', ['a', 'b'])
      const x = trial.float('x', -1, 1)
      return (x - 0.5) ** 2 + (kind === 'a' ? trial.float('y', 0, 1) ** 2 : 0.5)
    }, { trials: 60 })
    expect(study.best.value).toBeLessThan(0.1)
  })

  it('represents very many bad trials by some, in the same time', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ name: 'many', space: { x: float(0, 1), n: repeat({ y: float(0, 1) }, { min: 1, max: 3 }) }, sampler: tpe(), storage, seed: 5 })
    for (let i = 0; i < 3000; i++) {
      const x = ((i * 7919) % 3000) / 3000
      await study.add({ params: { x, n: [{ y: 1 - x }] }, value: Math.abs(x - 0.4) })
    }
    const trials = []
    for (let i = 0; i < 5; i++) trials.push(await study.ask())
    expect(trials.every(({ params }) => Math.abs(params.x - 0.4) < 0.3)).toBe(true)
  })

  it('learns what goes well together, unless each parameter has a density of its own', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `x${i}`)
    const best = async (sampler: SamplerFactory): Promise<number> => {
      let sum = 0
      for (let seed = 0; seed < 6; seed++) {
        const study = await createStudy({ name: 'valley', space: Object.fromEntries(names.map((name) => [name, float(0, 1)])), sampler, seed })
        await study.optimize(({ params }) => names.reduce((total, name, i) => total + ((params[name] as number) - (params[names[(i + 5) % 12] as string] as number) / 2 - 0.2) ** 2, 0), { trials: 100 })
        sum += (study.best.value ?? NaN) / 6
      }
      return sum
    }
    const univariate = await best(tpe({ multivariate: false }))
    expect(await best(tpe())).toBeLessThan(0.7 * univariate)
    expect(univariate).toBeLessThan(0.85 * (await best(random())))
  })

  it('says why it suggests what it does', async () => {
    const study = await createStudy({ name: 'why', space: { x: float(0, 1), y: float(0, 1) }, sampler: tpe(), seed: 1 })
    await study.optimize(({ params: { x, y } }) => x + y, { trials: 30 })
    expect(study.trial(2).suggestion?.explanation).toEqual({ model: 'prior', why: 'Drawn from the priors: there are too few results for a model.' })
    const { model, why } = study.trial(29).suggestion?.explanation ?? {}
    expect(model).toBe('tree-structured Parzen estimator')
    expect(why).toMatch(/^Of points drawn around the 4 best trials the most promising, [\d.]+ times as dense in those as in the other 25\.$/)
  })

  it('says so, and takes what is left, when all that it would propose has been tried', async () => {
    const warnings: string[] = []
    const study = await createStudy({ name: 'few', space: { a: int(0, 5), b: int(0, 5) }, sampler: tpe(), seed: 3 })
    study.on((event) => {
      if (event.type === 'warning') warnings.push(event.message)
    })
    const points = new Set<string>()
    await study.optimize((trial) => {
      points.add(JSON.stringify(trial.flatParams))
      return trial.params.a + trial.params.b
    }, { trials: 60 })
    expect(points.size).toBe(36)
    expect(warnings).toEqual([expect.stringContaining('draws from the priors instead')])
  })

  it('refuses options that it does not have', () => {
    expect(() => tpe({ nStartupTrials: 10 } as never)).toThrow(expect.objectContaining({ code: 'OPTION', message: 'tpe() has no option "nStartupTrials". Its options are: startupTrials, candidates, passes, multivariate, goodFraction, mostGood, priorWeight.' }))
  })

  it('refuses options out of range, by name', () => {
    for (const bad of [{ startupTrials: 1 }, { startupTrials: 2.5 }, { candidates: 0 }, { passes: -1 }, { passes: 0.5 }, { multivariate: 1 as never }, { goodFraction: 0 }, { goodFraction: 1 }, { mostGood: 0 }, { priorWeight: 0 }, { priorWeight: Number.NaN }, { goodFraction: '0.1' as never }, { priorWeight: '1' as never }]) {
      expect(() => tpe(bad)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining(Object.keys(bad)[0] as string) }))
    }
  })
})
