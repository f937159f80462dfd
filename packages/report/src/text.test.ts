import { describe, expect, it } from 'vitest'
import { abridge, count, exactNumber, formatDuration, formatNumber } from './text.ts'

describe('formatNumber', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [1, '1'],
    [0.1 + 0.2, '0.3'],
    [0.972_349_99, '0.97235'],
    [123_456.789, '123456.8'],
    [1_234_567, '1.235e6'],
    [0.000_012_345, '1.234e−5'],
    [-2.5, '−2.5'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '∞'],
    [Number.NEGATIVE_INFINITY, '−∞'],
  ])('%d is %s', (value, text) => {
    expect(formatNumber(value)).toBe(text)
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1000, '1.0 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [3_600_000, '1 h 00 min'],
    [7_380_000, '2 h 03 min'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text)
  })
})

it('exactNumber reads back to the same number', () => {
  for (const value of [0, -0, 0.1, 5e-324, 1.7976931348623157e308, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) expect(Object.is(Number(exactNumber(value)), value)).toBe(true)
})

it('abridge keeps both ends and never cuts a character in two', () => {
  expect(abridge('short', 5)).toBe('short')
  expect(abridge('optimizer.sgd.momentum', 12)).toBe('opti…omentum')
  expect(abridge('😀😀😀😀😀😀', 4)).toBe('😀…😀😀')
})

it('count knows one from many', () => {
  expect([count(0, 'trial'), count(1, 'trial'), count(2, 'trial')]).toEqual(['0 trials', '1 trial', '2 trials'])
})
