import { boolean, choice, constraint, createStudy, float, int, linear, MemoryStorage, oneOf, ordinal, repeat, space, type StudyOptions, systemClock, ThreefryRandom } from '@attune/core'
import { samplerSuite } from '@attune/testing'
import { describe, expect, it } from 'vitest'
import { grid, type GridOptions } from './grid.ts'
import { GridTree } from './grid-tree.ts'
import { gridValues } from './grid-values.ts'
import { randomOrder } from './permutation.ts'

samplerSuite('grid', () => grid({ points: 3 }))

const tree = space({
  depth: int(1, 3),
  rate: float(0, 1),
  kind: oneOf({ plain: {}, wide: { factor: ordinal([2, 4, 8]), inner: oneOf({ a: { flag: boolean() }, b: {} }) } }),
  layers: repeat({ units: int(8, 32, { scale: 'log', step: 8 }) }, { min: 0, max: 2 }),
})

/** Every point that a study with a grid visits, as text. */
async function visit(options: GridOptions, more: Partial<StudyOptions<never>> = {}, of: unknown = tree): Promise<string[]> {
  const study = await createStudy({ name: 'grid', space: of as typeof tree, sampler: grid(options), seed: 1, ...(more as object) })
  const points: string[] = []
  const result = await study.optimize((trial) => {
    points.push(JSON.stringify(trial.flatParams))
    return 0
  }, { trials: 10_000 })
  expect(result.reason).toContain('grid')
  await study.close()
  return points
}

describe('grid', () => {
  it('visits the product of all values in every branch exactly once', async () => {
    const points = await visit({ points: 4 })
    // depth · rate · (plain + wide · (a · flag + b)) · (lengths 0, 1, 2 of 4 units each)
    expect(points).toHaveLength(3 * 4 * (1 + 3 * (2 + 1)) * (1 + 4 + 16))
    expect(new Set(points).size).toBe(points.length)
  })

  it('numbers points and finds their numbers again', () => {
    const points = new GridTree(tree, gridValues(tree, 2))
    for (let number = 0; number < points.size; number++) {
      const flat = points.at(number)
      expect(tree.problems(flat)).toEqual([])
      expect(points.numberOf(flat)).toBe(number)
    }
    expect(points.numberOf({ ...points.at(0), rate: 0.3 })).toBe(-1)
  })

  it('takes the points that it is given, by path and by pattern', async () => {
    const points = await visit({ points: { rate: [0.25, 0.5], 'layers.*.units': [8, 16], depth: 2, 'kind.type': ['plain'] } })
    expect(points).toHaveLength(2 * 2 * (1 + 2 + 4))
    expect(points.some((point) => point.includes('"depth":2'))).toBe(false)
    const scaled = space({ x: float(1e-4, 1, { scale: 'log' }), y: float(0, 1) })
    const values = gridValues(scaled, { x: 5, y: 1 })
    expect([0, 1, 2, 3, 4].map((position) => Number(Number(values[0]?.at(position)).toPrecision(6)))).toEqual([1e-4, 1e-3, 1e-2, 1e-1, 1])
    expect([values[1]?.length, values[1]?.at(0)]).toEqual([1, 0.5])
  })

  it('leaves the event loop free while it looks for a point that keeps the constraints, and stops when it is told to', async () => {
    const stop = new AbortController()
    let asked = 0
    const nowhere = constraint<{ readonly x: number }>('nowhere', () => {
      if (++asked === 10_000) setTimeout(() => stop.abort())
      return 1
    })
    const wide = space({ x: int(1, 1_000_000), y: int(1, 1_000_000) }, { constraints: [nowhere] })
    const study = await createStudy({ name: 'grid', space: wide, sampler: grid(), seed: 1 })
    const { reason } = await study.optimize(() => 0, { trials: 1, signal: stop.signal })
    expect([reason, asked >= 10_000]).toEqual(['it was interrupted', true])
    await study.close()
    const small = space({ x: int(1, 200), y: int(1, 200) }, { constraints: [linear({ x: 1, y: 1 }, { atMost: 2 })] })
    expect(await visit({}, {}, small)).toEqual(['{"x":1,"y":1}'])
  })

  it('counts through very many values without listing them', () => {
    const large = space({ a: int(1, 1_000_000_000), b: int(1, 100_000, { scale: 'log' }), c: float(0.1, 0.9, { step: 0.1, scale: 'log' }) })
    const points = new GridTree(large, gridValues(large, {}))
    expect(points.size).toBe(9e14)
    for (const number of [0, 1, 8, 9, 123_456_789_012_345, 9e14 - 1]) {
      expect(large.problems(points.at(number))).toEqual([])
      expect(points.numberOf(points.at(number))).toBe(number)
    }
  })

  it('goes in order or in an order of the seed', async () => {
    const small = space({ a: int(1, 3), b: choice(['x', 'y']) })
    const plain = await visit({ shuffle: false }, {}, small)
    expect(plain).toEqual(['{"a":1,"b":"x"}', '{"a":1,"b":"y"}', '{"a":2,"b":"x"}', '{"a":2,"b":"y"}', '{"a":3,"b":"x"}', '{"a":3,"b":"y"}'])
    const [one, two] = [await visit({}, { seed: 1 }, small), await visit({}, { seed: 2 }, small)]
    expect(one).not.toEqual(two)
    expect([...one].sort()).toEqual(plain)
  })

  it('visits a random part', async () => {
    const all = new Set(await visit({ points: 2 }))
    const part = await visit({ points: 2, sample: 0.1 })
    expect(part).toHaveLength(Math.ceil(all.size / 10))
    expect(part.every((point) => all.has(point))).toBe(true)
  })

  it('leaves out what breaks a constraint', async () => {
    const bounded = space({ a: int(0, 4), b: int(0, 4) }, { constraints: [linear({ a: 1, b: 1 }, { atMost: 4 }), constraint<{ readonly a: number }>('even a', ({ a }) => (a % 2) - 0.5)] })
    const points = await visit({}, {}, bounded)
    expect(points).toHaveLength(5 + 3 + 1)
  })

  it('P10: a grid is resumed without a gap or a repetition, and retries what was aborted', async () => {
    const storage = new MemoryStorage(systemClock)
    const small = space({ a: int(1, 4), b: int(1, 3) })
    const options = { name: 'resumed', space: small, sampler: grid(), seed: 4, storage, ifExists: 'resume' } as const
    const first = await createStudy(options)
    const seen: string[] = []
    for (let i = 0; i < 5; i++) {
      const trial = await first.ask()
      if (i === 2) await first.fail(trial, new Error('stopped'), 'aborted')
      else {
        seen.push(JSON.stringify(trial.flatParams))
        await first.tell(trial, 0)
      }
    }
    await first.close()
    const second = await createStudy(options)
    await second.optimize((trial) => {
      seen.push(JSON.stringify(trial.flatParams))
      return 0
    }, { more: 100 })
    expect(seen).toHaveLength(12)
    expect(new Set(seen).size).toBe(12)
  })

  it('refuses what it cannot do, and says what to do', async () => {
    await expect(createStudy({ name: 'x', space: { x: float(0, 1) }, sampler: grid() })).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('points: 5') })
    await expect(createStudy({ name: 'x', sampler: grid({ points: 2 }) })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    const wide = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x${i}`, int(1, 1000)]))
    await expect(createStudy({ name: 'x', space: wide, sampler: grid() })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    for (const points of [null, '3', [1, 2]] as never[]) expect(() => grid({ points })).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining('by path') }))
    await expect(createStudy({ name: 'x', space: { x: float(0, 1) }, sampler: grid({ points: { y: 3 } }) })).rejects.toMatchObject({ code: 'OPTION', message: expect.stringContaining("'x'") })
    await expect(createStudy({ name: 'x', space: { x: float(0, 1) }, sampler: grid({ points: { x: [2] } }) })).rejects.toMatchObject({ code: 'OPTION' })
    await expect(createStudy({ name: 'x', space: { x: float(0, 1) }, sampler: grid({ points: { x: [] } }) })).rejects.toMatchObject({ code: 'OPTION' })
    await expect(createStudy({ name: 'x', space: { x: float(0, 1) }, sampler: grid({ points: 1.5 }) })).rejects.toMatchObject({ code: 'OPTION' })
    expect(() => grid({ learningRate: 5 } as never)).toThrow(expect.objectContaining({ code: 'OPTION', message: 'grid() has no option "learningRate". Its options are: points, shuffle, sample.' }))
    for (const sample of [0, -1, 1.1, Number.NaN]) expect(() => grid({ sample })).toThrow('sample')
    expect(() => grid({ shuffle: false, sample: 0.5 })).toThrow('shuffle')
  })
})

describe('randomOrder', () => {
  it.each([1, 2, 3, 16, 17, 1000])('is a permutation of %d numbers', (size) => {
    const order = randomOrder(size, new ThreefryRandom(7).stream(-1, 'grid'))
    expect(Array.from({ length: size }, (_, position) => order(position)).sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i))
  })

  it('stays inside the largest sizes', () => {
    const order = randomOrder(2 ** 52, new ThreefryRandom(7).stream(-1, 'grid'))
    const numbers = Array.from({ length: 1000 }, (_, position) => order(position))
    expect(new Set(numbers).size).toBe(1000)
    expect(numbers.every((number) => number >= 0 && number < 2 ** 52)).toBe(true)
    expect(numbers.filter((number) => number < 2 ** 51).length / 1000).toBeCloseTo(0.5, 1)
  })
})
