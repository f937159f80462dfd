import { createStudy, float, int, minimize } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { halfLogarithm, halfRank } from '../model/half-rank.ts'
import { gp } from './gp.ts'
import { targetsOf } from './targets.ts'

/** Ten first losses with the median 6 and the best 5 below it. */
const first = [1, 3, 4, 5, 5.5, 6, 7, 8, 9, 30]

describe('losses as the Gaussian process has them', () => {
  it('are logarithms above the median where all are of a size', () => {
    const losses = Float64Array.from([...first, 0.5, 106])
    expect(targetsOf(losses, false).targets).toEqual(halfLogarithm(losses).targets)
  })

  it.each([['absurd', [107]], ['infinite', [Infinity]], ['minus infinity', [-Infinity]], ['huge', [1.7e308, -1.7e308]]])('are ranks above the median where one is %s', (_, more) => {
    const losses = Float64Array.from([...first, ...more])
    expect(targetsOf(losses, false).targets).toEqual(halfRank(losses).targets)
  })

  it('are ranks above the median in spaces of cells, and where the first are all the same', () => {
    expect(targetsOf(Float64Array.from(first), true).targets).toEqual(halfRank(Float64Array.from(first)).targets)
    const same = Float64Array.from([2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3])
    expect(targetsOf(same, false).targets).toEqual(halfRank(same).targets)
  })

  it('let the search go on beside a half of the space that diverges', async () => {
    let mean = 0
    for (let seed = 0; seed < 4; seed++) {
      const study = await createStudy({ space: { rate: float(1e-5, 1, { scale: 'log' }), layers: int(1, 8), width: float(0, 1), decay: float(0, 1) }, objective: minimize('loss'), sampler: gp(), seed })
      await study.optimize(({ params: { rate, layers, width, decay } }) => {
        const place = (Math.log10(rate) + 5) / 5
        return (5 * place - 2.5) ** 2 + 0.1 * (layers - 5) ** 2 + (width - 0.3) ** 2 + (decay - 0.8) ** 2 + (place > 0.55 ? 1e8 : 0)
      }, { trials: 40 })
      mean += study.best.value / 4
    }
    expect(mean).toBeLessThan(0.03) // about .1 with logarithms
  })
})
