import { describe, expect, it } from 'vitest'
import { mostSobolDimensions } from './directions.ts'
import { scrambled, Sobol } from './sobol.ts'

const gray = (number: number): number => number ^ (number >>> 1)

/** How many of the boxes of size 2 ** -bits[0] by 2 ** -bits[1] … have exactly one of the points. */
function boxesWithOne(points: Float64Array, dimensions: number, bits: readonly number[]): number {
  const counts = new Map<string, number>()
  for (let i = 0; i < points.length; i += dimensions) {
    const box = bits.map((bit, dimension) => Math.floor((points[i + dimension] as number) * 2 ** bit)).join()
    counts.set(box, (counts.get(box) ?? 0) + 1)
  }
  return [...counts.values()].filter((count) => count === 1).length
}

describe('Sobol', () => {
  it('has the points of SciPy', () => {
    // scipy 1.17.1: s = qmc.Sobol(1111, scramble=False, bits=30); x = s.random(300); then s.reset(); s.fast_forward(123456789)
    const dimensions = [0, 1, 2, 3, 7, 20, 63, 200, 517, 1110]
    const expected: readonly (readonly [number, readonly number[]])[] = [
      [1, [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]],
      [7, [0.125, 0.625, 0.375, 0.125, 0.625, 0.875, 0.375, 0.875, 0.125, 0.625]],
      [100, [0.4140625, 0.2578125, 0.7734375, 0.7265625, 0.4765625, 0.7578125, 0.6484375, 0.8515625, 0.9140625, 0.4609375]],
      [255, [0.00390625, 0.99609375, 0.76953125, 0.57421875, 0.17578125, 0.31640625, 0.33984375, 0.39453125, 0.91796875, 0.82421875]],
      [299, [0.490234375, 0.669921875, 0.162109375, 0.466796875, 0.279296875, 0.361328125, 0.326171875, 0.521484375, 0.919921875, 0.068359375]],
      [123456789, [0.9758977368474007, 0.792431928217411, 0.006405912339687347, 0.9087876752018929, 0.6922742202877998, 0.238566093146801, 0.2532354071736336, 0.21129205077886581, 0.8402459099888802, 0.47841165214776993]],
    ]
    const sobol = new Sobol(mostSobolDimensions)
    const point = new Float64Array(mostSobolDimensions)
    for (const [number, values] of expected) {
      sobol.point(gray(number), point)
      expect(dimensions.map((dimension) => point[dimension])).toEqual(values)
    }
    expect(point.reduce((sum, one) => sum + one, 0)).toBe(538.193595699966)
  })

  it('needs no more dimensions than it is asked for', () => {
    const [few, many] = [new Float64Array(5), new Float64Array(mostSobolDimensions)]
    new Sobol(5, 3).point(77, few)
    new Sobol(mostSobolDimensions, 3).point(77, many)
    expect([...many.subarray(0, 5)]).toEqual([...few])
    for (const dimensions of [0, 1.5, mostSobolDimensions + 1]) expect(() => new Sobol(dimensions)).toThrow(expect.objectContaining({ code: 'DIMENSION' }))
  })

  it('fills rows with the points that it gives one by one', () => {
    for (const seed of [undefined, 9]) {
      const sobol = new Sobol(7, seed)
      for (const from of [0, 5, 1000, 2 ** 31 - 2, 2 ** 32 - 9]) {
        const rows = new Float64Array(7 * 9)
        sobol.fill(from, 9, rows)
        const point = new Float64Array(7)
        for (let i = 0; i < 9; i++) {
          sobol.point(from + i, point)
          expect([...rows.subarray(7 * i, 7 * i + 7)]).toEqual([...point])
        }
      }
    }
  })

  it('stays a net when it is scrambled: each elementary box has its one point', () => {
    for (const seed of [1, 2, 0xffffffff]) {
      const points = new Float64Array(2 * 256)
      new Sobol(2, seed).fill(512, 256, points)
      for (let bits = 0; bits <= 8; bits++) expect(boxesWithOne(points, 2, [bits, 8 - bits])).toBe(256)
    }
  })

  it('has uniform and independent coordinates over seeds', () => {
    const point = new Float64Array(3)
    const sums = { mean: 0, square: 0, product: 0 }
    const seeds = 4000
    for (let seed = 0; seed < seeds; seed++) {
      new Sobol(3, seed).point(5, point)
      const [x, y] = [(point[0] as number) - 0.5, (point[2] as number) - 0.5]
      sums.mean += x / seeds
      sums.square += (x * x) / seeds
      sums.product += (x * y) / seeds
    }
    const tolerance = 4 / Math.sqrt(seeds)
    expect(Math.abs(sums.mean)).toBeLessThan(tolerance * Math.sqrt(1 / 12))
    expect(Math.abs(sums.square - 1 / 12)).toBeLessThan(tolerance * Math.sqrt(1 / 180))
    expect(Math.abs(sums.product)).toBeLessThan(tolerance / 12)
  })

  it('integrates far better than chance', () => {
    const points = new Float64Array(8 * 1024)
    let square = 0
    for (let seed = 0; seed < 20; seed++) {
      new Sobol(8, seed).fill(0, 1024, points)
      let sum = 0
      for (let i = 0; i < points.length; i += 8) sum += points.subarray(i, i + 8).reduce((product, one) => product * (1 + (one - 0.5)), 1)
      square += (sum / 1024 - 1) ** 2 / 20
    }
    // Of 1,024 random points: sqrt(((1 + 1 / 12) ** 8 - 1) / 1024) = .030.
    expect(Math.sqrt(square)).toBeLessThan(0.03 / 10)
  })
})

describe('scrambled', () => {
  it('keeps words together that begin alike, and turns the next bit of one of them', () => {
    for (const [one, other, common] of [[0, 1, 31], [0x12345678, 0x12345600, 25], [0x80000000, 0, 0], [0xffff0000, 0xffff8000, 16]] as const) {
      for (let seed = 0; seed < 50; seed++) {
        const difference = scrambled(one, seed * 0x9e3779b1) ^ scrambled(other, seed * 0x9e3779b1)
        expect(Math.clz32(difference)).toBe(common)
      }
    }
  })

  it('turns each bit for half of the seeds and half of the words', () => {
    const turned = new Float64Array(32)
    const draws = 20_000
    for (let i = 0; i < draws; i++) {
      const word = Math.imul(i, 0x9e3779b1) >>> 0
      const difference = scrambled(word, Math.imul(i + 1, 0x85ebca6b) >>> 0) ^ word
      for (let bit = 0; bit < 32; bit++) turned[bit] = (turned[bit] as number) + ((difference >>> bit) & 1)
    }
    for (const count of turned) expect(Math.abs(count / draws - 0.5)).toBeLessThan(0.03)
  })
})
