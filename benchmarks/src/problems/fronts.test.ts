import { hypervolume } from '@attune/samplers'
import { describe, expect, it } from 'vitest'
import { dominates, frontOf, hypervolumeOf, hypervolumeOfFront } from './hypervolume.ts'
import { testFronts } from './test-fronts.ts'

function uniforms(): () => number {
  let state = 7
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

describe('hypervolume', () => {
  it('is that of the samplers package, which is computed in another way', () => {
    const uniform = uniforms()
    for (const objectives of [2, 3]) {
      for (let i = 0; i < 20; i++) {
        const points = Array.from({ length: 1 + i }, () => Array.from({ length: objectives }, () => Math.round(20 * uniform()) / 10))
        const reference = Array.from({ length: objectives }, () => 1.5)
        expect(hypervolumeOf(points, reference)).toBeCloseTo(hypervolume(points, reference), 9)
        expect(hypervolumeOf(frontOf(points), reference)).toBeCloseTo(hypervolume(points, reference), 9)
      }
    }
  })

  it('of whole fronts is what integration by hand gives', () => {
    const front = (id: string): number => hypervolumeOfFront(testFronts.find((one) => one.id === id)!.attained, [0, 0, 0].slice(0, id.startsWith('zdt') ? 2 : 3), [1, 1, 1].slice(0, id.startsWith('zdt') ? 2 : 3), id.startsWith('zdt') ? 100_000 : 1000)
    expect(front('zdt1-30')).toBeCloseTo(2 / 3, 4)
    expect(front('zdt2-30')).toBeCloseTo(1 / 3, 4)
    expect(front('dtlz1-7')).toBeCloseTo(1 - 1 / 48, 4) // a corner of the cube
    expect(front('dtlz2-7')).toBeCloseTo(1 - Math.PI / 6, 3) // an eighth of the ball
  })
})

describe('test functions', () => {
  // The rest of the parameters at its best, by definition of each function.
  const best: Readonly<Record<string, number>> = { zdt4: 0, dtlz1: 0.5, dtlz2: 0.5 }

  it.each(testFronts)('$id reaches its front where the rest is at its best, and nowhere goes beyond', ({ id, bounds, objectives, evaluate, attained }) => {
    const uniform = uniforms()
    for (let i = 0; i < 300; i++) {
      const free = Array.from({ length: objectives - 1 }, () => uniform())
      const optimal = evaluate(bounds.map((_, j) => free[j] ?? best[id.split('-')[0] as string] ?? 0))
      expect(optimal.at(-1)).toBeGreaterThan(attained(optimal.slice(0, -1).map((loss) => loss + 1e-9)) - 1e-3)
      const other = evaluate(bounds.map(([low, high]) => low + uniform() * (high - low)))
      expect(other.at(-1)).toBeGreaterThanOrEqual(attained(other.slice(0, -1)) - 1e-3)
      // Not dominated by the front, but for the parts of ZDT3, ZDT6 and DTLZ7 that are dominated themselves.
      if (!/zdt3|zdt6|dtlz7/.test(id)) expect(optimal.at(-1)).toBeCloseTo(attained(optimal.slice(0, -1)), 6)
      expect(dominates(other, optimal)).toBe(false)
    }
  })

  it('agree with pymoo 0.6.1.3', () => {
    // get_problem(name, n_var=d).evaluate(low + (high - low) · [1, 2, …, d] / 20)
    const expected = {
      'zdt1-10': [0.05, 3.269883736647869],
      'zdt2-10': [0.05, 3.699324324324324],
      'zdt3-10': [0.05, 3.2198837366478688],
      'zdt4-10': [0.05, 50.38754845034029],
      'zdt6-10': [0.7704448866514111, 7.583261222265522],
      'dtlz1-7': [1.5868750000000003, 14.281875000000001, 301.50624999999997],
      'dtlz2-7': [1.3169608511999755, 0.20858610734663302, 0.10493904053599261],
      'dtlz7-7': [0.05, 0.1, 12.496398775575528],
    }
    for (const [id, values] of Object.entries(expected)) {
      const { evaluate, bounds } = testFronts.find((one) => one.id === id)!
      for (const [i, value] of evaluate(bounds.map(([low, high], j) => low + ((high - low) * (j + 1)) / 20)).entries()) expect(value, id).toBeCloseTo(values[i]!, 9)
    }
  })
})
