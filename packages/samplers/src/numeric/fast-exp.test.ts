import { describe, expect, it } from 'vitest'
import { sumOfExp } from './fast-exp.ts'

describe('sumOfExp', () => {
  it('is the sum of Math.exp, one by one and together', () => {
    const terms = Float64Array.from({ length: 3700 }, (_, i) => 12 - i / 100.7)
    for (const term of terms) expect(Math.abs(sumOfExp(Float64Array.of(term), 1, 12) / Math.exp(term - 12) - 1)).toBeLessThan(1e-11)
    expect(sumOfExp(terms, terms.length, 12) / terms.reduce((sum, term) => sum + Math.exp(term - 12), 0)).toBeCloseTo(1, 11)
  })

  it('takes so many terms as it is told, and none that is −∞ or far below', () => {
    expect(sumOfExp(Float64Array.of(-3, -3, -3), 2, -3)).toBe(2)
    expect(sumOfExp(Float64Array.of(0, -Infinity, -40, -1e300), 4, 0)).toBe(1)
  })

  it('stops when it has enough', () => {
    expect(sumOfExp(Float64Array.of(0, 0, 0, 0), 4, 0, 2)).toBe(2)
    expect(sumOfExp(Float64Array.of(0, 0, 0, 0), 4, 0, 5)).toBe(4)
  })
})
