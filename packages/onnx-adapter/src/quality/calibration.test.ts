import { ThreefryRandom } from '@attune/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { confidenceBins, expectedCalibrationError, maximumCalibrationError, meanSquaredCalibrationError, type ReliabilityBin } from './confidence-bins.ts'
import { fitTemperature, TemperatureFitter } from './temperature.ts'
import { LabelOutOfRange, UnfitMetric, UnusableAnswer } from './unjudgeable.ts'

const binned = (rows: readonly (readonly [number, boolean])[], bins: number, binning: 'width' | 'mass'): readonly ReliabilityBin[] => {
  const sums = confidenceBins(bins, binning, rows.length)
  for (const [confidence, isRight] of rows) sums.add(confidence, isRight)
  return sums.result()
}

describe('bins of confidence', () => {
  it('of equal width take their upper edge, and the first one 0 as well', () => {
    const found = binned([[0, false], [0.25, true], [0.25000001, true], [0.5, false], [1, true]], 4, 'width')
    expect(found.map(({ from, to, rows, accuracy }) => [from, to, rows, accuracy])).toEqual([[0, 0.25, 2, 0.5], [0.25, 0.5, 2, 0.5], [0.5, 0.75, 0, null], [0.75, 1, 1, 1]])
    expect(found[1]!.confidence).toBeCloseTo((0.25000001 + 0.5) / 2, 12)
    // Every edge of every number of bins, where the product with their number is not whole.
    for (let bins = 1; bins <= 200; bins++) {
      for (let edge = 1; edge <= bins; edge++) expect(binned([[edge / bins, true]], bins, 'width').findIndex(({ rows }) => rows === 1)).toBe(edge - 1)
    }
  })

  it('of equal mass hold as many rows each where no two are equal', () => {
    const stream = new ThreefryRandom(1).stream(0, 'mass')
    const rows = Array.from({ length: 60 }, () => [stream.uniform(), stream.uniform() < 0.5] as const)
    const found = binned(rows, 12, 'mass')
    expect(found.map((bin) => bin.rows)).toEqual(Array.from({ length: 12 }, () => 5))
    const sorted = rows.toSorted((a, b) => a[0] - b[0])
    for (const [index, bin] of found.entries()) expect(bin.confidence).toBeCloseTo(sorted.slice(index * 5, index * 5 + 5).reduce((sum, [confidence]) => sum + confidence, 0) / 5, 12)
  })

  it('keep equal rows together, lose none, and do not depend on their order', () => {
    const row = fc.tuple(fc.constantFrom(0.1, 0.5, 0.5000000000000001, 0.9, 1), fc.boolean())
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 20 }), fc.constantFrom('width', 'mass'), (rows, bins, binning) => {
        const [found, reversed] = [binned(rows, bins, binning), binned(rows.toReversed(), bins, binning)]
        expect(found.reduce((sum, bin) => sum + bin.rows, 0)).toBe(rows.length)
        expect(reversed.map((bin) => [bin.rows, bin.accuracy])).toEqual(found.map((bin) => [bin.rows, bin.accuracy]))
        const ece = expectedCalibrationError(found)
        expect(maximumCalibrationError(found)).toBeGreaterThanOrEqual(ece - 1e-12)
        expect(meanSquaredCalibrationError(found)).toBeGreaterThanOrEqual(ece * ece - 1e-12)
      }),
    )
  })
})

describe('temperature', () => {
  /** Rows whose labels are drawn at the softmax of logits / temperature. */
  function drawn(rows: number, temperature: number): { readonly logits: Float64Array; readonly labels: Int32Array } {
    const stream = new ThreefryRandom(4).stream(0, `temperature ${temperature}`)
    const logits = Float64Array.from({ length: rows * 4 }, () => 6 * stream.uniform())
    const labels = Int32Array.from({ length: rows }, (_, row) => {
      const weights = Array.from(logits.subarray(row * 4, row * 4 + 4), (logit) => Math.exp(logit / temperature))
      let left = stream.uniform() * weights.reduce((sum, weight) => sum + weight)
      return Math.max(0, weights.findIndex((weight) => (left -= weight) < 0))
    })
    return { logits, labels }
  }

  it.each([0.4, 1, 2.5])('%d is found again in labels that were drawn at it', (temperature) => {
    const { logits, labels } = drawn(20_000, temperature)
    const fit = fitTemperature(logits, labels)
    expect(fit.temperature / temperature).toBeGreaterThan(0.96)
    expect(fit.temperature / temperature).toBeLessThan(1.04)
    expect(fit).toMatchObject({ atBound: false, rows: 20_000 })
    expect(fit.logLossAfter).toBeLessThanOrEqual(fit.logLossBefore)
  })

  it('is at a bound where all rows are right, or most are wrong, and 1 where no temperature matters', () => {
    expect(fitTemperature(Float64Array.of(2, 1, 1, 2), [0, 1])).toMatchObject({ temperature: 0.01, atBound: true })
    expect(fitTemperature(Float64Array.of(2, 1, 1, 2), [1, 0])).toMatchObject({ temperature: 100, atBound: true })
    expect(fitTemperature(Float64Array.of(5, 5, 3, 3), [1, 0])).toMatchObject({ temperature: 1, atBound: false })
    expect(fitTemperature(Float64Array.of(9000, -9000, -9000, 9000, 9000, -9000), [0, 1, 1])).toMatchObject({ temperature: 100, atBound: true })
  })

  it('is the same for logits and for their softmax, in any batches, also of one column', () => {
    const { logits, labels } = drawn(300, 2)
    const softmax = logits.map((logit, index) => Math.exp(logit) / logits.subarray(index - (index % 4), index - (index % 4) + 4).reduce((sum, other) => sum + Math.exp(other), 0))
    const fitter = new TemperatureFitter(labels, 'probabilities')
    for (const [first, end] of [[0, 7], [7, 200], [200, 300]] as const) fitter.add(softmax.subarray(first * 4, end * 4), end - first, first)
    expect(fitter.fit().temperature).toBeCloseTo(fitTemperature(logits, labels).temperature, 9)
    const binary = labels.map((label) => (label > 1 ? 1 : 0))
    const single = new TemperatureFitter(binary, 'logits')
    single.add(logits.filter((_, index) => index % 4 === 0), 300, 0)
    expect(single.fit().temperature).toBe(fitTemperature(Float64Array.from(logits.filter((_, index) => index % 4 === 0)).reduce((all, logit, row) => (all.set([0, logit], row * 2), all), new Float64Array(600)), binary).temperature)
  })

  it('is not fitted to what is no number, no probability, a label out of range, or more than memory holds', () => {
    expect(() => new TemperatureFitter(Int32Array.of(0), 'logits').add(Float32Array.of(1, Number.NaN), 1, 0)).toThrow(UnusableAnswer)
    expect(() => new TemperatureFitter(Int32Array.of(0), 'probabilities').add(Float32Array.of(3, 1), 1, 0)).toThrow(/no probabilities/)
    expect(() => new TemperatureFitter(Int32Array.of(2), 'logits').add(Float32Array.of(3, 1), 1, 0)).toThrow(LabelOutOfRange)
    const fitter = new TemperatureFitter(Int32Array.of(0, 0), 'logits')
    fitter.add(Float32Array.of(3, 1), 1, 0)
    expect(() => fitter.add(Float32Array.of(3, 1, 1), 1, 1)).toThrow(/3 numbers per row from row 1 on, after 2/)
    expect(() => new TemperatureFitter(new Int32Array(2 ** 20), 'logits').add(new Float32Array(1000), 1, 0)).toThrow(UnfitMetric)
  })
})
