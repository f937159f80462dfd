import { type AttuneError, atMost, createStudy, float, isAttuneError, maximize, minimize, type Artifact } from '@attune/core'
import { describe, expect, it, test } from 'vitest'
import type { CalibrationData, EvaluationData } from '../evaluation-data.ts'
import { onnxEvaluator, type OnnxEvaluatorOptions } from '../evaluator.ts'
import { echoModel, shiftModel } from '../models.test-support.ts'
import type { TensorData } from '../tensor-data.ts'
import type { ClassificationReport } from './report.ts'

const tensor = (values: readonly number[], dims: readonly number[]): TensorData => ({ data: Float32Array.from(values), dims })
const pairs = (rows: readonly (readonly [number, number])[]): TensorData => tensor(rows.flat(), [rows.length, 2])

/** Logits of two classes: sure, and right in three rows of four. */
const data: EvaluationData = { inputs: pairs([[4, 0], [0, 4], [4.5, 0], [0, 4.5]]), labels: [0, 1, 0, 0] }
/** The same sort of rows, but others: at T = 4 / log 3 and logits 4 apart, the confidence is 3/4. */
const calibration: CalibrationData = { inputs: pairs([[5, 1], [1, 5], [6, 2], [2, 6]]), labels: [0, 1, 0, 0] }
const logits = { data, scores: 'logits' } as const

function refusal(options: object): AttuneError {
  try {
    onnxEvaluator(options as OnnxEvaluatorOptions)
  } catch (error) {
    if (isAttuneError(error)) return error
    throw error
  }
  throw new Error('It was not refused.')
}

describe('temperature scaling', () => {
  it('is fitted to the calibration rows, and judged on the others beside the raw metrics', async () => {
    await using evaluator = onnxEvaluator({ ...logits, calibration, metrics: ['accuracy', 'logLoss', 'ece', 'rocAuc', { metric: 'ece', bins: 1, name: 'gap' }] })
    const metrics = await evaluator.evaluate(echoModel(['N', 2]))
    expect(Object.keys(metrics)).toEqual(['accuracy', 'logLoss', 'ece', 'rocAuc', 'gap', 'scaled.logLoss', 'scaled.ece', 'scaled.gap', 'temperature', 'modelBytes'])
    const temperature = 4 / Math.log(3)
    expect(metrics['temperature']).toBeCloseTo(temperature, 9)
    const sure = (by: number, at: number): number => 1 / (1 + Math.exp(-by / at))
    expect(metrics['gap']).toBeCloseTo((sure(4, 1) + sure(4.5, 1)) / 2 - 0.75, 12)
    expect(metrics['scaled.gap']).toBeCloseTo((sure(4, temperature) + sure(4.5, temperature)) / 2 - 0.75, 9)
    expect(metrics['scaled.ece']).toBeLessThan(metrics['ece']!)
    const alone = await onnxEvaluator(logits).evaluate(echoModel(['N', 2]))
    expect(metrics).toMatchObject({ accuracy: alone['accuracy'], logLoss: alone['logLoss'], ece: alone['ece'] })
  })

  it('is fitted anew for each model, and told in the report with both diagrams', async () => {
    await using evaluator = onnxEvaluator({ ...logits, calibration, metrics: [], report: { bins: 3, binning: 'mass' } })
    const first = await evaluator.evaluate(echoModel(['N', 2]))
    const second = await evaluator.evaluate(shiftModel([1, 0]))
    expect(Object.keys(first)).toEqual(['temperature', 'modelBytes'])
    expect(second['temperature']).not.toBeCloseTo(first['temperature']!, 2)
    const report = (await evaluator.report(echoModel(['N', 2]))) as ClassificationReport
    expect(report).toMatchObject({ kind: 'classification', rows: 4, confusionMatrix: [[2, 1], [0, 1]], scaled: { temperature: first['temperature'], atBound: false, rows: 4 } })
    expect(report.scaled!.logLossAfter).toBeLessThan(report.scaled!.logLossBefore)
    expect([report.reliability!.bins.length, report.scaled!.reliability.bins.length, report.reliability!.binning]).toEqual([3, 3, 'mass'])
  })

  const { inputs, labels } = data
  const memory = new Float32Array(16)
  test.each<readonly [string, object, RegExp]>([
    ['the very rows that judge', { ...logits, calibration: data }, /calibration\.inputs are memory of data\.inputs/],
    ['the same even where duplicates may be', { ...logits, calibration: { ...data, duplicates: 'allow' } }, /are memory of/],
    ['views that overlap', { ...logits, data: { inputs: { data: memory.subarray(0, 8), dims: [4, 2] }, labels }, calibration: { inputs: { data: memory.subarray(6, 14), dims: [4, 2] }, labels } }, /are memory of/],
    ['a copy of the rows', { ...logits, calibration: { inputs: pairs([[4, 0], [0, 4], [4.5, 0], [0, 4.5]]), labels } }, /4 of the 4 rows of calibration\.inputs are also in data\.inputs/],
    ['one row among others, elsewhere', { ...logits, calibration: { inputs: pairs([[7, 7], [8, 8], [0, 4.5]]), labels: [0, 0, 0] } }, /1 of the 3 rows/],
    ['a copy by name', { ...logits, calibration: { inputs: { x: pairs([[4, 0]]) }, labels: [0] } }, /1 of the 1 rows/],
    ['labels of another number', { ...logits, calibration: { inputs: pairs([[7, 7]]), labels: [0, 1] } }, /2 labels for 1 rows in calibration\.labels/],
    ['labels that are no classes', { ...logits, calibration: { inputs: pairs([[7, 7]]), labels: [-1] } }, /calibration\.labels\[0\] is -1/],
    ['no rows', { ...logits, calibration: { inputs: tensor([], [0, 2]), labels: [] } }, /calibration\.inputs is empty/],
    ['nothing', { ...logits, calibration: null }, /calibration is \{ inputs, labels \}/],
    ['an unknown word for duplicates', { ...logits, calibration: { ...calibration, duplicates: 'some' } }, /duplicates is 'refuse' or 'allow'/],
    ['classes without scores', { data, scores: 'classes', calibration }, /needs probabilities or logits/],
    ['a regression', { data: { inputs, targets: inputs }, calibration }, /data has targets, not labels/],
  ])('is not fitted to %s', (_, options, message) => {
    expect(refusal(options)).toMatchObject({ code: 'ONNX_OPTION', message: expect.stringMatching(message) })
  })

  it('takes rows that are equal by chance where that is said, and views beside each other', async () => {
    const both = Float32Array.from([4, 0, 0, 4, 4, 0])
    const inputs = (begin: number, end: number): TensorData => ({ data: both.subarray(begin * 2, end * 2), dims: [end - begin, 2] })
    await using evaluator = onnxEvaluator({ scores: 'logits', data: { inputs: inputs(0, 2), labels: [0, 1] }, calibration: { inputs: inputs(2, 3), labels: [1], duplicates: 'allow' } })
    expect((await evaluator.evaluate(echoModel(['N', 2])))['temperature']).toBe(100)
  })

  it('says which rows are wrong, and that a temperature is at its bound', async () => {
    await using unknown = onnxEvaluator({ ...logits, calibration: { inputs: pairs([[7, 7]]), labels: [2] } })
    await expect(unknown.evaluate(echoModel(['N', 2]))).rejects.toMatchObject({ code: 'ONNX_LABEL', message: expect.stringContaining('labels of the calibration data do not fit') })
    await using broken = onnxEvaluator({ ...logits, calibration: { inputs: pairs([[7, 7], [Number.NaN, 7]]), labels: [0, 0] } })
    await expect(broken.evaluate(echoModel(['N', 2]))).rejects.toMatchObject({ code: 'ONNX_OUTPUT', message: expect.stringMatching(/NaN in row 1 .*of the calibration data/) })
    await using sure = onnxEvaluator({ ...logits, calibration: { inputs: pairs([[7, 1]]), labels: [0] } })
    const warnings: string[] = []
    await sure.evaluate(echoModel(['N', 2]), { warn: (message) => warnings.push(message) })
    expect(warnings).toEqual([expect.stringMatching(/temperature 0\.01 is the least that is tried: the model gets all calibration rows right/)])
  })
})

test('a model that does not have a metric is told so, with a code of its own', async () => {
  await using evaluator = onnxEvaluator({ ...logits, metrics: [{ metric: 'topKAccuracy', k: 5 }] })
  await expect(evaluator.evaluate(echoModel(['N', 2]))).rejects.toMatchObject({ code: 'ONNX_METRIC', message: expect.stringContaining('knows 2 classes') })
})

test('data that are gone when a model is judged are refused, whatever took them', async () => {
  const mine = Float32Array.from([4, 0, 0, 4])
  const grown = new Float32Array(new ArrayBuffer(16, { maxByteLength: 16 }))
  await using evaluator = onnxEvaluator({ scores: 'logits', data: { inputs: { data: mine, dims: [2, 2] }, labels: [0, 1] }, calibration: { inputs: { data: grown, dims: [2, 2] }, labels: [0, 1] } })
  expect(await evaluator.evaluate(echoModel(['N', 2]))).toMatchObject({ accuracy: 1 })
  grown.buffer.resize(8)
  await expect(evaluator.evaluate(echoModel(['N', 2]))).rejects.toMatchObject({ code: 'ONNX_OPTION', message: expect.stringMatching(/calibration\.inputs has 2 elements.*has changed since the evaluator was made/) })
  structuredClone(mine, { transfer: [mine.buffer] })
  await expect(evaluator.report(echoModel(['N', 2]))).rejects.toMatchObject({ code: 'ONNX_OPTION', message: expect.stringMatching(/data\.inputs has 0 elements, but dims \[2, 2\] need 4: it has changed/) })
})

test('several answers a row are refused where one is meant', async () => {
  await using evaluator = onnxEvaluator({ scores: 'logits', data: { inputs: tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]), labels: [0, 1] } })
  await expect(evaluator.evaluate(echoModel(['N', 2, 2]))).rejects.toMatchObject({ code: 'ONNX_OUTPUT', message: expect.stringContaining("dimensions [2, 2, 2], where a classifier's are [rows, classes]") })
  await using flat = onnxEvaluator({ scores: 'logits', data: { inputs: tensor([1, 2, 3, 4], [2, 2, 1, 1]), labels: [0, 1] } })
  expect(await flat.evaluate(echoModel(['N', 2, 1, 1]))).toMatchObject({ accuracy: 0.5 })
})

test('a regression reports the errors of each output', async () => {
  await using evaluator = onnxEvaluator({ data: { inputs: pairs([[1, 2], [3, 4]]), targets: pairs([[1, 0], [3, 1]]) }, metrics: ['r2', { metric: 'meanSquaredError', name: 'mse' }] })
  expect(await evaluator.evaluate(echoModel(['N', 2]))).toMatchObject({ r2: (1 + 1 - 13 / 0.5) / 2, mse: 3.25 })
  expect(await evaluator.report(echoModel(['N', 2]))).toEqual({
    kind: 'regression',
    rows: 2,
    outputs: [{ meanSquaredError: 0, meanAbsoluteError: 0, maxError: 0, r2: 1 }, { meanSquaredError: 6.5, meanAbsoluteError: 2.5, maxError: 3, r2: -25 }],
  })
})

describe('metrics that cannot be meant are refused at once', () => {
  const probabilities = { data: { inputs: pairs([[0.5, 0.5], [1, 0]]), labels: [1, 1] } }
  test.each<readonly [string, object, RegExp]>([
    ['an option that does not exist', { data, metric: ['accuracy'] }, /onnxEvaluator has no option "metric"\. Did you mean "metrics"\?/],
    ['a misspelt name', { data, metrics: ['acuracy'] }, /no metric "acuracy"\. Did you mean "accuracy"\?/],
    ['top-k by the name that it is given', { data, metrics: ['top5Accuracy'] }, /"top5Accuracy" is written \{ metric: 'topKAccuracy', k: 5 \}/],
    ['a metric after scaling', { data, metrics: ['ece', 'scaled.ece'] }, /"scaled\.ece" is not asked for: with the option calibration/],
    ['a name that is like none', { data, metrics: ['zzzzzzzzzzzzzzzzzzzz'] }, /There are accuracy, balancedAccuracy/],
    ['a number', { data, metrics: [5] }, /A metric is a name, as 'accuracy', or \{ metric, … \}, got 5/],
    ['no list', { data, metrics: 'accuracy' }, /metrics is a list/],
    ['an option of another metric', { data, metrics: [{ metric: 'logLoss', k: 5 }] }, /"logLoss" has no option "k"/],
    ['top-k without k', { data, metrics: ['topKAccuracy'] }, /needs a whole number k of at least 1/],
    ['top 0', { data, metrics: [{ metric: 'topKAccuracy', k: 0 }] }, /whole number k/],
    ['a composite without λ', { data, metrics: ['calibratedError'] }, /needs a lambda from 0 to 1/],
    ['λ above 1', { data, metrics: [{ metric: 'calibratedError', lambda: 1.5 }] }, /lambda from 0 to 1, .* got 1\.5/],
    ['half a bin', { data, metrics: [{ metric: 'ece', bins: 0.5 }] }, /ece\.bins is a whole number from 1 to 10,000/],
    ['too many bins', { data, report: { bins: 1e6 } }, /report\.bins/],
    ['an unknown binning', { data, metrics: [{ metric: 'mce', binning: 'depth' }] }, /mce\.binning is 'width' or 'mass'/],
    ['a class below 0', { data, metrics: [{ metric: 'f1', class: -1 }] }, /class of the metric "f1" is a whole number/],
    ['two of one name', { data, metrics: ['ece', { metric: 'ece', bins: 5 }] }, /Two metrics are called "ece"/],
    ['no name', { data, metrics: [{ metric: 'ece', name: '' }] }, /name of a metric is made of letters/],
    ['the name of a prototype', { data, metrics: [{ metric: 'ece', name: '__proto__' }] }, /begins with a letter; got "__proto__"/],
    ['the name of another metric', { data, metrics: [{ metric: 'ece', name: 'accuracy' }] }, /"ece" cannot be called "accuracy"/],
    ['a name at the temperature', { data, metrics: [{ metric: 'ece', name: 'scaled.ece' }] }, /cannot be called "scaled\.ece"/],
    ['a metric of scores for classes', { data, scores: 'classes', metrics: ['ece'] }, /"ece" cannot be measured here/],
    ['a ranking of one class', { ...probabilities, metrics: ['rocAuc'] }, /all labels are 1/],
    ['a ranking without rows of a class', { data: { ...data, labels: [0, 2, 0, 2] }, metrics: ['averagePrecision'] }, /needs rows of class 1, but there are none/],
    ['a ranking of a class without rows', { data, metrics: [{ metric: 'rocAuc', class: 7 }] }, /needs rows of class 7/],
    ['R² of one row', { data: { inputs: pairs([[1, 1]]), targets: pairs([[1, 1]]) }, metrics: ['r2'] }, /at least two rows/],
    ['targets that are no numbers', { data: { inputs: pairs([[1, 1], [1, 1]]), targets: pairs([[1, 1], [1, Number.NaN]]) } }, /data\.targets holds NaN in row 1/],
    ['an attribute without a name', { data, report: { attribute: '' } }, /report\.attribute/],
  ])('%s', (_, options, message) => {
    expect(refusal(options)).toMatchObject({ code: 'ONNX_OPTION', message: expect.stringMatching(message) })
  })
})

describe('a study', () => {
  const artifactOf = (bytes: Uint8Array): Artifact => {
    const artifact: Artifact = { kind: 'onnx', bytes: () => bytes, as: () => artifact }
    return artifact
  }
  const training = (trial: { readonly params: { readonly shift: number } }): Artifact => artifactOf(shiftModel([trial.params.shift, 0]))

  it('keeps the report with each trial, bounds the calibration error, and minimises the composite', async () => {
    await using evaluator = onnxEvaluator({ ...logits, metrics: ['accuracy', 'ece', { metric: 'calibratedError', lambda: 0.5 }], prefix: 'val.', report: { attribute: 'quality' } })
    await using study = await createStudy({ space: { shift: float(-3, 3) }, objective: minimize('val.calibratedError'), constraints: { 'val.ece': atMost(0.3) }, seed: 3 })
    await study.optimize(training, { trials: 6, evaluators: [evaluator] })
    for (const { metrics, attributes, violation } of study.trials()) {
      expect(metrics['val.calibratedError']).toBeCloseTo(0.5 * (1 - metrics['val.accuracy']!) + 0.5 * metrics['val.ece']!, 12)
      expect(violation).toBeCloseTo(Math.max(0, metrics['val.ece']! - 0.3), 12)
      expect(attributes['quality']).toMatchObject({ kind: 'classification', rows: 4, confusionMatrix: [[expect.any(Number), expect.any(Number)], [expect.any(Number), expect.any(Number)]] })
    }
  })

  it('is warned that it maximises an error', async () => {
    await using evaluator = onnxEvaluator({ ...logits, calibration, prefix: 'val.' })
    await using study = await createStudy({ space: { shift: float(-3, 3) }, objective: [maximize('val.scaled.ece'), maximize('val.accuracy'), maximize('val.modelBytes')], seed: 3 })
    const warnings: string[] = []
    study.on((event) => {
      if (event.type === 'warning') warnings.push(event.message)
    })
    await study.optimize(training, { trials: 1, evaluators: [evaluator] })
    expect(warnings.map((warning) => /"(.*?)"/.exec(warning)?.[1])).toEqual(['val.scaled.ece', 'val.modelBytes'])
  })
})
