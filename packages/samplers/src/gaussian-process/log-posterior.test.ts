import { choice, float, int, oneOf, ordinal, type Space, space, ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { axesOf } from '../model/axis.ts'
import { fitInParts } from './fit.ts'
import { GaussianProcess } from './gaussian-process.ts'
import { defaults, fromNote, isFitNote, lengthOf, type LogHyperparameters, noteOf, rounded } from './hyperparameters.ts'
import type { KernelName } from './kernel.ts'
import { type Layout, layoutOf } from './layout.ts'
import { LogPosterior } from './log-posterior.ts'

const tree = space({
  rate: float(1e-5, 1, { scale: 'log' }),
  layers: int(1, 8),
  size: ordinal(['s', 'm', 'l']),
  optimizer: oneOf({ sgd: { momentum: float(0, 1), kind: choice(['a', 'b', 'c']) }, adam: { beta: float(0, 1) }, none: {} }),
})

interface Sample {
  readonly layout: Layout
  readonly rows: Float64Array
  readonly targets: Float64Array
  readonly count: number
  readonly vector: LogHyperparameters
}

function sampleOf(of: Space<unknown>, count: number): Sample {
  const random = new ThreefryRandom(7).stream(0, 'sample')
  const layout = layoutOf(axesOf(of))
  const rows = new Float64Array(count * layout.width)
  for (let i = 0; i < count; i++) rows.set(of.encode(of.sample(random)), i * layout.width)
  const vector = Float64Array.from({ length: lengthOf(layout) }, () => 0.6 * random.normal())
  vector[1] = -3
  return { layout, rows, targets: Float64Array.from({ length: count }, () => random.normal()), count, vector }
}

/** The covariance as the text has it, one pair of points at a time. */
function slowCovariance({ layout, rows, vector }: Sample, kernel: KernelName, i: number, j: number): number {
  const { axes, width, numbers } = layout
  const warped = (unit: number, place: number): number => {
    const [a = 0, b = 0] = vector.subarray(2 + width + 2 * place)
    return 1 - (1 - (1e-4 + 0.9998 * (Number.isNaN(unit) ? 0.5 : unit)) ** Math.exp(a)) ** Math.exp(b)
  }
  let squared = 0
  for (const [axis, { shape }] of axes.entries()) {
    const x = rows[i * width + axis] as number
    const y = rows[j * width + axis] as number
    const place = numbers.indexOf(axis)
    const distance = shape === 'categorical' ? Number(!Object.is(x, y)) : (warped(x, place) - warped(y, place)) ** 2
    squared += Math.exp(vector[2 + axis] as number) * (distance + (Number.isNaN(x) === Number.isNaN(y) ? 0 : 0.25))
  }
  const r = Math.sqrt(squared)
  const correlation = {
    matern52: (1 + Math.sqrt(5) * r + (5 / 3) * squared) * Math.exp(-Math.sqrt(5) * r),
    matern32: (1 + Math.sqrt(3) * r) * Math.exp(-Math.sqrt(3) * r),
    rbf: Math.exp(-squared / 2),
  }[kernel]
  return Math.exp(vector[0] as number) * (correlation + (i === j ? 1e-9 : 0)) + (i === j ? Math.exp(vector[1] as number) : 0)
}

/** Solves by Gaussian elimination; answers the solution and the log determinant. */
function slowSolve(matrix: number[][], side: readonly number[]): { readonly solution: number[]; readonly logDeterminant: number } {
  const rows = matrix.map((row, i) => [...row, side[i] as number])
  let logDeterminant = 0
  for (let k = 0; k < rows.length; k++) {
    const pivot = rows[k] as number[]
    logDeterminant += Math.log(pivot[k] as number)
    for (const [i, row] of rows.entries()) {
      if (i === k) continue
      const factor = (row[k] as number) / (pivot[k] as number)
      for (let j = k; j < row.length; j++) row[j] = (row[j] as number) - factor * (pivot[j] as number)
    }
  }
  return { solution: rows.map((row, i) => (row.at(-1) as number) / (row[i] as number)), logDeterminant }
}

const covarianceMatrix = (sample: Sample, kernel: KernelName): number[][] => Array.from({ length: sample.count }, (_, i) => Array.from({ length: sample.count }, (__, j) => slowCovariance(sample, kernel, i, j)))

describe.each(['matern52', 'matern32', 'rbf'] as const)('the posterior of hyperparameters of %s', (kernel) => {
  it('is that of the slow way', () => {
    const sample = sampleOf(tree, 17)
    const { layout, rows, targets, count, vector } = sample
    const { solution, logDeterminant } = slowSolve(covarianceMatrix(sample, kernel), [...targets])
    let expected = 0.5 * logDeterminant + 0.5 * solution.reduce((sum, one, i) => sum + one * (targets[i] as number), 0)
    const [signal = 0, noise = 0] = vector
    expected -= signal - Math.exp(signal) + 0.1 * noise - 30 * Math.exp(noise)
    for (const weight of vector.subarray(2, 2 + layout.width)) expected += 0.1 / Math.exp(weight) + 0.1 * Math.exp(weight)
    for (const one of vector.subarray(2 + layout.width)) expected += 8 * one ** 2
    expect(new LogPosterior(layout, kernel, rows, targets, count).evaluate(vector, new Float64Array(vector.length))).toBeCloseTo(expected, 9)
  })

  it('has the gradient of its differences', () => {
    for (const count of [1, 2, 6, 17]) {
      const { layout, rows, targets, vector } = sampleOf(tree, count)
      const posterior = new LogPosterior(layout, kernel, rows, targets, count)
      const gradient = new Float64Array(vector.length)
      const scratch = new Float64Array(vector.length)
      posterior.evaluate(vector, gradient)
      for (let i = 0; i < vector.length; i++) {
        const at = (shift: number): number => posterior.evaluate(vector.with(i, (vector[i] as number) + shift), scratch)
        const difference = (8 * (at(1e-4) - at(-1e-4)) - (at(2e-4) - at(-2e-4))) / 12e-4
        expect(Math.abs(difference - (gradient[i] as number))).toBeLessThan(1e-7 * Math.max(1, Math.abs(difference)))
      }
    }
  })

  it('predicts as the slow way does, in batches of any size, with the slopes of its differences', () => {
    const sample = sampleOf(tree, 20)
    const { layout, rows, targets, vector } = sample
    const { width } = layout
    const known = 13
    const matrix = covarianceMatrix(sample, kernel)
    const inner = matrix.slice(0, known).map((row) => row.slice(0, known))
    const model = new GaussianProcess(layout, kernel, vector, rows, targets, known)
    expect(model.isUsable).toBe(true)
    const mean = new Float64Array(7)
    const variance = new Float64Array(7)
    model.predict(rows.subarray(known * width), 7, mean, variance)
    const out = new Float64Array(2)
    const byMean = new Float64Array(width)
    const byVariance = new Float64Array(width)
    for (let one = 0; one < 7; one++) {
      const own = (matrix[known + one] as number[]).slice(0, known)
      const byTargets = slowSolve(inner, [...targets.subarray(0, known)]).solution
      const byOwn = slowSolve(inner, own).solution
      expect(mean[one]).toBeCloseTo(own.reduce((sum, x, i) => sum + x * (byTargets[i] as number), 0), 9)
      expect(variance[one]).toBeCloseTo(Math.exp(vector[0] as number) - own.reduce((sum, x, i) => sum + x * (byOwn[i] as number), 0), 9)
      const point = rows.slice((known + one) * width, (known + one + 1) * width)
      model.predictWithSlopes(rows, (known + one) * width, out, byMean, byVariance)
      expect([...out]).toEqual([expect.closeTo(mean[one] as number, 9), expect.closeTo(variance[one] as number, 9)])
      for (const axis of layout.numbers) {
        if (Number.isNaN(point[axis])) {
          expect([byMean[axis], byVariance[axis]]).toEqual([0, 0])
          continue
        }
        const at = (shift: number): readonly [number, number] => {
          const m = new Float64Array(1)
          const v = new Float64Array(1)
          model.predict(point.with(axis, (point[axis] as number) + shift), 1, m, v)
          return [m[0] as number, v[0] as number]
        }
        const step = Math.min(1e-4, (point[axis] as number) / 3, (1 - (point[axis] as number)) / 3)
        const [high, low] = [at(step), at(-step)]
        expect((high[0] - low[0]) / (2 * step)).toBeCloseTo(byMean[axis] as number, 4)
        expect((high[1] - low[1]) / (2 * step)).toBeCloseTo(byVariance[axis] as number, 4)
      }
    }
  })
})

describe('a Gaussian process', () => {
  it('is the same whether points are added one by one or at once', () => {
    const { layout, rows, targets, vector } = sampleOf(tree, 60)
    const whole = new GaussianProcess(layout, 'matern52', vector, rows, targets, 60)
    const grown = new GaussianProcess(layout, 'matern52', vector, rows, targets, 3)
    for (let i = 3; i < 60; i++) expect(grown.add(rows.subarray(i * layout.width), targets.subarray(i), 1)).toBe(true)
    const predictions = [whole, grown].map((model) => {
      const mean = new Float64Array(60)
      const variance = new Float64Array(60)
      model.predict(rows, 60, mean, variance)
      return { mean, variance }
    })
    expect(predictions[1]).toEqual(predictions[0])
  })

  it('refuses what makes its covariance singular, and stays as it was', () => {
    const { layout, rows, targets, vector } = sampleOf(tree, 5)
    const model = new GaussianProcess(layout, 'matern52', vector, rows, targets, 5)
    expect(model.add(new Float64Array(layout.width).fill(Infinity), targets, 1)).toBe(false)
    expect(model.count).toBe(5)
    const mean = new Float64Array(1)
    model.predict(rows, 1, mean, new Float64Array(1))
    expect(mean[0]).not.toBeNaN()
  })
})

describe('the note of a fit', () => {
  it('gives back what was fitted, to four decimals, and defaults for axes that came later', () => {
    const { layout, vector } = sampleOf(tree, 1)
    const note = JSON.parse(JSON.stringify(noteOf(layout, rounded(vector), 12))) as unknown
    if (!isFitNote(note)) throw new Error('not a note')
    expect(fromNote(layout, note)).toEqual(rounded(vector))
    expect(rounded(vector)[3]).toBeCloseTo(vector[3] as number, 3)
    const grown = layoutOf(axesOf(space({ ...Object.fromEntries(layout.axes.map((_, i) => [`x${i}`, float(0, 1)])), more: float(0, 1) })))
    expect([...fromNote(grown, note).subarray(0, 3 + layout.width)]).toEqual([...rounded(vector).subarray(0, 2 + layout.width), 0])
    for (const bad of [null, 3, [], {}, { ...note, weights: ['a'] }, { ...note, warps: 'AB' }, { ...note, scales: '' }, { ...note, weights: 'A!C' }, { ...note, weights: '\u{1F600}A' }]) expect(isFitNote(bad)).toBe(false)
  })

  it('is left out where it is too long to be kept', () => {
    const layout = layoutOf(axesOf(space(Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`x${i}`, float(0, 1)])))))
    expect(noteOf(layout, new Float64Array(lengthOf(layout)).fill(1 / 3), 12)).toBeUndefined()
  })
})

describe('a fit', () => {
  it('lets other work have its turn every few evaluations where these are long', () => {
    const of = space(Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`x${i}`, float(0, 1)])))
    const { layout, rows, targets, count } = sampleOf(of, 200)
    let turns = 0
    const steps = fitInParts(layout, rows, targets, count, defaults(layout), { kernel: 'matern52', warping: true, noise: true, iterations: 15 })
    while (steps.next().done !== true) turns++
    expect(turns).toBeGreaterThan(3)
  })
})
