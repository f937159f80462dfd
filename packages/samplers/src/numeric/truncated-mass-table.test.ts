import { describe, expect, it } from 'vitest'
import { logTruncatedMasses } from './truncated-mass-table.ts'
import { logTruncatedMass } from './truncated-normal.ts'

describe('logTruncatedMasses', () => {
  it.each([0.01, 0.03, 0.06, 0.2, 0.5, 1])('is the exact mass to a millionth, for deviation %f', (deviation) => {
    for (const count of [3, 4001]) {
      const means = Float64Array.from({ length: count }, (_, i) => i / (count - 1))
      const out = new Float64Array(count)
      logTruncatedMasses(means, deviation, out)
      const worst = means.reduce((most, mean, i) => Math.max(most, Math.abs((out[i] as number) - logTruncatedMass(mean, deviation))), 0)
      expect(worst).toBeLessThan(count === 3 ? 1e-300 : 1e-6)
    }
  })

  it('keeps NaN', () => {
    const out = new Float64Array(2000)
    logTruncatedMasses(new Float64Array(2000).fill(NaN), 0.2, out)
    expect(out.every(Number.isNaN)).toBe(true)
  })
})
