import { ThreefryRandom, type RandomStream } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { fitFreezeTradeoff, type FreezeTradeoff, type UndeterminedTradeoff } from './fit-freeze-tradeoff.ts'
import { bestFreezeRatio, freezeGain, type FreezeCurve } from './freeze-curve.ts'
import { nonNegativeLeastSquares } from './non-negative-least-squares.ts'
import { studentBound, studentCentral } from './student-t.ts'
import { suggestFreezeRatios } from './suggest-freeze-ratios.ts'
import type { FreezeObservation } from './tradeoff-moments.ts'

const stream = (purpose: string): RandomStream => new ThreefryRandom(20261123).stream(0, purpose)

function randomCurve(random: RandomStream): FreezeCurve {
  return { a: 0.02 + 0.3 * random.uniform(), b: 100 * random.uniform() * random.uniform(), c: 0.3 * random.uniform(), k: Math.exp(Math.log(0.5) + random.uniform() * Math.log(40)) }
}

/** Scores of evenly spaced ratios: a level, the curve's gain, and noise. */
function observe(curve: FreezeCurve, n: number, { ratios = 11, level = 0.7, noise = (): number => 0 } = {}): FreezeObservation[] {
  return Array.from({ length: ratios }, (_, i) => i / (ratios - 1)).map((freezeRatio) => ({ freezeRatio, score: level + freezeGain(curve, freezeRatio, n) + noise() }))
}

function fitted(fit: FreezeTradeoff | UndeterminedTradeoff): FreezeTradeoff {
  if (fit.kind === 'undetermined') throw new Error(fit.reason)
  return fit
}

describe('the curve', () => {
  const curve: FreezeCurve = { a: 0.2, b: 3, c: 0.1, k: 4 }

  it('is the formula, and 0 where the head alone is trained', () => {
    expect(freezeGain(curve, 1, 50)).toBe(0)
    expect(freezeGain(curve, 0.25, 50)).toBeCloseTo(0.2 * (1 - Math.exp(-4 * 0.75)) - (3 * 0.75) / 50 - 0.1 * 0.75 ** 2, 15)
  })

  it('has its best ratio where a fine grid has it', () => {
    const random = stream('grid')
    for (let i = 0; i < 200; i++) {
      const [drawn, n] = [randomCurve(random), 10 + random.integer(500)]
      const grid = Array.from({ length: 2001 }, (_, at) => at / 2000)
      const best = grid.reduce((one, other) => (freezeGain(drawn, other, n) > freezeGain(drawn, one, n) ? other : one))
      expect(Math.abs(bestFreezeRatio(drawn, n)! - best)).toBeLessThanOrEqual(1 / 2000)
    }
  })

  it('is best at an end where it only falls or rises, and nowhere where it is level', () => {
    expect(bestFreezeRatio({ a: 0.1, b: 100, c: 0, k: 1 }, 10)).toBe(1)
    expect(bestFreezeRatio({ a: 0.5, b: 0, c: 0, k: 1 }, 10)).toBe(0)
    expect(bestFreezeRatio({ a: 0, b: 0, c: 0, k: 1 }, 10)).toBeUndefined()
  })

  it('freezes less the more samples there are', () => {
    const best = [10, 30, 100, 300, 1000].map((n) => bestFreezeRatio(curve, n)!)
    expect(best).toEqual([...best].sort((a, b) => b - a))
    expect(best[0]).toBeGreaterThan(best[4]! + 0.1)
  })
})

describe('fitFreezeTradeoff', () => {
  it('finds f* and the gain of 200 random curves without noise', () => {
    const random = stream('recovery')
    for (let i = 0; i < 200; i++) {
      const [curve, n] = [randomCurve(random), 20 + random.integer(1000)]
      const fit = fitted(fitFreezeTradeoff(observe(curve, n), { n }))
      const truth = bestFreezeRatio(curve, n)!
      expect(Math.abs(fit.freezeRatio - truth), JSON.stringify({ curve, n })).toBeLessThan(1e-4)
      expect(Math.abs(fit.gain - freezeGain(curve, truth, n))).toBeLessThan(1e-6)
      expect(fit.interval[1] - fit.interval[0]).toBeLessThan(1e-3)
    }
  })

  it('finds the parameters themselves, where they leave different traces', () => {
    const curve: FreezeCurve = { a: 0.15, b: 8, c: 0.06, k: 6 }
    const fit = fitted(fitFreezeTradeoff(observe(curve, 100), { n: 100 }))
    for (const name of ['a', 'b', 'c', 'k'] as const) expect(fit[name] / curve[name]).toBeCloseTo(1, 4)
  })

  it('says where k is at an end of its range, and the parameters say nothing by themselves', () => {
    const near1 = (curve: FreezeCurve): FreezeObservation[] => [0.99, 0.995, 0.998].map((freezeRatio) => ({ freezeRatio, score: 0.7 + freezeGain(curve, freezeRatio, 100) }))
    const at = (curve: FreezeCurve): boolean => fitted(fitFreezeTradeoff([...observe(curve, 100), ...near1(curve)], { n: 100 })).kAtBound
    expect([0.25, 6, 30, 300].map((k) => at({ a: 0.15, b: 1, c: 0.06, k }))).toEqual([false, false, false, false])
    expect([0.02, 0.1, 2000].map((k) => at({ a: 0.15, b: 0, c: k < 1 ? 0.05 * k : 0.06, k }))).toEqual([true, true, true])
    // It only falls, so that nothing is told of a and k.
    expect(at({ a: 0, b: 8, c: 0.06, k: 6 })).toBe(true)
  })

  it('tells f* for another n than that of the trials, if they had several', () => {
    const curve: FreezeCurve = { a: 0.15, b: 2, c: 0.06, k: 2 }
    const trials = [20, 60, 200].flatMap((n) => observe(curve, n, { ratios: 6, level: 1 - 3 / n }).map((trial) => ({ ...trial, n })))
    expect(fitted(fitFreezeTradeoff(trials, { n: 100 })).freezeRatio).toBeCloseTo(bestFreezeRatio(curve, 100)!, 4)
  })

  it('takes losses, whose gain is a fall', () => {
    const curve: FreezeCurve = { a: 0.15, b: 8, c: 0.06, k: 6 }
    const losses = observe(curve, 100).map(({ freezeRatio, score }) => ({ freezeRatio, score: 2 - score }))
    expect(fitted(fitFreezeTradeoff(losses, { n: 100, direction: 'minimize' })).freezeRatio).toBeCloseTo(bestFreezeRatio(curve, 100)!, 4)
  })

  it('does not mistake what a group has in common for the ratio’s doing', () => {
    const curve: FreezeCurve = { a: 0.15, b: 8, c: 0.06, k: 6 }
    // Good seeds were tried at high ratios, bad ones at low ratios.
    const trials = [0, 1, 2].flatMap((seed) => observe(curve, 100).slice(3 * seed, 3 * seed + 5).map((trial) => ({ ...trial, score: trial.score + seed, group: seed })))
    expect(fitted(fitFreezeTradeoff(trials, { n: 100 })).freezeRatio).toBeCloseTo(bestFreezeRatio(curve, 100)!, 4)
    const blind = fitFreezeTradeoff(trials.map(({ freezeRatio, score }) => ({ freezeRatio, score })), { n: 100 })
    expect(blind.kind === 'undetermined' || Math.abs(blind.freezeRatio - bestFreezeRatio(curve, 100)!) > 0.1).toBe(true)
  })

  it('has an interval that holds f* as often as it says, in simulated studies', () => {
    const random = stream('coverage')
    for (const [seeds, deviation] of [[1, 0.003], [5, 0.01]] as const) {
      let [inside, outside] = [0, 0]
      for (let i = 0; i < 120; i++) {
        const [curve, n] = [randomCurve(random), 20 + random.integer(1000)]
        const trials = Array.from({ length: seeds }, (_, group) => observe(curve, n, { level: random.normal(), noise: () => deviation * random.normal() }).map((trial) => ({ ...trial, group }))).flat()
        const fit = fitFreezeTradeoff(trials, { n })
        if (fit.kind === 'undetermined') continue
        const truth = bestFreezeRatio(curve, n)!
        if (fit.interval[0] - 1e-9 <= truth && truth <= fit.interval[1] + 1e-9) inside++
        else outside++
        expect(fit.interval[0]).toBeLessThanOrEqual(fit.freezeRatio)
        expect(fit.interval[1]).toBeGreaterThanOrEqual(fit.freezeRatio)
      }
      const coverage = inside / (inside + outside)
      console.log(`Coverage of the 95 % interval with ${seeds} × 11 trials, deviation ${deviation}: ${(100 * coverage).toFixed(1)} % of ${inside + outside}.`)
      expect(inside + outside).toBeGreaterThan(110)
      // Nominal 0.95; with 120 studies its standard error is 0.02.
      expect(coverage).toBeGreaterThan(0.91)
      expect(coverage).toBeLessThan(1)
    }
  })

  it('does not claim to know where between two tried ratios a gain comes that comes at once', () => {
    const random = stream('step')
    const curve: FreezeCurve = { a: 0.3, b: 1, c: 0.05, k: 200 }
    const truth = bestFreezeRatio(curve, 100)!
    let inside = 0
    for (let i = 0; i < 40; i++) {
      const trials = Array.from({ length: 5 }, (_, group) => observe(curve, 100, { noise: () => 0.01 * random.normal() }).map((trial) => ({ ...trial, group }))).flat()
      const { interval } = fitted(fitFreezeTradeoff(trials, { n: 100 }))
      if (interval[0] <= truth && truth <= interval[1]) inside++
    }
    expect(inside).toBeGreaterThan(36)
  })

  it('is narrower at a lower level, and with more trials', () => {
    const random = stream('width')
    const curve: FreezeCurve = { a: 0.15, b: 8, c: 0.06, k: 6 }
    const trials = Array.from({ length: 6 }, () => observe(curve, 100, { noise: () => 0.005 * random.normal() }))
    const width = (fit: FreezeTradeoff | UndeterminedTradeoff): number => fitted(fit).interval[1] - fitted(fit).interval[0]
    expect(width(fitFreezeTradeoff(trials.flat(), { n: 100, level: 0.5 }))).toBeLessThan(width(fitFreezeTradeoff(trials.flat(), { n: 100 })))
    expect(width(fitFreezeTradeoff(trials.flat(), { n: 100 }))).toBeLessThan(width(fitFreezeTradeoff(trials[0]!, { n: 100 })))
  })

  it('says why it cannot tell', () => {
    const curve: FreezeCurve = { a: 0.15, b: 8, c: 0.06, k: 6 }
    const random = stream('nothing')
    const reason = (observations: readonly FreezeObservation[]): string => {
      const fit = fitFreezeTradeoff(observations, { n: 100 })
      return fit.kind === 'undetermined' ? fit.reason : JSON.stringify(fit)
    }
    expect(reason([])).toMatch(/have 0 different freeze ratios/)
    expect(reason(Array.from({ length: 40 }, () => ({ freezeRatio: 0.5, score: random.normal() })))).toMatch(/have 1 different freeze ratio,/)
    expect(reason(observe(curve, 100, { ratios: 4 }))).toMatch(/have 4 different/)
    expect(reason(observe(curve, 100, { ratios: 5 }))).toMatch(/5 observations leave nothing/)
    expect(reason(observe(curve, 100).map((trial, group) => ({ ...trial, group })))).toMatch(/have 0 different/)
    expect(reason(observe(curve, 100).map(({ freezeRatio }) => ({ freezeRatio, score: 0.5 })))).toMatch(/no curve of this form fits better than a level line/)
    expect(reason(observe({ ...curve, a: 0, b: 0, c: 0 }, 100, { noise: () => random.normal() }))).toMatch(/every freeze ratio from 0 to 1 may be the best|no curve/)
    expect(reason(observe(curve, 100).map(({ freezeRatio, score }) => ({ freezeRatio, score: -score })))).toMatch(/worst in between|every freeze ratio/)
  })

  it('refuses what is no observation', () => {
    const refused = (message: RegExp): unknown => expect.objectContaining({ code: 'TFJS_OPTION', message: expect.stringMatching(message) as string })
    const fit = (part: object, options: object = {}) => () => fitFreezeTradeoff([{ freezeRatio: 0.5, score: 1, ...part }], { n: 10, ...options })
    expect(fit({ freezeRatio: 1.2 })).toThrow(refused(/observations\[0\]\.freezeRatio is 1\.2/))
    expect(fit({ score: NaN })).toThrow(refused(/observations\[0\]\.score is NaN/))
    expect(fit({ n: 0 })).toThrow(refused(/observations\[0\]\.n is 0/))
    expect(fit({}, { n: -1 })).toThrow(refused(/n is the number of samples/))
    expect(fit({}, { level: 95 })).toThrow(refused(/level must be between 0 and 1/))
    expect(fit({}, { minimise: true })).toThrow(refused(/fitFreezeTradeoff has no option "minimise"/))
    expect(fit({}, { direction: 'up' })).toThrow(refused(/direction is/))
  })
})

describe('suggestFreezeRatios', () => {
  it('gives f*, then the ends and the middle of its interval', () => {
    const random = stream('suggest')
    const fit = fitted(fitFreezeTradeoff([0, 1, 2].flatMap(() => observe({ a: 0.15, b: 8, c: 0.06, k: 6 }, 100, { noise: () => 0.01 * random.normal() })), { n: 100 }))
    const [low, high] = fit.interval
    expect(suggestFreezeRatios(fit)).toEqual([fit.freezeRatio, low, high])
    expect(suggestFreezeRatios(fit, { count: 1 })).toEqual([fit.freezeRatio])
    expect(suggestFreezeRatios({ ...fit, freezeRatio: 0.52, interval: [0.3, 0.6] }, { units: 4 })).toEqual([0.5, 0.25])
    expect(suggestFreezeRatios(fit, { count: 4 })).toEqual([fit.freezeRatio, low, (low + high) / 2, high])
    expect(suggestFreezeRatios({ ...fit, interval: [fit.freezeRatio, fit.freezeRatio] }, { count: 5 })).toEqual([fit.freezeRatio])
  })

  it('spreads them where nothing is known', () => {
    expect(suggestFreezeRatios({ kind: 'undetermined', reason: '' }, { count: 5 })).toEqual([0, 0.25, 0.5, 0.75, 1])
    expect(suggestFreezeRatios({ kind: 'undetermined', reason: '' }, { count: 1 })).toEqual([0.5])
    expect(() => suggestFreezeRatios({ kind: 'undetermined', reason: '' }, { count: 0 })).toThrow(expect.objectContaining({ code: 'TFJS_OPTION' }))
    expect(() => suggestFreezeRatios({ kind: 'undetermined', reason: '' }, { unit: 4 } as object)).toThrow('suggestFreezeRatios has no option "unit". Did you mean "units"?')
  })
})

describe('numerics', () => {
  it('has the bounds of Student’s t that tables print', () => {
    for (const [level, degrees, bound] of [[0.95, 1, 12.706], [0.95, 2, 4.303], [0.95, 5, 2.571], [0.99, 10, 3.169], [0.95, 30, 2.042], [0.5, 4, 0.741], [0.95, 1000, 1.962]] as const) {
      expect(studentBound(level, degrees)).toBeCloseTo(bound, 3)
      expect(studentCentral(studentBound(level, degrees), degrees)).toBeCloseTo(level, 12)
    }
  })

  it('solves non-negative least squares: the conditions of Karush, Kuhn and Tucker hold', () => {
    const random = stream('nnls')
    let bound = 0
    for (let i = 0; i < 300; i++) {
      const rows = Array.from({ length: 8 }, () => Array.from({ length: 3 }, () => random.normal()))
      const y = rows.map(() => random.normal())
      const gram = Float64Array.from({ length: 9 }, (_, at) => rows.reduce((sum, row) => sum + row[Math.floor(at / 3)]! * row[at % 3]!, 0))
      const right = Float64Array.from({ length: 3 }, (_, at) => rows.reduce((sum, row, r) => sum + row[at]! * y[r]!, 0))
      const { theta, rest } = nonNegativeLeastSquares({ size: 3, gram, right, total: y.reduce((sum, value) => sum + value * value, 0) })
      const errors = rows.map((row, r) => y[r]! - row.reduce((sum, value, at) => sum + value * theta[at]!, 0))
      expect(rest).toBeCloseTo(errors.reduce((sum, value) => sum + value * value, 0), 10)
      for (let at = 0; at < 3; at++) {
        const slope = rows.reduce((sum, row, r) => sum + row[at]! * errors[r]!, 0)
        if (theta[at] === 0) bound++
        if (theta[at]! > 0) expect(slope).toBeCloseTo(0, 10)
        else expect(slope).toBeLessThan(1e-10)
      }
    }
    expect(bound).toBeGreaterThan(100)
  })
})
