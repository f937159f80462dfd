import { describe, expect, it } from 'vitest'
import { threefry4x32, ThreefryRandom } from './threefry.ts'

function block(counter: readonly number[], key: readonly number[]): string[] {
  const out = new Uint32Array(4)
  threefry4x32(Uint32Array.from(key), Uint32Array.from(counter), out)
  return Array.from(out, (word) => word.toString(16).padStart(8, '0'))
}

describe('threefry4x32', () => {
  // Known answers for 20 rounds: kat_vectors of the Random123 distribution (D. E. Shaw Research).
  it.each([
    [[0, 0, 0, 0], [0, 0, 0, 0], '9c6ca96a e17eae66 fc10ecd4 5256a7d8'],
    [[~0, ~0, ~0, ~0], [~0, ~0, ~0, ~0], '2a881696 57012287 f6c7446e a16a6732'],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89], '59cd1dbb b8879579 86b5d00c ac8b6d84'],
  ])('gives the published answer for counter %j under key %j', (counter, key, expected) => {
    expect(block(counter, key).join(' ')).toBe(expected)
  })
})

describe('ThreefryRandom', () => {
  const take = (seed: number, trial: number, purpose: string, count = 5): number[] => {
    const stream = new ThreefryRandom(seed).stream(trial, purpose)
    return Array.from({ length: count }, () => stream.bits())
  }

  it('fixes the bits of a stream for ever', () => {
    expect(take(7, 3, 'sampler')).toMatchInlineSnapshot(`
      [
        308419334,
        4104966829,
        2842935647,
        4171021656,
        1715713915,
      ]
    `)
  })

  it('gives the same stream for the same key, and another one for each seed, trial and purpose', () => {
    expect(take(7, 3, 'sampler')).toEqual(take(7, 3, 'sampler'))
    const streams = [take(7, 3, 'sampler'), take(8, 3, 'sampler'), take(7 + 2 ** 32, 3, 'sampler'), take(7, 4, 'sampler'), take(7, 3, 'user'), take(7, -1, 'sampler')]
    expect(new Set(streams.map(String)).size).toBe(streams.length)
  })

  it('draws uniform numbers in [0, 1) with the moments of the distribution', () => {
    const stream = new ThreefryRandom(1).stream(0, 'test')
    const draws = Array.from({ length: 20_000 }, () => stream.uniform())
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...draws)).toBeLessThan(1)
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / draws.length))
  })

  it('draws standard normal numbers', () => {
    const stream = new ThreefryRandom(1).stream(0, 'test')
    const draws = Array.from({ length: 20_000 }, () => stream.normal())
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length
    const variance = draws.reduce((sum, draw) => sum + draw * draw, 0) / draws.length
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(draws.length))
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / draws.length))
  })

  it('draws integers below a bound, all equally often', () => {
    const stream = new ThreefryRandom(1).stream(0, 'test')
    const counts = [0, 0, 0]
    for (let i = 0; i < 9000; i++) counts[stream.integer(3)]!++
    for (const count of counts) expect(Math.abs(count - 3000)).toBeLessThan(4 * Math.sqrt(2000))
    expect(new Set(Array.from({ length: 50 }, () => stream.integer(1)))).toEqual(new Set([0]))
  })

  it.each([-1, 1.5, NaN, 2 ** 53])('refuses the seed %s', (seed) => {
    expect(() => new ThreefryRandom(seed)).toThrow(/The seed must be an integer/)
  })
})
