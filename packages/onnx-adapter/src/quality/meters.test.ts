import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { TensorArray } from '../tensor-data.ts'
import { checkMeasures } from './check-measures.ts'
import { classificationMeter } from './classification-meter.ts'
import type { ScoreKind } from './judged-row.ts'
import type { Meter, Quality } from './meter.ts'
import { metricDirections, type MetricOption } from './metric.ts'
import { regressionMeter } from './regression-meter.ts'
import { LabelOutOfRange, UnfitMetric, UnusableAnswer } from './unjudgeable.ts'

const report = { bins: 15, binning: 'width' } as const

function meterOf(labels: readonly number[], scores: ScoreKind, metrics?: readonly MetricOption[]): Meter {
  const truth = { labels: Int32Array.from(labels) }
  return classificationMeter(truth.labels, { measures: checkMeasures(metrics, truth, scores), scores, report: undefined })
}

/** Feeds a meter all rows at once. */
function judged(meter: Meter, values: TensorArray, rows: number): Quality['metrics'] {
  meter.add(values, rows, 0)
  return meter.result().metrics
}

describe('reference values of scikit-learn 1.9.1 (numpy 2.4.6), for machines without Python', () => {
  test('probabilities of three classes as 32-bit floats, whose epsilon is larger', () => {
    const scores = [0.7, 0.2, 0.1, 0.1, 0.3, 0.6, 0.25, 0.5, 0.25, 1, 0, 0, 0.2, 0.2, 0.6]
    const { accuracy, logLoss } = judged(meterOf([0, 1, 1, 2, 2], 'probabilities'), Float32Array.from(scores), 5)
    expect(accuracy).toBe(0.6)
    expect(logLoss).toBeCloseTo(3.741401195526123, 6)
    expect(judged(meterOf([0, 1, 1, 2, 2], 'probabilities'), Float64Array.from(scores), 5)['logLoss']).toBeCloseTo(7.761654787773888, 6)
  })

  test('one probability for two classes', () => {
    const { accuracy, logLoss, rocAuc } = judged(meterOf([1, 0, 1, 1, 0], 'probabilities', ['accuracy', 'logLoss', 'rocAuc']), Float32Array.from([0.9, 0.2, 0.5, 0, 1]), 5)
    expect(accuracy).toBe(0.4)
    expect(logLoss).toBeCloseTo(6.5812835693359375, 5)
    expect(rocAuc).toBeCloseTo(1 / 3, 12)
  })

  test('logits, also where exp overflows, and where probabilities are rounded to 1', () => {
    const scores = Float64Array.from([1000, 0, -1000, 1, 2, 3, -5, -5, -5])
    expect(judged(meterOf([1, 2, 0], 'logits'), scores, 3)['logLoss']).toBeCloseTo(333.83540608437085, 10)
    expect(judged(meterOf([0, 1, 1], 'logits'), Float64Array.from([800, -3, 0.5]), 3)).toMatchObject({ logLoss: expect.closeTo(267.84088811191793, 10), accuracy: expect.closeTo(1 / 3, 12) })
    expect(judged(meterOf([0, 1], 'logits', ['rocAuc']), Float64Array.from([0, 800, 0, 900]), 2)).toEqual({ rocAuc: 1 })
  })

  test('errors of two outputs weigh the same', () => {
    const targets = { data: Float64Array.from([1, 2, 3, 4, 5.5, -1]), dims: [3, 2] }
    const measures = checkMeasures(['meanSquaredError', 'rootMeanSquaredError', 'meanAbsoluteError', 'r2', 'maxError'], { targets }, 'probabilities')
    const errors = judged(regressionMeter(targets.data, 2, { measures, report: undefined }), Float64Array.from([1.5, 2, 2, 4.25, 5, -3]), 3)
    expect(errors['meanSquaredError']).toBeCloseTo(0.9270833333333334, 14)
    expect(errors['rootMeanSquaredError']).toBeCloseTo((Math.sqrt(0.5) + Math.sqrt(4.0625 / 3)) / 2, 14)
    expect(errors['meanAbsoluteError']).toBeCloseTo(0.7083333333333333, 14)
    const constant = Float64Array.from([0.1, 0.1, 0.1])
    const ofConstant = (answers: readonly number[]): unknown => judged(regressionMeter(constant, 1, { measures: checkMeasures(['r2'], { targets: { data: constant, dims: [3, 1] } }, 'probabilities'), report: undefined }), Float64Array.from(answers), 3)
    expect([ofConstant([0.1, 0.2, 0.1]), ofConstant([0.1, 0.1, 0.1])]).toEqual([{ r2: 0 }, { r2: 1 }])
    expect(errors['r2']).toBeCloseTo((1 - 1.5 / (61 / 6) + 1 - 4.0625 / (38 / 3)) / 2, 12)
    expect(errors['maxError']).toBe(2)
  })
})

test('batches of any size give what all rows at once give', () => {
  const logit = fc.double({ min: -50, max: 50, noNaN: true })
  const metrics: readonly MetricOption[] = ['accuracy', 'logLoss', 'f1Macro', 'brierScore', 'ece', { metric: 'ece', binning: 'mass', name: 'mass' }, { metric: 'topKAccuracy', k: 2 }, 'classwiseEce']
  fc.assert(
    fc.property(fc.array(fc.tuple(logit, logit, logit), { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 7 }), (rows, batch) => {
      const labels = rows.map((_, row) => row % 3)
      const whole = judged(meterOf(labels, 'logits', metrics), Float64Array.from(rows.flat()), rows.length)
      const meter = meterOf(labels, 'logits', metrics)
      for (let first = 0; first < rows.length; first += batch) {
        const part = rows.slice(first, first + batch)
        meter.add(Float64Array.from(part.flat()), part.length, first)
      }
      expect(meter.result().metrics).toEqual(whole)
      // The slow obvious way.
      const losses = rows.map((row, index) => -Math.log(Math.exp(row[labels[index]!]!) / row.reduce((sum, value) => sum + Math.exp(value), 0)))
      expect(whole['logLoss']).toBeCloseTo(losses.reduce((sum, loss) => sum + loss, 0) / rows.length, 6)
    }),
  )
})

test('of equal scores the first class counts, and the last one comes first among the top k', () => {
  expect(judged(meterOf([0, 1], 'logits'), Float32Array.from([2, 2, 2, 2]), 2)['accuracy']).toBe(0.5)
  expect(judged(meterOf([0, 2], 'logits', [{ metric: 'topKAccuracy', k: 1 }]), Float32Array.from([2, 2, 2, 2, 2, 2]), 2)).toEqual({ top1Accuracy: 0.5 })
  expect(judged(meterOf([0, 1, 2], 'logits', [{ metric: 'topKAccuracy', k: 2 }]), new Float32Array(9), 3)['top2Accuracy']).toBeCloseTo(2 / 3, 12)
})

test('classes as such, also as 64-bit integers', () => {
  expect(judged(meterOf([3, 0, 9], 'classes'), BigInt64Array.from([3n, 1n, 9n]), 3)).toEqual({ accuracy: 2 / 3 })
})

test('the composite is (1 − λ)(1 − accuracy) + λ · ECE', () => {
  const values = Float32Array.from([0.75, 0.25, 0.75, 0.25, 0.75, 0.25, 0.75, 0.25])
  const at = (lambda: number): number => judged(meterOf([0, 0, 1, 1], 'probabilities', [{ metric: 'calibratedError', lambda }]), values, 4)['calibratedError']!
  expect([at(0), at(1), at(0.4)]).toEqual([0.5, 0.25, expect.closeTo(0.6 * 0.5 + 0.4 * 0.25, 12)])
})

test('the report has the confusion matrix, scores by class and the diagram', () => {
  const labels = Int32Array.of(0, 1, 1, 2)
  const meter = classificationMeter(labels, { measures: [], scores: 'probabilities', report: { bins: 2, binning: 'width' } })
  meter.add(Float64Array.from([0.5, 0.25, 0.25, 0, 1, 0, 0.75, 0.25, 0, 0.25, 0.75, 0]), 4, 0)
  const found = meter.result().report
  expect(found).toEqual({
    kind: 'classification',
    rows: 4,
    confusionMatrix: [[1, 0, 0], [1, 1, 0], [0, 1, 0]],
    classes: [{ precision: 0.5, recall: 1, f1: 2 / 3, support: 1 }, { precision: 0.5, recall: 0.5, f1: 0.5, support: 2 }, { precision: 0, recall: 0, f1: 0, support: 1 }],
    reliability: { binning: 'width', bins: [{ from: 0, to: 0.5, rows: 1, confidence: 0.5, accuracy: 1 }, { from: 0.5, to: 1, rows: 3, confidence: 2.5 / 3, accuracy: 1 / 3 }] },
  })
  expect(JSON.parse(JSON.stringify(found))).toEqual(found)
})

describe('answers that cannot be judged', () => {
  test.each([
    ['NaN', 'logits', [1, Number.NaN], /NaN in row 7/],
    ['infinity', 'probabilities', [1, Infinity], /Infinity in row 7/],
    ['logits for probabilities', 'probabilities', [3, -1], /\[3, -1\] in row 7, which are no probabilities.*scores: 'logits'/],
    ['one logit for a probability', 'probabilities', [3], /\[3\] in row 7, which are no probabilities/],
    ['a sum that is not 1', 'probabilities', [0.25, 0.25], /no probabilities/],
    ['scores for classes', 'classes', [0.25, 0.75], /2 numbers per row/],
    ['a number that is no class', 'classes', [0.5], /0\.5 in row 7, which is no class/],
    ['a class below 0', 'classes', [-1], /-1 in row 7, which is no class/],
    ['no class at all', 'classes', [Number.NaN], /NaN in row 7/],
  ] as const)('%s', (_, kind, values, message) => {
    const add = (): void => meterOf([0, 0, 0, 0, 0, 0, 0, 1], kind).add(Float64Array.from(values), 1, 7)
    expect(add).toThrow(UnusableAnswer)
    expect(add).toThrow(message)
  })

  test('rows that change their width', () => {
    const meter = meterOf([0, 1], 'logits')
    meter.add(new Float32Array(3), 1, 0)
    expect(() => meter.add(new Float32Array(4), 1, 1)).toThrow(/4 numbers per row from row 1 on, after 3/)
  })

  test('nothing', () => {
    expect(() => meterOf([1], 'logits').result()).toThrow(UnusableAnswer)
  })

  test('a label that the model does not know', () => {
    expect(() => judged(meterOf([3], 'logits'), Float32Array.from([1, 2, 3]), 1)).toThrow(LabelOutOfRange)
    expect(() => judged(meterOf([2], 'probabilities'), Float32Array.from([0.5]), 1)).toThrow(/label 2, but the model knows 2 classes \(0 to 1\)/)
  })

  test('another width than the targets, and no numbers', () => {
    const meter = (): Meter => regressionMeter(new Float32Array(4), 2, { measures: [], report: undefined })
    expect(() => meter().add(new Float32Array(6), 2, 0)).toThrow(/3 numbers per row, but the targets have 2/)
    expect(() => meter().add(Float32Array.of(1, Number.NaN, 1, 1), 2, 0)).toThrow(/NaN in row 0/)
  })
})

describe('metrics that a model does not have', () => {
  test.each<readonly [string, MetricOption, ScoreKind, readonly number[], RegExp]>([
    ['top-k of k classes', { metric: 'topKAccuracy', k: 3 }, 'logits', [1, 2, 3, 1, 2, 3], /"top3Accuracy" is always 1 where the model knows 3 classes/],
    ['a class beyond the last', { metric: 'recall', class: 3 }, 'logits', [1, 2, 3, 1, 2, 3], /"recall\.3" is of class 3, but the model knows 3 classes \(0 to 2\)/],
    ['F1 of more than two classes', 'f1', 'logits', [1, 2, 3, 1, 2, 3], /"f1" is of the second of two classes, but there are 3: take "f1Macro", .*\{ metric: 'f1', class: 1 \}/],
    ['the same of classes', 'precision', 'classes', [4, 1], /there are 5/],
    ['a ranking of a class without rows', 'rocAuc', 'probabilities', [0, 0, 1, 0, 0, 1], /"rocAuc" ranks rows of class 2 against others, but none of the 2 rows/],
  ])('%s', (_, metric, kind, values, message) => {
    const judge = (): unknown => judged(meterOf([0, 1], kind, [metric]), Float64Array.from(values), 2)
    expect(judge).toThrow(UnfitMetric)
    expect(judge).toThrow(message)
  })

  test('a confusion matrix of more classes than can be drawn', () => {
    const meter = classificationMeter(Int32Array.of(5000), { measures: [], scores: 'classes', report })
    meter.add(Int32Array.of(1), 1, 0)
    expect(() => meter.result()).toThrow(/5001 classes is not drawn; at most 1000/)
  })

  test('a report of more outputs than can be read', () => {
    const meter = regressionMeter(new Float32Array(4002), 2001, { measures: checkMeasures(['maxError', 'r2'], { targets: { data: new Float32Array(4002), dims: [2, 2001] } }, 'probabilities'), report })
    meter.add(new Float32Array(4002), 2, 0)
    expect(() => meter.result()).toThrow(/2001 outputs are not reported/)
  })

  it('every metric has a direction, and losses are minimised', () => {
    for (const [metric, direction] of Object.entries(metricDirections)) expect([metric, direction]).toEqual([metric, /loss|error|ece$|mce|msce|brier/i.test(metric) ? 'minimize' : 'maximize'])
  })
})
