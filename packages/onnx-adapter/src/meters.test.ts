import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { classificationMeter, LabelOutOfRange, quantile, regressionMeter, UnusableAnswer, type Meter } from './meters.ts'
import type { TensorArray } from './tensor-data.ts'

/** Feeds a meter all rows at once. */
function judged(meter: Meter, values: TensorArray, rows: number): ReturnType<Meter['result']> {
  meter.add(values, rows, 0)
  return meter.result()
}

describe('reference values of scikit-learn 1.9.1 (numpy 2.4.6): accuracy_score, log_loss, mean_*_error', () => {
  test('probabilities of three classes as 32-bit floats', () => {
    const scores = Float32Array.from([0.7, 0.2, 0.1, 0.1, 0.3, 0.6, 0.25, 0.5, 0.25, 1, 0, 0, 0.2, 0.2, 0.6])
    const { accuracy, logLoss } = judged(classificationMeter([0, 1, 1, 2, 2], 'probabilities'), scores, 5)
    expect(accuracy).toBe(0.6)
    expect(logLoss).toBeCloseTo(3.741401195526123, 6)
  })

  test('the same as 64-bit floats, whose epsilon is smaller', () => {
    const scores = Float64Array.from([0.7, 0.2, 0.1, 0.1, 0.3, 0.6, 0.25, 0.5, 0.25, 1, 0, 0, 0.2, 0.2, 0.6])
    expect(judged(classificationMeter([0, 1, 1, 2, 2], 'probabilities'), scores, 5).logLoss).toBeCloseTo(7.761654787773888, 6)
  })

  test('one probability for two classes', () => {
    const { accuracy, logLoss } = judged(classificationMeter([1, 0, 1, 1, 0], 'probabilities'), Float32Array.from([0.9, 0.2, 0.5, 0, 1]), 5)
    expect(accuracy).toBe(0.4)
    expect(logLoss).toBeCloseTo(6.5812835693359375, 5)
  })

  test('logits (scipy 1.x: log_softmax), also where exp overflows', () => {
    const scores = Float64Array.from([1000, 0, -1000, 1, 2, 3, -5, -5, -5])
    expect(judged(classificationMeter([1, 2, 0], 'logits'), scores, 3).logLoss).toBeCloseTo(333.83540608437085, 10)
    // numpy: mean(logaddexp(0, -x * sign))
    const single = judged(classificationMeter([0, 1, 1], 'logits'), Float64Array.from([800, -3, 0.5]), 3)
    expect(single.logLoss).toBeCloseTo(267.84088811191793, 10)
    expect(single.accuracy).toBeCloseTo(1 / 3, 15)
  })

  test('errors of two outputs', () => {
    const errors = judged(regressionMeter(Float64Array.from([1, 2, 3, 4, 5.5, -1]), 2), Float64Array.from([1.5, 2, 2, 4.25, 5, -3]), 3)
    expect(errors.meanSquaredError).toBeCloseTo(0.9270833333333334, 14)
    expect(errors.rootMeanSquaredError).toBeCloseTo(0.962851667357612, 14)
    expect(errors.meanAbsoluteError).toBeCloseTo(0.7083333333333333, 14)
  })

  test('quantiles (numpy.quantile)', () => {
    expect(quantile([1, 2, 4, 8, 16, 32, 64], 0.95)).toBeCloseTo(54.39999999999998, 12)
    expect(quantile([1, 2, 4, 8, 16, 32, 64], 0.5)).toBe(8)
    expect(quantile([1, 2], 0.5)).toBe(1.5)
    expect(quantile([3], 0.95)).toBe(3)
  })
})

test('batches of any size give what all rows at once give', () => {
  const logits = fc.array(fc.tuple(fc.double({ min: -50, max: 50, noNaN: true }), fc.double({ min: -50, max: 50, noNaN: true }), fc.double({ min: -50, max: 50, noNaN: true })), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(logits, fc.integer({ min: 1, max: 7 }), (rows, batch) => {
      const labels = rows.map((_, row) => row % 3)
      const whole = judged(classificationMeter(labels, 'logits'), Float64Array.from(rows.flat()), rows.length)
      const meter = classificationMeter(labels, 'logits')
      for (let first = 0; first < rows.length; first += batch) {
        const part = rows.slice(first, first + batch)
        meter.add(Float64Array.from(part.flat()), part.length, first)
      }
      expect(meter.result().accuracy).toBe(whole.accuracy)
      expect(meter.result().logLoss).toBeCloseTo(whole.logLoss!, 9)
      // The slow obvious way.
      const losses = rows.map((row, index) => -Math.log(Math.exp(row[labels[index]!]!) / row.reduce((sum, value) => sum + Math.exp(value), 0)))
      expect(whole.logLoss).toBeCloseTo(losses.reduce((sum, loss) => sum + loss, 0) / rows.length, 6)
    }),
  )
})

test('of equal scores the first class counts', () => {
  expect(judged(classificationMeter([0, 1], 'logits'), Float32Array.from([2, 2, 2, 2]), 2).accuracy).toBe(0.5)
})

test('classes as such, also as 64-bit integers', () => {
  expect(judged(classificationMeter([3, 0, 9], 'classes'), BigInt64Array.from([3n, 1n, 9n]), 3)).toEqual({ accuracy: 2 / 3 })
})

describe('answers that cannot be judged', () => {
  test.each([
    ['NaN', 'logits', [1, Number.NaN], /NaN in row 7/],
    ['infinity', 'probabilities', [1, Infinity], /Infinity in row 7/],
    ['logits for probabilities', 'probabilities', [3, -1], /\[3, -1\] in row 7, which are no probabilities.*scores: 'logits'/],
    ['a sum that is not 1', 'probabilities', [0.25, 0.25], /no probabilities/],
    ['scores for classes', 'classes', [0.25, 0.75], /2 numbers per row/],
  ] as const)('%s', (_, kind, values, message) => {
    const add = (): void => classificationMeter([0, 0, 0, 0, 0, 0, 0, 1], kind).add(Float64Array.from(values), 1, 7)
    expect(add).toThrow(UnusableAnswer)
    expect(add).toThrow(message)
  })

  test('a label that the model does not know', () => {
    expect(() => judged(classificationMeter([3], 'logits'), Float32Array.from([1, 2, 3]), 1)).toThrow(LabelOutOfRange)
    expect(() => judged(classificationMeter([2], 'probabilities'), Float32Array.from([0.5]), 1)).toThrow(/label 2, but the model knows 2 classes \(0 to 1\)/)
  })

  test('another width than the targets', () => {
    expect(() => judged(regressionMeter(new Float32Array(4), 2), new Float32Array(6), 2)).toThrow(/3 numbers per row, but the targets have 2/)
  })
})
