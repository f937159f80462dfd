import { describe, expect, test } from 'vitest'
import { onnxEvaluator } from '../evaluator.ts'
import { denseModel, echoModel, mixedModel, nodeModel, shiftModel } from '../models.test-support.ts'

const data = { inputs: { data: Float32Array.from([0.5, 0.25, 0.25, 0, 0.75, 0.25]), dims: [2, 3] }, labels: [0, 2] }
const quick = { runs: 10, warmUp: 1, budget: 20 }
const latencies = ['P50', 'P95', 'P99'].flatMap((name) => ['', 'Low', 'High'].map((bound) => `latency${name}${bound}Ms`))

describe('what is measured', () => {
  test('is what was asked for, each in metrics of its own, with a direction', async () => {
    await using evaluator = onnxEvaluator({ data, metrics: [], scores: 'logits', prefix: 'test.', latency: quick, throughput: { ...quick, batchSizes: [1, 8] }, load: true, memory: true, parameters: true, multiplyAdds: true })
    expect(evaluator.exclusive).toBe(true)
    const metrics = await evaluator.evaluate(denseModel(100))
    const names = ['modelBytes', ...latencies, 'contended', 'loadMs', 'residentMb', 'parameters', 'multiplyAdds', 'throughput1', 'throughput8'].map((name) => `test.${name}`)
    expect(Object.keys(metrics).sort()).toEqual(names.toSorted())
    expect(Object.fromEntries(names.map((name) => [name, evaluator.directions![name]]))).toEqual(Object.fromEntries(names.map((name) => [name, name.includes('throughput') ? 'maximize' : 'minimize'])))
    expect(metrics).toMatchObject({ 'test.parameters': 300 + 10_000 + 300, 'test.multiplyAdds': 300 + 10_000 + 300, 'test.modelBytes': denseModel(100).length })
    for (const name of ['P50', 'P95', 'P99']) {
      const [value, low, high] = [`test.latency${name}Ms`, `test.latency${name}LowMs`, `test.latency${name}HighMs`].map((key) => metrics[key]!)
      expect(low).toBeGreaterThan(0)
      expect(low! <= value! && value! <= high!).toBe(true)
    }
    expect(metrics['test.latencyP50Ms']).toBeLessThanOrEqual(metrics['test.latencyP95Ms']!)
    expect(metrics['test.latencyP95Ms']).toBeLessThanOrEqual(metrics['test.latencyP99Ms']!)
    for (const name of ['loadMs', 'throughput1', 'throughput8']) expect(metrics[`test.${name}`]).toBeGreaterThan(0)
    expect([0, 1]).toContain(metrics['test.contended'])
  })

  test('counts alone need no exclusive slot; memory does not either, since it is that of a process of its own', async () => {
    await using evaluator = onnxEvaluator({ data, metrics: [], parameters: true, multiplyAdds: true, memory: true })
    expect(evaluator.exclusive).toBe(false)
    expect(await evaluator.evaluate(shiftModel([1, 2, 3]))).toMatchObject({ parameters: 3, multiplyAdds: 0 })
  })

  test('memory is that of the model: 16 MB of weights take at least that, and a small model less', async () => {
    await using evaluator = onnxEvaluator({ data, metrics: [], scores: 'logits', memory: true })
    const small = (await evaluator.evaluate(denseModel(10)))['residentMb']!
    const large = (await evaluator.evaluate(denseModel(2000)))['residentMb']!
    expect(large).toBeGreaterThan(15)
    expect(small).toBeLessThan(large)
  })

  test('is marked as contended where other trials compute beside it', async () => {
    await using evaluator = onnxEvaluator({ data, metrics: [], latency: quick })
    expect(await evaluator.evaluate(echoModel(), { alone: false })).toMatchObject({ contended: 1 })
  })

  test('throughput without sizes is that of the evaluator’s batch', async () => {
    await using evaluator = onnxEvaluator({ data, metrics: [], batchSize: 4, throughput: quick })
    expect(Object.keys(await evaluator.evaluate(echoModel())).sort()).toEqual(['contended', 'modelBytes', 'throughput'])
  })

  test('needs no output to judge, and as many rows as a model wants', async () => {
    await using evaluator = onnxEvaluator({ data, metrics: [], latency: { ...quick, batchSize: 5 }, multiplyAdds: true })
    expect((await evaluator.evaluate(mixedModel()))['latencyP50Ms']).toBeGreaterThan(0)
    expect((await evaluator.evaluate(echoModel([8, 3])))['latencyP50Ms']).toBeGreaterThan(0)
  })

  test('multiply-adds that nobody can count are refused, with the operator', async () => {
    await using evaluator = onnxEvaluator({ data, metrics: [], multiplyAdds: true })
    await expect(evaluator.evaluate(nodeModel('Unique', { outputShape: ['M'] }))).rejects.toMatchObject({ code: 'ONNX_UNCOUNTED', message: expect.stringMatching(/Unique "Unique_0" \(the operator is not known\)/) })
  })

  test('a model that fails is refused as elsewhere, and the process is gone', async () => {
    await using evaluator = onnxEvaluator({ data, metrics: [], latency: quick })
    await expect(evaluator.evaluate(nodeModel('Reluu'))).rejects.toMatchObject({ code: 'ONNX_MODEL' })
    await expect(evaluator.evaluate(echoModel(['N', 4]))).rejects.toMatchObject({ code: 'ONNX_INPUT' })
  })
})

describe('options of cost that cannot be meant are refused at once', () => {
  test.each<readonly [string, object, RegExp]>([
    ['no runs', { latency: { runs: 0 } }, /latency\.runs is a whole number of at least 1/],
    ['warm-up below 0', { latency: { warmUp: -1 } }, /latency\.warmUp/],
    ['too few sessions for an interval', { latency: { sessions: 4 } }, /latency\.sessions is a whole number of at least 5/],
    ['no budget', { throughput: { budget: 0 } }, /throughput\.budget/],
    ['no batch sizes', { throughput: { batchSizes: [] } }, /throughput\.batchSizes needs at least one/],
    ['a batch of 0', { throughput: { batchSizes: [0] } }, /throughput\.batchSizes/],
    ['a batch of a half', { latency: { batchSize: 0.5 } }, /latency\.batchSize/],
    ['a misspelt option', { latency: { run: 5 } }, /latency has no option "run"\. Did you mean "runs"\?/],
    ['a batch size for throughput', { throughput: { batchSize: 8 } }, /throughput has no option "batchSize"\. Did you mean "batchSizes"\?/],
    ['a number for latency', { latency: 5 }, /options of latency are an object, got 5/],
    ['null for throughput', { throughput: null }, /options of throughput are an object, got null/],
    ['a word for yes', { memory: 'yes' }, /memory is true or false, got "yes"/],
  ])('%s', (_, options, message) => {
    expect(() => onnxEvaluator({ data, ...options })).toThrow(expect.objectContaining({ code: 'ONNX_OPTION', message: expect.stringMatching(message) }))
  })
})
