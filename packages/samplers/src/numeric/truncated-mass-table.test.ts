import { describe, expect, it } from 'vitest'
import { multiplyByMasses } from './truncated-mass-table.ts'
import { logTruncatedMass } from './truncated-normal.ts'

describe('multiplyByMasses', () => {
  it.each([0.0005, 0.01, 0.03, 0.06, 0.2, 0.5, 1])('multiplies by the exact mass to a billionth, for deviation %f', (deviation) => {
    const count = 4001
    const means = Float64Array.from({ length: count + 2 }, (_, i) => (i - 2) / (count - 1))
    const masses = new Float64Array(count).fill(3)
    multiplyByMasses(means, 2, count, deviation, masses)
    const worst = masses.reduce((most, mass, i) => Math.max(most, Math.abs(mass / 3 - Math.exp(logTruncatedMass(means[i + 2] as number, deviation)))), 0)
    expect(worst).toBeLessThan(1e-9)
  })

  it('leaves alone what has no mean', () => {
    const masses = Float64Array.of(0.5, 0.25)
    multiplyByMasses(Float64Array.of(NaN, 0.5), 0, 2, 0.1, masses)
    expect(masses[0]).toBe(0.5)
    expect(masses[1]).toBeCloseTo(0.25 * 0.9999994266968562, 9)
  })
})
