import { describe, expect, it } from 'vitest'
import { numberAxis, usefulRange } from './number-axis.ts'

describe('numberAxis', () => {
  it('puts what lies beyond, infinities included, at the ends', () => {
    const axis = numberAxis({ low: 0, high: 10, range: [100, 0] })
    expect([0, 5, 10, 20, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(axis.at)).toEqual([100, 50, 0, 0, 100, 0, 100])
    expect(axis.at(Number.NaN)).toBeNaN()
    expect([axis.beyond(10), axis.beyond(10.1), axis.beyond(Number.POSITIVE_INFINITY)]).toEqual([false, true, true])
  })

  it('spreads a logarithmic axis by powers, and thins its labels', () => {
    const axis = numberAxis({ low: 1e-4, high: 1e-1, range: [0, 300], log: true })
    expect(axis.at(1e-3)).toBeCloseTo(100)
    expect(axis.at(0)).toBe(0)
    expect(axis.ticks.map(({ label }) => label)).toEqual(['0.0001', '0.001', '0.01', '0.1'])
    expect(numberAxis({ low: 1e-12, high: 1, range: [0, 300], log: true }).ticks.length).toBeLessThanOrEqual(6)
    expect(numberAxis({ low: 2, high: 9, range: [0, 300], log: true }).ticks.map(({ label }) => label)).toEqual(['2', '5'])
  })

  it('has room around a single value', () => {
    const axis = numberAxis({ low: 5, high: 5, range: [0, 100] })
    expect(axis.at(5)).toBe(50)
    expect(numberAxis({ low: 0, high: 0, range: [0, 100] }).at(0)).toBe(50)
    expect(numberAxis({ low: 3, high: 3, range: [0, 100], log: true }).at(3)).toBeCloseTo(50)
  })

  it('stands every finite number', () => {
    const ends = [-Number.MAX_VALUE, -1, -Number.MIN_VALUE, 0, Number.MIN_VALUE, 1e-320, 1e-290, 1, Number.MAX_VALUE]
    for (const low of ends) {
      for (const high of ends.filter((end) => end >= low)) {
        for (const log of low > 0 ? [false, true] : [false]) {
          const axis = numberAxis({ low, high, range: [0, 100], log, nice: true })
          const [from, to] = [axis.at(low), axis.at(high)]
          const what = `${low} to ${high}${log ? ' (log)' : ''}: ${from} to ${to}, ${axis.ticks.map(({ at }) => at).join()}`
          expect(from >= 0 && from <= to && to <= 100, what).toBe(true)
          expect(axis.ticks.length, what).toBeLessThanOrEqual(20)
          expect(axis.ticks.every(({ at }) => at >= 0 && at <= 100), what).toBe(true)
        }
      }
    }
    expect(numberAxis({ low: -Number.MAX_VALUE, high: Number.MAX_VALUE, range: [0, 100] }).at(0)).toBe(50)
  })

  it('labels whole numbers only where asked', () => {
    expect(numberAxis({ low: 0, high: 2, range: [0, 1], whole: true }).ticks.map(({ label }) => label)).toEqual(['0', '1', '2'])
  })
})

describe('usefulRange', () => {
  const usual = Array.from({ length: 30 }, (_, index) => 1 + index / 100)

  it('is everything, where nothing is far off', () => {
    expect(usefulRange(usual, 'minimize')).toEqual({ low: 1, high: 1.29, log: false })
    expect(usefulRange([3, Number.NaN, Number.POSITIVE_INFINITY, 2], 'minimize')).toEqual({ low: 2, high: 3, log: false })
  })

  it('leaves out a few bad values, but never good ones', () => {
    const bad = [...usual, 80]
    expect(usefulRange(bad, 'minimize')!.high).toBeLessThan(1.5)
    expect(usefulRange(bad, 'maximize')!.high).toBe(80)
  })

  it('turns logarithmic over three powers of ten, and is undefined without a finite value', () => {
    expect(usefulRange([0.001, 2], 'minimize')).toEqual({ low: 0.001, high: 2, log: true })
    expect(usefulRange([0, 2000], 'minimize')!.log).toBe(false)
    expect(usefulRange([Number.NaN, Number.POSITIVE_INFINITY], 'minimize')).toBeUndefined()
  })
})
