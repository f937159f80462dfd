import { boolean, choice, constant, float, int, ordinal, space, type StepReport } from '@attune/core'
import { expect, it } from 'vitest'
import { artifactPath } from './artifact-path.ts'
import { distributionText } from './distribution.ts'
import { exactSoFar, exactValues } from './exact-values.ts'
import { datasetInput, inputsIn } from './inputs.ts'
import { numberText } from './texts.ts'

it('distributions read as Optuna writes them', () => {
  const { dimensions } = space({
    a: float(1e-5, 0.1, { scale: 'log' }),
    b: float(0, 1, { step: 0.1 }),
    c: int(16, 256, { step: 16 }),
    d: int(1, 1024, { scale: 'log' }),
    e: choice(['relu', "it's", 2, 0.5, true, null]),
    f: boolean(),
    g: ordinal([1, 10, 100]),
    h: choice(['one']),
    i: constant(3),
    j: float(-1e20, 1e20),
  })
  expect(Object.fromEntries(dimensions.map((dimension) => [dimension.path, distributionText(dimension)]))).toMatchObject({
    a: 'FloatDistribution(high=0.1, log=True, low=1e-05, step=None)',
    b: 'FloatDistribution(high=1.0, log=False, low=0.0, step=0.1)',
    c: 'IntDistribution(high=256, log=False, low=16, step=16)',
    d: 'IntDistribution(high=1024, log=True, low=1, step=1)',
    e: `CategoricalDistribution(choices=('relu', "it's", 2, 0.5, True, None))`,
    f: 'CategoricalDistribution(choices=(False, True))',
    g: 'CategoricalDistribution(choices=(1, 10, 100))',
    h: "CategoricalDistribution(choices=('one',))",
    j: 'FloatDistribution(high=1e+20, log=False, low=-1e+20, step=None)',
  })
})

it('P11: values that MLflow does not keep as they are stand in a tag with their steps', () => {
  const values = [1, NaN, NaN, Infinity, 2, -Infinity, -0, NaN]
  const reports = values.map((loss, i): StepReport => ({ step: i + 1, metrics: { loss, fine: i }, time: i }))
  expect(exactValues({ reports, metrics: { loss: NaN, fine: 0 } })).toEqual({ 'attune.exact.loss': 'NaN: 2 to 3, 8; Infinity: 4; -Infinity: 6; -0: 7; final NaN' })
  // While it runs, a stretch is told when it begins.
  const told = reports.map((report, i) => exactSoFar(report, reports.slice(0, i + 1)))
  expect(told.map((tags) => tags['attune.exact.loss'])).toEqual([undefined, 'NaN: 2', undefined, 'NaN: 2 to 3; Infinity: 4', undefined, 'NaN: 2 to 3; Infinity: 4; -Infinity: 6', 'NaN: 2 to 3; Infinity: 4; -Infinity: 6; -0: 7', 'NaN: 2 to 3, 8; Infinity: 4; -Infinity: 6; -0: 7'])
  // A metric may have any name.
  expect(exactValues({ reports: [], metrics: { constructor: NaN } })).toEqual({ 'attune.exact.constructor': 'final NaN' })
})

it('numbers read back as they were', () => {
  for (const value of [0, -0, 0.1, 5e-324, 1.7976931348623157e308, 2 ** 53, NaN, Infinity, -Infinity]) expect(Number(numberText(value))).toBe(value)
})

it('artefacts end as what they are, so that the page of MLflow shows them', () => {
  expect(artifactPath('report', { kind: 'text/html' })).toBe('report.html')
  expect(artifactPath('report.htm', { kind: 'text/html' })).toBe('report.htm')
  expect(artifactPath('v1.2 weights', { kind: 'onnx' })).toBe('v1.2 weights.onnx')
  expect(artifactPath('weights', { kind: 'tfjs-layers-model' })).toBe('weights')
})

it('data sets get the digest that MLflow wants, the same for the same data', () => {
  expect(datasetInput({ kind: 'dataset', name: 'digits', digest: 'abc', context: 'training', schema: { x: [28, 28] } })).toEqual({ name: 'digits', digest: 'abc', context: 'training', sourceType: 'code', source: 'digits', schema: '{"x":[28,28]}' })
  const [first, same, other] = ['x', 'x', 'y'].map((source) => datasetInput({ kind: 'dataset', name: 'digits', source }).digest)
  expect([first === same, first === other, first?.length]).toEqual([true, false, 36])
  expect(datasetInput({ kind: 'dataset', name: 'digits', digest: 'f'.repeat(64) }).digest).toHaveLength(36)
  expect(inputsIn([{ kind: 'dataset', name: 'a' }, { kind: 'file', name: 'b' }, { kind: 'model', name: '' }, null, 'c', [1]])).toEqual([{ kind: 'dataset', name: 'a' }])
  expect(inputsIn('nothing')).toEqual([])
})
