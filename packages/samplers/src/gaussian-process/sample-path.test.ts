import { choice, float, oneOf, space, ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { axesOf } from '../model/axis.ts'
import { GaussianProcess } from './gaussian-process.ts'
import { lengthOf } from './hyperparameters.ts'
import { layoutOf } from './layout.ts'
import { SamplePath } from './sample-path.ts'

const tree = space({ x: float(0, 1), kind: choice(['a', 'b', 'c']), branch: oneOf({ p: { y: float(0, 1) }, q: {} }) })
const layout = layoutOf(axesOf(tree))
const { width } = layout
const known = 6
const asked = 5
const random = new ThreefryRandom(3).stream(0, 'rows')
const rows = new Float64Array((known + asked) * width)
for (let i = 0; i < known + asked; i++) rows.set(tree.encode(tree.sample(random)), i * width)
const hyperparameters = Float64Array.from({ length: lengthOf(layout) }, () => 0.5 * random.normal())
hyperparameters[1] = -3
const targets = Float64Array.from({ length: known }, () => random.normal())
const unknown = rows.subarray(known * width)

describe.each(['matern52', 'matern32', 'rbf'] as const)('a path drawn from a model with %s', (kernel) => {
  const source = { layout, kernel, hyperparameters, rows: rows.slice(0, known * width), targets, count: known }
  const pathOf = (draw: number): SamplePath => new SamplePath(source, new ThreefryRandom(draw).stream(0, 'path'))

  it('has the mean and variance of the model, over many draws', () => {
    const mean = new Float64Array(asked)
    const variance = new Float64Array(asked)
    new GaussianProcess(layout, kernel, hyperparameters, source.rows, targets, known).predict(unknown, asked, mean, variance)
    const draws = 600
    const sums = new Float64Array(asked)
    const squares = new Float64Array(asked)
    const values = new Float64Array(asked)
    for (let draw = 0; draw < draws; draw++) {
      pathOf(draw).values(unknown, asked, values)
      for (let i = 0; i < asked; i++) {
        sums[i] = (sums[i] as number) - (values[i] as number)
        squares[i] = (squares[i] as number) + (values[i] as number) ** 2
      }
    }
    for (let i = 0; i < asked; i++) {
      const average = (sums[i] as number) / draws
      expect(Math.abs(average - (mean[i] as number))).toBeLessThan(4.5 * Math.sqrt((variance[i] as number) / draws))
      // The deviation of the ratio is √(2 / draws), 6 %.
      expect(((squares[i] as number) / draws - average ** 2) / (variance[i] as number)).toBeCloseTo(1, 0.4)
    }
  })

  it('has the slopes of its differences', () => {
    const path = pathOf(1)
    const slopes = new Float64Array(width)
    const value = new Float64Array(1)
    for (let i = 0; i < asked; i++) {
      const point = unknown.slice(i * width, (i + 1) * width)
      path.values(point, 1, value)
      expect(path.valueWithSlopes(unknown, i * width, slopes)).toBeCloseTo(value[0] as number, 9)
      for (const axis of layout.numbers) {
        if (Number.isNaN(point[axis])) continue
        const at = (shift: number): number => (path.values(point.with(axis, (point[axis] as number) + shift), 1, value), value[0] as number)
        expect((at(1e-5) - at(-1e-5)) / 2e-5).toBeCloseTo(slopes[axis] as number, 3)
      }
    }
  })
})
