import { describe, expect, it } from 'vitest'
import { logImprovement, logImprovementSlope, logNormalCdf, logNormalCdfSlope } from './log-improvement.ts'

/*
 * z, log h, Φ / h, log Φ, φ / Φ with h = φ + z Φ, by mpmath 1.3 with 60 digits:
 *   h = npdf(z) + z * ncdf(z); log(h), ncdf(z) / h, log(ncdf(z)), npdf(z) / ncdf(z)
 */
const reference = [
  [3, 1.0987396653277078, 0.33284096845179524, -0.0013508099647481938, 0.0044378390421256638],
  [0, -0.91893853320467274, 1.2533141373155003, -0.69314718055994531, 0.79788456080286536],
  [-0.5, -1.6205162643873199, 1.5598731483480797, -1.1759117615936186, 1.1410777703680645],
  [-1, -2.4851210257126413, 1.9042712333296918, -1.8410216450092635, 1.5251352761609812],
  [-1.5, -3.5299359208057099, 2.2795806941564462, -2.7059444008238898, 1.9386771666225432],
  [-4.9, -16.212816407897734, 5.2679101005632792, -14.551182689355311, 5.0898286001298833],
  [-5.1, -17.285185774704836, 5.4559059518768738, -15.588487091871468, 5.2832876169091574],
  [-8, -37.122364261692633, 8.2393965068400669, -35.01343715991455, 8.1213681122361127],
  [-19.9, -204.91288769492169, 19.999754282210965, -201.91716770733263, 19.95000061430202],
  [-20.1, -208.93274041662459, 20.198776124515667, -205.92711840194822, 20.149507950077544],
  [-40, -808.29856835661996, 40.049906657648518, -804.60844201375379, 40.024968847207264],
  [-1000, -500014.73445209116, 1000.001999994, -500007.82669481218, 1000.000999998],
  [-1e6, -500000000028.54996, 1000000.000002, -500000000014.73445, 1000000.000001],
] as const

describe('logarithms of improvement and probability', () => {
  it.each(reference)('are those of the reference at %s', (z, improvement, improvementSlope, cdf, cdfSlope) => {
    expect(Math.abs(logImprovement(z) - improvement)).toBeLessThan(1e-11 * Math.max(1, Math.abs(improvement)))
    expect(logImprovementSlope(z) / improvementSlope).toBeCloseTo(1, 10)
    expect(Math.abs(logNormalCdf(z) - cdf)).toBeLessThan(1e-11 * Math.max(1, Math.abs(cdf)))
    expect(logNormalCdfSlope(z) / cdfSlope).toBeCloseTo(1, 11)
  })

  it('rise everywhere, also where a formula takes over from another', () => {
    for (const around of [-1, -5, -20]) {
      for (let i = -20; i < 20; i++) {
        const z = around + i * 1e-7
        expect(logImprovement(z + 1e-7)).toBeGreaterThan(logImprovement(z))
        expect(logNormalCdf(z + 1e-7)).toBeGreaterThan(logNormalCdf(z))
      }
    }
  })
})
