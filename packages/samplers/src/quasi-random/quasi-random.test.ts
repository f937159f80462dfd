import { choice, constraint, createStudy, float, int, linear, MemoryStorage, normal, oneOf, random, type SamplerFactory, space, type SpaceInput, systemClock, ThreefryRandom } from '@attune/core'
import { samplerSuite } from '@attune/testing'
import { describe, expect, it } from 'vitest'
import { Halton, primes } from './halton.ts'
import { LatinHypercube } from './latin-hypercube.ts'
import { quasiRandom, type QuasiRandomOptions } from './quasi-random.ts'

samplerSuite('quasiRandom, Sobol', () => quasiRandom(), { trials: 12 })
samplerSuite('quasiRandom, Halton', () => quasiRandom({ sequence: 'halton' }), { trials: 8 })
samplerSuite('quasiRandom, Latin hypercube', () => quasiRandom({ sequence: 'latin-hypercube', blockSize: 5 }), { trials: 8 })

async function points(of: SpaceInput, trials: number, sampler: SamplerFactory = quasiRandom(), seed = 1): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const study = await createStudy({ name: 'points', space: of, sampler, seed })
  await study.optimize(() => 0, { trials })
  const found = study.trials().map(({ flatParams }) => flatParams)
  await study.close()
  return found
}

const slices = (values: readonly unknown[], count: number): number[] => {
  const found = Array<number>(count).fill(0)
  for (const value of values) found[Math.floor((value as number) * count)]!++
  return found
}

describe('quasiRandom', () => {
  it.each<QuasiRandomOptions>([{}, { sequence: 'latin-hypercube', blockSize: 64 }])('fills each parameter evenly: %j', async (options) => {
    const found = await points({ x: float(0, 1), y: float(0, 1) }, 64, quasiRandom(options))
    for (const path of ['x', 'y']) expect(slices(found.map((point) => point[path]), 64)).toEqual(Array(64).fill(1))
    const chance = await points({ x: float(0, 1), y: float(0, 1) }, 64, random())
    expect(Math.max(...slices(chance.map((point) => point['x']), 64))).toBeGreaterThan(1)
  })

  it('goes through the priors', async () => {
    const found = await points({ x: float(0, 1, { prior: normal(0.3, 0.05) }), k: choice(['rare', 'common'], { weights: [1, 7] }), n: float(1e-4, 1, { scale: 'log' }) }, 64)
    expect(found.filter(({ x }) => (x as number) < 0.3)).toHaveLength(32)
    expect(found.filter(({ k }) => k === 'rare')).toHaveLength(8)
    expect(found.filter(({ n }) => (n as number) < 1e-2)).toHaveLength(32)
  })

  it('gives the same trial its point in every process, without a counter between them', async () => {
    const storage = new MemoryStorage(systemClock)
    const open = (): ReturnType<typeof createStudy> => createStudy({ name: 'shared', space: { x: float(0, 1) } as never, sampler: quasiRandom(), seed: 3, storage, ifExists: 'resume' })
    const alone = await points({ x: float(0, 1) }, 8, quasiRandom(), 3)
    const [one, two] = [await open(), await open()]
    for (let i = 0; i < 4; i++) await Promise.all([one.ask(), two.ask()])
    await one.refresh()
    expect(one.trials().map(({ flatParams }) => flatParams)).toEqual(alone)
    await one.close()
    await two.close()
  })

  it('differs by seed, and not at all where it is not scrambled', async () => {
    const of = { x: float(0, 1), y: float(0, 1) }
    for (const sequence of ['sobol', 'halton'] as const) {
      expect(await points(of, 4, quasiRandom({ sequence }), 1)).not.toEqual(await points(of, 4, quasiRandom({ sequence }), 2))
      expect(await points(of, 4, quasiRandom({ sequence, scramble: false }), 1)).toEqual(await points(of, 4, quasiRandom({ sequence, scramble: false }), 2))
    }
  })

  it('leaves out what breaks a constraint, and stays as even as before in what is left', async () => {
    const triangle = space({ x: float(0, 1), y: float(0, 1) }, { constraints: [linear({ x: 1, y: 1 }, { atMost: 1 })] })
    const found = await points(triangle, 100)
    const even = (await points({ x: float(0, 1), y: float(0, 1) }, 300)).filter(({ x, y }) => (x as number) + (y as number) <= 1)
    expect(found).toEqual(even.slice(0, 100))
  })

  it('leaves the event loop free while it looks for points that keep a constraint, and names one that forbids all', async () => {
    let turns = 0
    const busy = setInterval(() => turns++)
    const strip = constraint<{ readonly x: number }>('strip', ({ x }) => x - 0.0001)
    const found = await points(space({ x: float(0, 1) }, { constraints: [strip] }), 10)
    clearInterval(busy)
    expect(found).toHaveLength(10)
    expect(turns).toBeGreaterThan(1)
    await expect(points(space({ x: float(0, 1) }, { constraints: [constraint<{ readonly x: number }>('never', () => 1)] }), 1)).rejects.toMatchObject({ code: 'NEARLY_INFEASIBLE', message: expect.stringContaining('never') })
  })

  it('takes no point of a finite space twice before all came once', async () => {
    const finite = space({ a: int(1, 5), kind: oneOf({ p: { q: int(1, 3) }, r: {} }) }, { constraints: [constraint<{ readonly a: number }>('odd', ({ a }) => (a % 2 === 1 ? 0 : 1))] })
    const keys = (await points(finite, 24)).map((point) => JSON.stringify(point))
    expect(new Set(keys.slice(0, 12)).size).toBe(12)
    expect(new Set(keys.slice(12)).size).toBe(12)
  })

  it('goes beyond the dimensions that the sequence has, and says so', async () => {
    const wide = Object.fromEntries(Array.from({ length: 1113 }, (_, i) => [`x${String(i).padStart(4, '0')}`, float(0, 1)]))
    const study = await createStudy({ name: 'wide', space: wide, sampler: quasiRandom(), seed: 1 })
    const warnings: string[] = []
    study.on((event) => event.type === 'warning' && warnings.push(event.message))
    await study.optimize(() => 0, { trials: 2 })
    expect(warnings).toEqual([expect.stringContaining('1111')])
    expect(Object.keys(study.trials()[1]!.flatParams)).toHaveLength(1113)
    await study.close()
  })

  it('refuses options that make no sense', () => {
    for (const options of [{ sequence: 'random' }, { scramble: 1 }, { blockSize: 0, sequence: 'latin-hypercube' }, { blockSize: 8 }, { seed: 1 }]) expect(() => quasiRandom(options as never)).toThrow(expect.objectContaining({ code: 'OPTION' }))
  })
})

describe('Halton', () => {
  it('has the points of SciPy', () => {
    // scipy 1.17.1: qmc.Halton(6, scramble=False).random(1001)[[1, 7, 1000]]
    const out = new Float64Array(6)
    const halton = new Halton(6)
    for (const [index, expected] of [
      [1, [0.5, 0.3333333333333333, 0.2, 0.14285714285714285, 0.09090909090909091, 0.07692307692307693]],
      [7, [0.875, 0.5555555555555556, 0.44, 0.02040816326530612, 0.6363636363636364, 0.5384615384615385]],
      [1000, [0.0927734375, 0.3475080018289895, 0.00512, 0.9162848812994586, 0.9316303531179565, 0.9904415111515704]],
    ] as const) {
      halton.point(index, out)
      for (const [dimension, value] of expected.entries()) expect(out[dimension]).toBeCloseTo(value, 14)
    }
  })

  it('is scrambled without losing its evenness, in far dimensions too', () => {
    const dimensions = 30
    for (const seed of [1, 2]) {
      const halton = new Halton(dimensions, seed)
      const out = new Float64Array(dimensions)
      const rows = Array.from({ length: 113 * 2 }, (_, index) => (halton.point(index, out), [...out]))
      for (const [dimension, prime] of primes(dimensions).entries()) expect(slices(rows.slice(0, prime).map((row) => row[dimension]), prime)).toEqual(Array(prime).fill(1))
      // Unscrambled, the first points of neighbouring large primes lie on a line.
      const [x, y] = [28, 29].map((dimension) => rows.slice(0, 100).map((row) => (row[dimension] as number) - 0.5)) as [number[], number[]]
      expect(Math.abs(x.reduce((sum, one, i) => sum + one * (y[i] as number), 0) / 100) * 12).toBeLessThan(0.5)
    }
  })
})

describe('LatinHypercube', () => {
  it('has one point in each slice of each block, and gives any point at any time', () => {
    const hypercube = new LatinHypercube(3, 10, true, new ThreefryRandom(5))
    const at = (index: number): number[] => {
      const out = new Float64Array(3)
      hypercube.point(index, out)
      return [...out]
    }
    const rows = Array.from({ length: 30 }, (_, index) => at(index))
    for (let block = 0; block < 3; block++) for (let d = 0; d < 3; d++) expect(slices(rows.slice(10 * block, 10 * block + 10).map((row) => row[d]), 10)).toEqual(Array(10).fill(1))
    for (const index of [29, 3, 17]) expect(at(index)).toEqual(rows[index])
    expect(rows[0]).not.toEqual(rows[10])
  })
})
