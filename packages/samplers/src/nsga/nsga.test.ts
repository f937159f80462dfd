import { atMost, boolean, choice, createStudy, float, int, linear, maximize, MemoryStorage, minimize, oneOf, random, type SamplerFactory, space, systemClock } from '@attune/core'
import { samplerSuite } from '@attune/testing'
import { describe, expect, it } from 'vitest'
import { hypervolume } from '../hypervolume/hypervolume.ts'
import { crossovers } from './crossover.ts'
import { nsgaII, nsgaIII } from './nsga.ts'

samplerSuite('nsgaII', () => nsgaII())
samplerSuite('nsgaIII', () => nsgaIII())

const both = [['nsgaII', nsgaII], ['nsgaIII', nsgaIII]] as const
const box = space(Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`x${i}`, float(0, 1)])))

/** ZDT1 (Zitzler, Deb & Thiele 2000) in six dimensions. */
function zdt1(x: readonly number[]): readonly [number, number] {
  const [first = 0, ...rest] = x
  const g = 1 + (9 * rest.reduce((sum, one) => sum + one, 0)) / rest.length
  return [first, g * (1 - Math.sqrt(first / g))]
}

async function meanVolume(sampler: SamplerFactory, signs: readonly (1 | -1)[] = [1, 1]): Promise<number> {
  let sum = 0
  const objective = signs.map((sign, i) => (sign === 1 ? minimize : maximize)(`m${i}`))
  for (let seed = 0; seed < 5; seed++) {
    const study = await createStudy({ name: 'zdt1', space: box, objective, sampler, seed })
    const losses: (readonly number[])[] = []
    await study.optimize(({ flatParams }) => {
      const values = zdt1(Object.values(flatParams).map(Number))
      losses.push(values)
      return Object.fromEntries(values.map((value, i) => [`m${i}`, value * (signs[i] as number)]))
    }, { trials: 100 })
    sum += hypervolume(losses, [1.1, 6]) / 5
  }
  return sum
}

describe.each(both)('%s', (name, make) => {
  it('dominates far more than random search, whichever crossover is used', async () => {
    const chance = await meanVolume(random()) // The whole front: 6.27
    expect(await meanVolume(make())).toBeGreaterThan(chance + 1)
    for (const crossover of crossovers) expect(await meanVolume(make({ crossover })), crossover).toBeGreaterThan(chance + 0.25)
  })

  it('suggests the same when an objective has its sign turned and is maximised', async () => {
    expect(await meanVolume(make(), [-1, 1])).toBe(await meanVolume(make()))
    expect(await meanVolume(make(), [-1, -1])).toBe(await meanVolume(make()))
  })

  it('is better than random search with one objective, in a tree', async () => {
    const tree = space({ rate: float(1e-5, 1, { scale: 'log' }), layers: int(1, 8), kind: oneOf({ sgd: { momentum: float(0, 1) }, adam: { beta: float(0, 1) }, none: {} }) })
    const meanBest = async (sampler: SamplerFactory): Promise<number> => {
      let sum = 0
      for (let seed = 0; seed < 6; seed++) {
        const study = await createStudy({ name: 'bowl', space: tree, sampler, seed })
        await study.optimize(({ params: { rate, layers, kind } }) => (Math.log10(rate) + 3) ** 2 + 0.2 * (layers - 5) ** 2 + (kind.type === 'sgd' ? 4 * (kind.momentum - 0.9) ** 2 : 1), { trials: 80 })
        sum += study.best.value / 6
      }
      return sum
    }
    expect(await meanBest(make())).toBeLessThan(0.5 * (await meanBest(random())))
  })

  it('measures each point of a finite space once, with its constraints', async () => {
    const finite = space({ a: int(0, 4), b: choice(['x', 'y', 'z']), c: oneOf({ p: { q: int(0, 1) }, r: {} }), d: boolean() }, { constraints: [linear({ a: 1 }, { atMost: 3 })] })
    const study = await createStudy({ name: 'finite', space: finite, objective: [minimize('m0'), minimize('m1')], sampler: make(), seed: 3 })
    const seen = new Set<string>()
    await study.optimize(({ flatParams, params }) => {
      seen.add(JSON.stringify(flatParams))
      return { m0: params.a, m1: -params.a + (params.d ? 1 : 0) }
    }, { trials: 72, concurrency: 4 })
    expect(seen.size).toBe(72) // 4 · 3 · 3 · 2, all that keep the constraint
  })

  it('measures no point twice where numbers have no steps, though both objectives are best at a corner', async () => {
    const study = await createStudy({ name: 'corner', space: space({ x: float(0, 1), y: float(0, 1) }), objective: [minimize('m0'), minimize('m1')], sampler: make({ mutationProbability: 0.2 }), seed: 4 })
    await study.optimize(({ params: { x, y } }) => ({ m0: x, m1: y }), { trials: 200 })
    const points = study.trials().map(({ flatParams }) => JSON.stringify(flatParams))
    expect(new Set(points).size).toBe(200)
  })

  it('puts no point of a tree together again that was measured, be it good or bad', async () => {
    const study = await createStudy({ name: 'again', space: { kind: oneOf({ p: { x: float(0, 1) }, q: { y: float(0, 1) } }), level: choice([1, 2, 3]) }, sampler: make(), seed: 1 })
    await study.optimize(({ params: { kind, level } }) => ((kind.type === 'p' ? kind.x : kind.y) - 0.4) ** 2 + level, { trials: 200 })
    expect(new Set(study.trials().map(({ flatParams }) => JSON.stringify(flatParams))).size).toBe(200)
  })

  it('goes to where outcome constraints are kept', async () => {
    const study = await createStudy({ name: 'constrained', space: box, objective: [minimize('m0'), minimize('m1')], constraints: { size: atMost(0.2) }, sampler: make(), seed: 1 })
    await study.optimize(({ flatParams }) => {
      const x = Object.values(flatParams).map(Number)
      const [m0, m1] = zdt1(x)
      return { m0, m1, size: (x[0] as number) + (x[1] as number) }
    }, { trials: 120 })
    const feasible = (from: number, to: number): number => study.trials().slice(from, to).filter(({ violation }) => violation === 0).length
    expect(feasible(0, 20)).toBeLessThan(5) // 2 % of the space
    expect(feasible(90, 120)).toBeGreaterThan(12)
  })

  it('does not breed from trials that failed', async () => {
    const study = await createStudy({ name: 'failing', space: box, objective: [minimize('m0'), minimize('m1')], sampler: make(), seed: 1 })
    await study.optimize(({ flatParams }) => {
      const x = Object.values(flatParams).map(Number)
      if ((x[5] as number) > 0.5) throw new Error('out of range')
      const [m0, m1] = zdt1([...x.slice(0, 5), 1 - (x[5] as number)])
      return { m0, m1 }
    }, { trials: 120 })
    expect(study.summary.counts.complete).toBe(120)
    expect(study.summary.counts.failed).toBeLessThan(50) // Random search has one failure for each success.
  })

  it('answers by the set of trials that have ended, whatever the order in which they did', async () => {
    const suggested = await Promise.all([[0, 1, 2, 3], [3, 1, 0, 2]].map(async (order) => {
      const study = await createStudy({ name: 'order', space: box, objective: [minimize('m0'), minimize('m1')], sampler: make(), storage: new MemoryStorage(systemClock), seed: 2 })
      for (let batch = 0; batch < 8; batch++) {
        const trials = []
        for (let i = 0; i < 4; i++) trials.push(await study.ask())
        for (const i of order) {
          const [m0, m1] = zdt1(Object.values(trials[i]!.flatParams).map(Number))
          await study.tell(trials[i]!, { m0, m1 })
        }
      }
      return (await study.ask()).flatParams
    }))
    expect(suggested[1]).toEqual(suggested[0])
  })

  it('refuses options that it does not have or that are out of range, by name', () => {
    expect(() => make({ populationSize: 10 } as never)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining(`${name}() has no option "populationSize"`) }))
    const bad = [{ population: 1 }, { startupTrials: 1 }, { crossover: 'two-point' }, { crossoverProbability: 1.1 }, { crossoverIndex: -1 }, { mutationProbability: Number.NaN }, { mutationIndex: Infinity }]
    for (const one of bad) expect(() => make(one as never)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining(Object.keys(one)[0] as string) }))
  })
})

it('nsgaIII checks its divisions, and takes them', async () => {
  for (const divisions of [0, 1.5, 1001]) expect(() => nsgaIII({ divisions })).toThrow(expect.objectContaining({ code: 'OPTION' }))
  expect(() => nsgaII({ divisions: 3 } as never)).toThrow(expect.objectContaining({ code: 'OPTION' }))
  const many = Array.from({ length: 5 }, (_, i) => minimize(`m${i}`))
  await expect(createStudy({ name: 'many', space: box, objective: many, sampler: nsgaIII({ divisions: 60 }) })).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('635376 reference directions for 5 objectives') })
  expect(await meanVolume(nsgaIII({ divisions: 4 }))).not.toBe(await meanVolume(nsgaIII()))
})
