import { describe, expect, it } from 'vitest'
import { logNormalInterval, logTruncatedMass, truncatedQuantile } from './truncated-normal.ts'

// Reference values: SciPy 1.17.1 (norm.cdf, truncnorm.ppf) and, for intervals, mpmath with 40 digits.

describe('logTruncatedMass', () => {
  it.each([
    [0.5, 0.1, -5.733033081853806e-7],
    [0, 0.05, -0.6931471805599453],
    [1, 0.3, -0.6940056696226454],
    [0.02, 1, -1.065849147006578],
    [0.97, 0.01, -0.0013508099647482027],
    [0.3, 0.002, 0],
  ])('of mean %f and deviation %f', (mean, deviation, expected) => {
    expect(Math.abs(logTruncatedMass(mean, deviation) - expected)).toBeLessThan(1e-15 + 1e-9 * Math.abs(expected))
  })
})

describe('logNormalInterval', () => {
  it.each([
    [-1, 1, -0.38171514630212605],
    [0, 1e-8, -19.339619277157038],
    [5, 6, -15.068446096529453],
    [-38, -37, -689.0305855768906],
    [8, 8.5, -35.02879250857975],
    [-0.3, 12, -0.4814101615884812],
    [-2, -1.999999, -16.734448091251213],
    [36, 37, -652.5032275937984],
  ])('from %f to %f', (from, to, expected) => {
    // Narrow intervals lose digits to the difference of their ends, as they must.
    expect(logNormalInterval(from, to)).toBeCloseTo(expected, 7)
  })

  it('stays finite where masses underflow', () => {
    expect(logNormalInterval(50, 51)).toBeGreaterThan(-700)
    expect(logNormalInterval(-51, -50)).toBeGreaterThan(-700)
  })
})

describe('truncatedQuantile', () => {
  it.each([
    [0.5, 0.1, 1e-12, 6.726203122253693e-8], [0.5, 0.1, 0.01, 0.26736626660161], [0.5, 0.1, 0.37, 0.46681468509559765], [0.5, 0.1, 0.9, 0.6281550258859444],
    [0, 0.05, 1e-12, 6.266432059254652e-14], [0, 0.05, 0.5, 0.033724487509804085], [0, 0.05, 0.999999999, 0.30547051046917245],
    [1, 0.3, 0.01, 0.2357476281312053], [1, 0.3, 0.9, 0.9623341163166516], [1, 0.3, 0.999999999, 0.9999999996243284],
    [0.02, 1, 0.37, 0.32407002980381544], [0.02, 1, 0.999999999, 0.999999998604449],
    [0.97, 0.01, 1e-12, 0.8996532781648701], [0.97, 0.01, 0.37, 0.9666682352578184], [0.97, 0.01, 0.999999999, 0.9999999977466518],
    [0.3, 0.002, 0.01, 0.2953473042519183], [0.3, 0.002, 0.999999999, 0.3119956140392033],
  ])('of mean %f and deviation %f at %d', (mean, deviation, probability, expected) => {
    expect(Math.abs(truncatedQuantile(mean, deviation, probability) - expected)).toBeLessThan(1e-9 * Math.max(1e-3, expected))
  })

  it('never leaves [0, 1]', () => {
    for (const mean of [0, 0.5, 1]) {
      for (const deviation of [1e-4, 0.1, 1]) {
        for (const probability of [0, 1e-300, 1 - 2 ** -53]) {
          const unit = truncatedQuantile(mean, deviation, probability)
          expect(unit >= 0 && unit <= 1).toBe(true)
        }
      }
    }
  })
})
