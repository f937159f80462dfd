// Random data, judged by us and by scikit-learn, with what it knows no answer for left to numpy: reference.test-support.ts.
import { ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { missingPython, runPython } from '../../../../tools/python/run.mjs'
import { classificationMeter } from './classification-meter.ts'
import { onnxEvaluator } from '../evaluator.ts'
import { echoModel } from '../models.test-support.ts'
import type { TensorData } from '../tensor-data.ts'
import { checkMeasures } from './check-measures.ts'
import type { ScoreKind } from './judged-row.ts'
import type { Meter, Quality } from './meter.ts'
import type { MetricOption } from './metric.ts'
import { referenceProgram } from './reference.test-support.ts'
import { regressionMeter } from './regression-meter.ts'
import { fitTemperature, toLogits } from './temperature.ts'

interface Scored {
  readonly what: string
  readonly kind: ScoreKind
  readonly classes: number
  readonly labels: Int32Array
  readonly values: Float64Array
}

interface Measured {
  readonly what: string
  readonly targets: Float64Array
  readonly values: Float64Array
  readonly width: number
}

const stream = new ThreefryRandom(6).stream(0, 'scikit-learn')
const uniform = (): number => stream.uniform()
const below = (bound: number): number => stream.integer(bound)
const labelsOf = (rows: number, classes: number): Int32Array => Int32Array.from({ length: rows }, () => below(classes))

/** A row of probabilities; on a coarse grid there are many ties, and zeros and ones. */
function probabilities(classes: number, grid: number | undefined): readonly number[] {
  if (grid === undefined) {
    const weights = Array.from({ length: classes }, () => -Math.log(1 - uniform()))
    const sum = weights.reduce((total, weight) => total + weight)
    return weights.map((weight) => weight / sum)
  }
  const parts = Array.from({ length: classes }, () => 0)
  for (let part = 0; part < grid; part++) parts[below(classes)]!++
  return parts.map((count) => count / grid)
}

function scored(): readonly Scored[] {
  const cases: Scored[] = []
  const add = (what: string, kind: ScoreKind, classes: number, labels: Int32Array, rowOf: () => readonly number[]): void => {
    cases.push({ what: `${what}: ${kind}, ${classes} classes, ${labels.length} rows`, kind, classes, labels, values: Float64Array.from(Array.from(labels, rowOf).flat()) })
  }
  for (const [rows, classes] of [[1, 2], [2, 3], [7, 3], [60, 2], [90, 4], [200, 10]] as const) {
    const labels = labelsOf(rows, classes)
    add('smooth', 'probabilities', classes, labels, () => probabilities(classes, undefined))
    for (const grid of [2, 8]) add(`ties of 1/${grid}`, 'probabilities', classes, labels, () => probabilities(classes, grid))
    add('smooth', 'logits', classes, labels, () => Array.from({ length: classes }, () => 8 * uniform() - 4))
    // With more classes, sums of equal numbers in another order differ in the last digit: ties here are none there.
    if (classes === 2) add('ties', 'logits', classes, labels, () => [below(4) - 2, below(4) - 2])
    add('extreme', 'logits', classes, labels, () => Array.from({ length: classes }, () => 2000 * uniform() - 1000))
    add('chosen', 'classes', classes, labels, () => [below(classes)])
  }
  for (const rows of [5, 80]) {
    const labels = labelsOf(rows, 2)
    add('one column', 'probabilities', 2, labels, () => [uniform()])
    add('one column of ties', 'probabilities', 2, labels, () => [below(5) / 4])
    add('one column', 'logits', 2, labels, () => [6 * uniform() - 3])
    add('one class alone', 'probabilities', 3, new Int32Array(rows).fill(1), () => probabilities(3, 4))
    add('classes without rows', 'probabilities', 6, labels, () => probabilities(6, 12))
    add('a class never chosen', 'logits', 4, labelsOf(rows, 4), () => [uniform(), uniform(), uniform(), -9])
    add('more classes than labels', 'classes', 9, labels, () => [below(9)])
    add('always one class', 'classes', 2, labels, () => [1])
    add('all right', 'logits', 2, labels, () => [0, 0])
  }
  return cases.map((one) => (one.what.startsWith('all right') ? { ...one, values: Float64Array.from(Array.from(one.labels).flatMap((label) => (label === 0 ? [3, 1] : [1, 3]))) } : one))
}

function measured(): readonly Measured[] {
  return [1, 2, 3, 50].flatMap((rows) => [1, 3].flatMap((width) => {
    const noise = Float64Array.from({ length: rows * width }, () => uniform() - 0.5)
    const targets = Float64Array.from({ length: rows * width }, () => 10 * uniform() - 3)
    const constant = targets.map((_, index) => (index % width === 0 ? 2 : targets[index]!))
    const zeros = targets.map((target, index) => (index % 4 === 0 ? 0 : target))
    const about = (truth: Float64Array): Float64Array => truth.map((target, index) => target + noise[index]!)
    return [
      { what: `${rows} rows of ${width}`, targets, values: about(targets), width },
      { what: `${rows} rows of ${width}, one column constant`, targets: constant, values: about(constant), width },
      { what: `${rows} rows of ${width}, constant and right`, targets: constant, values: constant, width },
      { what: `${rows} rows of ${width}, targets of 0`, targets: zeros, values: about(zeros), width },
      { what: `${rows} rows of ${width}, far from 0`, targets: targets.map((target) => target + 1e6), values: about(targets).map((value) => value + 1e6), width },
    ]
  }))
}

const averages = ['precision', 'recall', 'f1'].flatMap((rate) => ['Macro', 'Micro', 'Weighted'].map((average) => `${rate}${average}` as MetricOption))
const decisions: readonly MetricOption[] = ['accuracy', 'balancedAccuracy', 'matthewsCorrelation', ...averages, { metric: 'precision', class: 1 }, { metric: 'recall', class: 1 }, { metric: 'f1', class: 1 }]
const calibration: readonly MetricOption[] = [
  ...(['width', 'mass'] as const).flatMap((binning) => [1, 4, 15].flatMap((bins) => (['ece', 'mce', 'msce'] as const).map((metric) => ({ metric, bins, binning, name: `${metric}${binning}${bins}` })))),
  { metric: 'calibratedError', lambda: 0.3, bins: 4, binning: 'mass', name: 'composite' },
  { metric: 'classwiseEce', bins: 10, name: 'classwise' },
]

function metricsOf({ kind, classes, labels }: Scored): readonly MetricOption[] {
  const binary: readonly MetricOption[] = classes === 2 ? ['precision', 'recall', 'f1'] : []
  if (kind === 'classes') return [...decisions, ...binary]
  const ranked: readonly MetricOption[] = new Set(labels).size === classes ? ['rocAuc', 'averagePrecision'] : []
  const top: readonly MetricOption[] = classes > 2 ? [{ metric: 'topKAccuracy', k: 2 }] : []
  return [...decisions, ...binary, ...ranked, ...top, ...calibration, 'logLoss', 'brierScore']
}

/** In batches of uneven size. */
function fed(meter: Meter, values: Float64Array, rows: number): Quality {
  const width = values.length / rows
  for (let first = 0, size = 1; first < rows; first += size, size = (size % 17) + 3) {
    const count = Math.min(size, rows - first)
    meter.add(values.subarray(first * width, (first + count) * width), count, first)
  }
  return meter.result()
}

const report = { bins: 15, binning: 'width' } as const
const temperature = 1.7

function judged(one: Scored): { readonly [metric: string]: unknown } {
  const { kind, labels, values } = one
  const measures = checkMeasures(metricsOf(one), { labels }, kind)
  const fit = kind === 'classes' ? undefined : { temperature, atBound: false, rows: 1, logLossBefore: 1, logLossAfter: 1 }
  const { metrics, report: found } = fed(classificationMeter(labels, { measures, scores: kind, report }, fit), values, labels.length)
  if (found?.kind !== 'classification') throw new Error('There is no report of a classifier.')
  return { ...metrics, confusion: found.confusionMatrix }
}

const close = (actual: unknown, expected: unknown, what: string): void => {
  if (typeof expected !== 'number') return expect(actual, what).toEqual(expected)
  expect(typeof actual, what).toBe('number')
  expect(Math.abs((actual as number) - expected), `${what}: ${String(actual)}, not ${expected}`).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)))
}

describe.skipIf(missingPython !== undefined)(`scikit-learn on the same data${missingPython === undefined ? '' : ` (${missingPython})`}`, () => {
  const [classifiers, regressions] = [scored(), measured()]
  let known: readonly { readonly [metric: string]: unknown }[] | undefined
  const references = (): NonNullable<typeof known> => {
    const cases = [...classifiers.map((one) => ({ ...one, labels: [...one.labels], values: [...one.values], temperature })), ...regressions.map((one) => ({ ...one, targets: [...one.targets], values: [...one.values] }))]
    return (known ??= runPython(referenceProgram, new TextEncoder().encode(JSON.stringify(cases))) as NonNullable<typeof known>)
  }

  it('gives what classifiers get, to 1e-9', { timeout: 120_000 }, () => {
    let compared = 0
    for (const [index, one] of classifiers.entries()) {
      const { bestLoss: _, scaledLogLoss, ...expected } = references()[index]!
      const actual = judged(one)
      for (const [metric, value] of Object.entries(expected)) {
        const name = /^(.*?)scaled(.*)$/.exec(metric)
        close(actual[name === null ? metric : `scaled.${name[1]}${name[2]}`], value, `${one.what}: ${metric}`)
        compared++
      }
      if (one.kind !== 'classes') close(actual['scaled.logLoss'], scaledLogLoss, `${one.what}: scaled log loss`)
    }
    expect(compared).toBeGreaterThan(1500)
  })

  it('gives what a model gets that ONNX Runtime runs, in batches, with a temperature', { timeout: 120_000 }, async () => {
    const classes = 5
    const rows = (count: number): { readonly inputs: TensorData; readonly labels: Int32Array } => ({ inputs: { data: Float32Array.from({ length: count * classes }, () => 6 * uniform() - 3), dims: [count, classes] }, labels: labelsOf(count, classes) })
    const [data, other] = [rows(500), rows(300)]
    const kind = 'logits'
    const one = { what: 'by ONNX Runtime', kind, classes, labels: data.labels, values: Float64Array.from(data.inputs.data as Float32Array) } as const
    await using evaluator = onnxEvaluator({ data, calibration: other, metrics: metricsOf(one), scores: kind, batchSize: 64 })
    const { temperature: fitted, ...actual } = await evaluator.evaluate(echoModel(['N', classes]))
    const asked = [{ ...one, labels: [...one.labels], values: [...one.values], temperature: fitted }, { ...one, labels: [...other.labels], values: [...(other.inputs.data as Float32Array)], temperature: fitted }]
    const [expected, fit] = runPython(referenceProgram, new TextEncoder().encode(JSON.stringify(asked))) as readonly { readonly [metric: string]: number }[]
    let compared = 0
    for (const [metric, value] of Object.entries(actual)) {
      const name = metric.startsWith('scaled.') ? /^scaled\.(ece|mce|msce)?(.*)$/.exec(metric)! : undefined
      const key = name === undefined ? metric : name[1] === undefined ? `${name[2]}scaled` : `${name[1]}scaled${name[2]}`
      if (!(key in expected!)) continue // the size of the model
      close(value, expected![key], metric)
      compared++
    }
    expect(compared).toBeGreaterThan(50)
    close(actual['scaled.logLoss'], expected!['scaledLogLoss'], 'scaled log loss')
    close(fit!['scaledLogLoss'], fit!['bestLoss'], 'the loss of the rows that the temperature was fitted to')
  })

  it('finds no temperature of less loss, by a search of another kind', { timeout: 120_000 }, () => {
    for (const [index, one] of classifiers.entries()) {
      if (one.kind === 'classes') continue
      const width = one.values.length / one.labels.length
      const rows = Array.from(one.labels, (__, row) => one.values.subarray(row * width, (row + 1) * width))
      const scores = rows.flatMap((row) => [...toLogits(width > 1 ? row : Float64Array.of(one.kind === 'logits' ? 0 : 1 - row[0]!, row[0]!), one.kind, false)])
      const fit = fitTemperature(Float64Array.from(scores), one.labels)
      close(fit.logLossAfter, references()[index]!['bestLoss'], `${one.what}: the loss at T = ${fit.temperature}`)
      expect(fit.logLossAfter).toBeLessThanOrEqual(fit.logLossBefore + 1e-12)
    }
  })

  it('gives what regressions get, to 1e-9', { timeout: 120_000 }, () => {
    for (const [index, { what, targets, values, width }] of regressions.entries()) {
      const rows = targets.length / width
      const { columns, r2, ...expected } = references()[classifiers.length + index]!
      const truth = { targets: { data: targets, dims: [rows, width] } }
      const names = Object.keys(expected) as MetricOption[]
      const measures = checkMeasures(rows < 2 ? names : [...names, 'r2'], truth, 'probabilities')
      const { metrics, report: found } = fed(regressionMeter(targets, width, { measures, report }), values, rows)
      for (const [metric, value] of Object.entries(expected)) close(metrics[metric], value, `${what}: ${metric}`)
      if (rows < 2) continue
      close(metrics['r2'], r2, `${what}: r2`)
      if (found?.kind !== 'regression') throw new Error('There is no report of a regression.')
      for (const [column, value] of (columns as readonly number[]).entries()) close(found.outputs[column]!.r2, value, `${what}: r2 of column ${column}`)
    }
  })
})
