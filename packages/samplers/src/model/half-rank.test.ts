import { describe, expect, it } from 'vitest'
import { halfLogarithm, halfRank } from './half-rank.ts'

describe('the half-rank transform', () => {
  it('keeps the better half and replaces the worse one by quantiles', () => {
    // numpy: y = [1, 2, 3, 4, 100], s = sqrt(mean([4, 1, 0])); [1, 2, 3, 3 + s * norm.ppf(.7), 3 + s * norm.ppf(.9)], then (v - v.mean()) / v.std()
    const expected = [-1.4657359625812147, -0.6803638200541116, 0.10500832247299158, 0.6367038106696102, 1.4043876494927252]
    expect([...halfRank(Float64Array.of(1, 2, 3, 4, 100)).targets]).toEqual(expected.map((one) => expect.closeTo(one, 12) as number))
  })

  it('does not see how bad the worse ones are', () => {
    expect(halfRank(Float64Array.of(1, 2, 3, 4, 5)).targets).toEqual(halfRank(Float64Array.of(1, 2, 3, 1e9, Infinity)).targets)
  })

  it('gives equal losses equal targets, and leaves all alone when all are equal', () => {
    const { targets } = halfRank(Float64Array.of(1, 5, 2, 5, 3, 5, 6))
    expect(targets[1]).toBe(targets[3])
    expect(targets[6]).toBeGreaterThan(targets[5] as number)
    expect([...halfRank(Float64Array.of(2, 2, 2)).targets]).toEqual([0, 0, 0])
    expect([...halfRank(Float64Array.of(Infinity, Infinity)).targets].every(Number.isFinite)).toBe(true)
    expect(halfRank(Float64Array.of(Infinity, Infinity)).lossOf(0)).toBe(Infinity)
    expect([...halfRank(Float64Array.of(-Infinity, 3, Infinity)).targets].every(Number.isFinite)).toBe(true)
  })

  it('is undone at the losses seen, and in between and beyond in order', () => {
    const losses = Float64Array.of(4, 1, 9, 2, 3, 50, 8)
    const { targets, lossOf } = halfRank(losses)
    for (const [i, target] of targets.entries()) expect(lossOf(target)).toBeCloseTo(losses[i] as number, 9)
    let before = -Infinity
    for (let target = -4; target < 4; target += 0.05) {
      expect(lossOf(target)).toBeGreaterThanOrEqual(before)
      before = lossOf(target)
    }
    expect(lossOf(-4)).toBeLessThan(1)
    expect(lossOf(4)).toBe(50)
  })

  it('takes losses whose differences are no finite numbers', () => {
    const losses = Float64Array.of(-1.7e308, 1.7e308, 1e308, 1.5e308, Infinity, 0)
    const { targets, lossOf } = halfRank(losses)
    const wanted = halfRank(losses.map((loss) => loss / 1e300)).targets
    expect([...targets]).toEqual([...wanted].map((one) => expect.closeTo(one, 12) as number))
    expect(lossOf(targets[0] as number)).toBeCloseTo(-1.7e308, -295)
    expect(lossOf(-100)).toBe(-Number.MAX_VALUE)
  })
})

describe('the transform by half and logarithm', () => {
  it('keeps the better half and replaces the worse one by logarithms of its distance', () => {
    // numpy: y = [1, 2, 3, 4, 100], s = sqrt(mean([4, 1, 0])); 3 + 6 * s * log1p((y - 3) / (6 * s)) for the last two, then (v - v.mean()) / v.std()
    const { targets, lossOf } = halfLogarithm(Float64Array.of(1, 2, 3, 4, 100))
    expect([...targets]).toEqual([-0.6747291466647305, -0.554729719387207, -0.43473029210968356, -0.321868659744535, 1.9860578179061557].map((one) => expect.closeTo(one, 12) as number))
    for (const [i, loss] of [1, 2, 3, 4, 100].entries()) expect(lossOf(targets[i] as number)).toBeCloseTo(loss, 9)
  })

  it('does not depend on the unit of losses', () => {
    const losses = Float64Array.of(4, 1, 9, 2, 3, 50, 8)
    expect([...halfLogarithm(losses.map((loss) => 1e-9 * loss - 7e-9)).targets]).toEqual([...halfLogarithm(losses).targets].map((one) => expect.closeTo(one, 6) as number))
  })
})
