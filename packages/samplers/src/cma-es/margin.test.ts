import { int, normalCdf, Space, ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { axesOf } from '../model/axis.ts'
import { Margin } from './margin.ts'
import { NormalSearch } from './normal-search.ts'
import { strategyOf } from './strategy.ts'

const closeTo = (actual: ArrayLike<number>, expected: readonly number[]): void => expected.forEach((one, i) => expect(actual[i]).toBeCloseTo(one, 9))

function searchOf(mean: readonly number[], deviation: number): NormalSearch {
  const n = mean.length
  const covariance = Float64Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? 1 : 0))
  return new NormalSearch(strategyOf(n, 6), new Uint8Array(n), { mean: Float64Array.from(mean), deviation, covariance })
}

describe('Margin', () => {
  it('centres and corrects as the Python package cmaes does', () => {
    // cmaes 0.13.1: CatCMAwM(z_space=[[.1, .3, .5, .7, .9]] * 3, population_size=6), _integer_centering and _margin_correction.
    const axes = axesOf(Space.of({ a: int(0, 4), b: int(0, 4), c: int(0, 4) }))
    const search = searchOf([0.52, 0.93, 0.31], 0.02)
    const margin = new Margin(axes.map((axis, at) => ({ at, axis })), 3)
    const samples = Float64Array.of(0.53, 0.95, 0.43, 0.62, 0.88, 0.33, 0.47, 0.97, 0.36, 0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.3, 0.3, 0.3)
    margin.centre(search, samples)
    closeTo(samples, [0.5, 0.95, 0.5, 0.7, 0.88, 0.30666666666666664, 0.47, 0.97, 0.31333333333333335, 0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.3, 0.3, 0.3])
    margin.keep(search)
    closeTo(search.mean, [0.5, 0.9, 0.3])
    closeTo(search.scale, [3.036097284357555, 3.8943876221126033, 3.036097284357556])
  })

  it.each([[int(0, 4)], [int(1, 300)], [int(1, 20, { scale: 'log' })], [int(1, 5000, { scale: 'log' })]])('leaves another cell within reach, whatever the distribution (%j)', (leaf) => {
    const [axis] = axesOf(Space.of({ n: leaf }))
    const stream = new ThreefryRandom(4).stream(0, 'margin')
    const least = 1 - 0.73
    const valueAt = (unit: number): unknown => axis!.dimension.decode(unit)
    for (let i = 0; i < 40; i++) {
      const search = searchOf([1.4 * stream.uniform() - 0.2], 10 ** (-6 * stream.uniform()))
      new Margin([{ at: 0, axis: axis! }], 1).keep(search)
      const [mean = 0] = search.mean
      const size = search.deviation * search.scale[0]!
      // Slow and obvious: bisects for where the value of the mean ends on either side.
      const within = Math.min(1, Math.max(0, mean))
      const end = (bound: number): number => {
        let [inside, outside] = [within, bound]
        if (valueAt(bound) === valueAt(within)) return bound === 0 ? -Infinity : Infinity
        for (let step = 0; step < 60; step++) {
          const middle = (inside + outside) / 2
          if (valueAt(middle) === valueAt(within)) inside = middle
          else outside = middle
        }
        return inside
      }
      const others = normalCdf((end(0) - mean) / size) + 1 - normalCdf((end(1) - mean) / size)
      expect(others).toBeGreaterThan(0.9 * least)
    }
  })

  it('changes nothing while the distribution is wide, or where there are no cells', () => {
    const [axis] = axesOf(Space.of({ n: int(0, 9) }))
    const search = searchOf([0.43], 0.2)
    const margin = new Margin([{ at: 0, axis: axis! }], 1)
    margin.centre(search, Float64Array.of(0.75, 0.35, 0.15, 0.1, 0.1, 0.1)) // Parents came from other cells.
    margin.keep(search)
    expect([search.mean[0], search.scale[0]]).toEqual([0.43, 1])
    new Margin([], 0).keep(search)
    expect(search.mean[0]).toBe(0.43)
  })
})
