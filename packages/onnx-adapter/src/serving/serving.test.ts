import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atMost, constant, createStudy, float, maximize, minimize, random, type Artifact, type Params } from '@attune/core'
import { describe, expect, test } from 'vitest'
import { onnxEvaluator } from '../evaluator.ts'
import { batchModel, denseModel, shiftModel } from '../models.test-support.ts'
import { servedModel } from './served-model.ts'
import { servingSpace, type ServingSpaceOptions } from './serving-space.ts'

const rows = Float32Array.from({ length: 300 }, (_, index) => Math.sin(index * 12.9898))
const data = { inputs: { data: rows, dims: [100, 3] }, labels: Array.from({ length: 100 }, (_, index) => index % 3) }
const quick = { runs: 10, warmUp: 1, budget: 20 }

describe('servingSpace', () => {
  test('has five parameters with sensible values, which can be narrowed', () => {
    const space = servingSpace()
    expect(Object.fromEntries(Object.entries(space).map(([name, leaf]) => [name, leaf.values]))).toMatchObject({
      provider: ['cpu'],
      graphOptimizationLevel: ['disabled', 'basic', 'extended', 'layout', 'all'],
      batchSize: [1, 2, 4, 8, 16, 32, 64],
      precision: ['float32', 'float16', 'int8'],
    })
    expect(space.threads.values[0]).toBe(1)
    expect(servingSpace({ threads: [4, 1, 2], providers: ['webgpu', 'cpu'] })).toMatchObject({ threads: { values: [1, 2, 4] }, provider: { values: ['webgpu', 'cpu'] } })
  })

  test.each<readonly [string, object, RegExp]>([
    ['no threads', { threads: [] }, /threads of servingSpace needs at least one value/],
    ['too many threads', { threads: [2, 5000] }, /threads is a whole number of at least 1 and at most 1024, got 5000/],
    ['half a row', { batchSizes: [0.5] }, /batchSizes is a whole number of at least 1/],
    ['a value twice', { precisions: ['int8', 'int8'] }, /precisions of servingSpace has a value twice/],
    ['another precision', { precisions: ['int4'] }, /precisions: "int4" is none of 'float32'/],
    ['another provider', { providers: ['gpu'] }, /providers: "gpu" is none of 'cpu'/],
    ['a misspelt option', { provider: ['cpu'] }, /servingSpace has no option "provider"\. Did you mean "providers"\?/],
    ['another level', { graphOptimizationLevels: 'all' }, /graphOptimizationLevels/],
  ])('refuses %s', (_, options, message) => {
    expect(() => servingSpace(options as ServingSpaceOptions)).toThrow(expect.objectContaining({ code: 'ONNX_OPTION', message: expect.stringMatching(message) }))
  })
})

test('a study tunes how one model of a file is served: size, speed and the accuracy that is lost', { timeout: 120_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'attune-serving-'))
  try {
    await writeFile(join(directory, 'model.onnx'), denseModel(64))
    const space = { serving: servingSpace({ threads: [1, 2], batchSizes: [1, 16], graphOptimizationLevels: ['basic', 'all'] }) }
    await using evaluator = onnxEvaluator({ data, scores: 'logits', metrics: ['accuracy'], throughput: quick, serving: (params: Params<typeof space>) => params.serving })
    await using study = await createStudy({ space, objective: [maximize('throughput'), minimize('modelBytes')], constraints: { accuracyChange: atMost(1) }, sampler: random(), seed: 5 })
    await study.optimize(servedModel({ path: 'model.onnx', directory }), { trials: 6, evaluators: [evaluator] })
    const sizes = { float32: [1, 1], float16: [0.45, 0.65], int8: [0.2, 0.45] } as const
    const seen = new Set<string>()
    for (const { state, params, metrics } of study.trials()) {
      expect(state).toBe('complete')
      const { precision } = params.serving
      seen.add(precision)
      const [least, most] = sizes[precision]
      expect(metrics['modelBytes']! / denseModel(64).length).toBeGreaterThanOrEqual(least)
      expect(metrics['modelBytes']! / denseModel(64).length).toBeLessThanOrEqual(most)
      if (precision === 'float32') expect(metrics['accuracyChange']).toBe(0)
      expect(Math.abs(metrics['accuracyChange']!)).toBeLessThan(0.1)
      expect(metrics['throughput']).toBeGreaterThan(0)
    }
    expect(seen).toEqual(new Set(['float32', 'float16', 'int8']))
    expect(study.pareto().length).toBeGreaterThan(0)
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('weights in fewer bits change what a model answers, by how much is told of each metric', async () => {
  const targets = { data: new Float32Array(300), dims: [100, 3] }
  await using evaluator = onnxEvaluator({ data: { inputs: data.inputs, targets }, metrics: ['meanSquaredError', 'meanAbsoluteError'], serving: (params: { readonly precision: 'float32' | 'int8' }) => params })
  const original = await evaluator.evaluate(denseModel(64), { params: { precision: 'float32' } })
  const served = await evaluator.evaluate(denseModel(64), { params: { precision: 'int8' } })
  expect(original).toMatchObject({ meanSquaredErrorChange: 0, meanAbsoluteErrorChange: 0 })
  for (const metric of ['meanSquaredError', 'meanAbsoluteError']) {
    expect(served[`${metric}Change`]).toBe(served[metric]! - original[metric]!)
    expect(served[`${metric}Change`]).not.toBe(0)
    expect(Math.abs(served[`${metric}Change`]! / original[metric]!)).toBeLessThan(0.05)
  }
})

test('the batch of a trial is the one whose latency and throughput are measured, and a provider of a trial is used alone', async () => {
  await using evaluator = onnxEvaluator({ data, metrics: [], latency: quick, throughput: quick, serving: (params: { readonly provider?: 'cpu' | 'cuda'; readonly batchSize?: number }) => params })
  // Runs with 16 rows and no others.
  const model = batchModel(16)
  expect(await evaluator.evaluate(model, { params: { batchSize: 16 } })).toMatchObject({ latencyP50Ms: expect.any(Number), throughput: expect.any(Number) })
  await expect(evaluator.evaluate(model, { params: { batchSize: 8 } })).rejects.toMatchObject({ code: 'ONNX_RUN' })
  await expect(evaluator.evaluate(model, { params: { provider: 'cuda', batchSize: 16 } })).rejects.toMatchObject({ code: 'ONNX_PROVIDER' })
})

describe('serving that cannot be meant fails the trial', () => {
  test.each<readonly [string, (params: never) => object, unknown, RegExp]>([
    ['another name', () => ({ thread: 2 }), {}, /answered "thread", which is none of provider, threads/],
    ['another value', () => ({ precision: 'int4' }), {}, /answered precision: "int4", which cannot be served/],
    ['no threads', () => ({ threads: 0 }), {}, /answered threads: 0/],
    ['too many threads', () => ({ threads: 1025 }), {}, /answered threads: 1025/],
    ['nothing', () => undefined as unknown as object, {}, /answered undefined/],
    ['parameters that are not there', (params: { readonly serving: object }) => params.serving, undefined, /failed with undefined as the trial's parameters/],
  ])('%s', async (_, serving, params, message) => {
    await using evaluator = onnxEvaluator({ data, metrics: [], serving })
    await expect(evaluator.evaluate(shiftModel([1, 2, 3]), { params })).rejects.toMatchObject({ code: 'ONNX_OPTION', message: expect.stringMatching(message) })
  })

  test('no function at all is refused at once', () => {
    expect(() => onnxEvaluator({ data, serving: {} as never })).toThrow(expect.objectContaining({ code: 'ONNX_OPTION', message: expect.stringContaining('serving is a function') }))
  })

  test('an old operator set cannot have its weights rewritten', async () => {
    await using evaluator = onnxEvaluator({ data, metrics: [], serving: () => ({ precision: 'int8' as const }) })
    const old = denseModel(8, 3, 11)
    await expect(evaluator.evaluate(old, { params: {} })).rejects.toMatchObject({ code: 'ONNX_PRECISION', message: expect.stringContaining('operator set 13') })
  })
})

test('a model that a training left is served as its trial says', async () => {
  const space = { shift: float(0, 1), serving: { precision: constant('float16') } }
  await using evaluator = onnxEvaluator({ data, scores: 'logits', metrics: ['accuracy'], serving: (params: Params<typeof space>) => params.serving })
  await using study = await createStudy({ space, objective: maximize('accuracy'), seed: 1 })
  await study.optimize(() => {
    const artifact: Artifact = { kind: 'onnx', bytes: () => denseModel(32), as: () => artifact }
    return artifact
  }, { trials: 1, evaluators: [evaluator] })
  expect(study.trials()[0]!.metrics['modelBytes']).toBeLessThan(denseModel(32).length)
})
