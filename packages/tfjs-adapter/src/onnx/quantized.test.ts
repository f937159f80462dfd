import * as tf from '@tensorflow/tfjs'
import { countMultiplyAdds, quantize, readModel } from '@attune/onnx-format'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { beforeAll, describe, expect, it } from 'vitest'
import { caseOf, type Case } from './export.test-support.ts'
import { layerModels } from './layers.test-support.ts'
import { networks } from './networks.test-support.ts'

beforeAll(() => tf.setBackend('cpu'))

async function answersOf(onnx: Uint8Array, { inputs }: Case): Promise<readonly Float32Array[]> {
  // As an evaluator loads it: weights are restored once.
  const session = await InferenceSession.create(onnx, { logSeverityLevel: 3, intraOpNumThreads: 1, extra: { session: { disable_quant_qdq: '1' } } })
  try {
    const answers = await session.run(Object.fromEntries(inputs.map(({ name, type, data, dims }) => [name, new Tensor(type, data, dims)])))
    return Object.keys(answers).toSorted().map((name) => Float32Array.from(answers[name]!.data as Float32Array))
  } finally {
    await session.release()
  }
}

/** By how much answers differ at most, as a share of the largest. */
function distance(before: readonly Float32Array[], after: readonly Float32Array[]): number {
  const shares = before.map((values, output) => {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), Number.MIN_VALUE)
    return values.reduce((most, value, index) => Math.max(most, Math.abs(value - after[output]![index]!)), 0) / largest
  })
  return Math.max(...shares)
}

/** Rewritten to both, also one after the other, a model loads and answers nearly the same. Says which tensors int8 changed. */
async function expectNear(model: Case): Promise<readonly string[]> {
  const before = await answersOf(model.onnx, model)
  const int8 = quantize(model.onnx, { weights: 'int8', minElements: 8 })
  const float16 = quantize(model.onnx, { weights: 'float16', minElements: 8 })
  expect([...int8.kept.filter(({ reason }) => !reason.includes('main graph')), ...float16.kept]).toEqual([])
  for (const [{ bytes }, most] of [[int8, 0.03], [float16, 0.003], [quantize(int8.bytes, { weights: 'float16', minElements: 8 }), 0.03]] as const) {
    const share = distance(before, await answersOf(bytes, model))
    expect(Number.isFinite(share) && share <= most, `${share} is more than ${most}`).toBe(true)
  }
  expect(quantize(int8.bytes, { weights: 'int8', minElements: 8 }).quantized).toEqual([])
  return int8.quantized
}

describe('weights of exported models in fewer bits', () => {
  const withWeights = ['Dense', 'Conv1D', 'Conv2D', 'Conv3D', 'Conv2DTranspose', 'Conv3DTranspose', 'DepthwiseConv2D', 'SeparableConv2D', 'Embedding', 'SimpleRNN', 'LSTM', 'GRU', 'RNN', 'Bidirectional', 'TimeDistributed']

  it.each(Object.keys(layerModels))('%s', async (className) => {
    const rewritten: string[] = []
    for (const build of Object.values(layerModels[className]!).slice(0, 3)) {
      const model = await caseOf(build(), {}, className === 'Embedding' ? 6 : undefined)
      if (readModel(model.onnx).initializers.length > 0) rewritten.push(...(await expectNear(model)))
    }
    if (withWeights.includes(className)) expect(rewritten).not.toEqual([])
  })

  it.each(Object.keys(networks))('%s', async (name) => {
    const { build, below } = networks[name]!
    expect(await expectNear(await caseOf(build(), {}, below))).not.toEqual([])
  })
})

it('multiply-adds of every exported layer and net are counted, but for the steps of a Scan and what its answers go to', async () => {
  const singles = Object.entries(layerModels).flatMap(([className, models]) => Object.entries(models).map(([name, build]) => ({ name: `${className}, ${name}`, build, below: className === 'Embedding' ? 6 : undefined })))
  for (const { name, build, below } of [...singles, ...Object.entries(networks).map(([net, { build: make, below: least }]) => ({ name: net, build: make, below: least }))]) {
    const { onnx, inputs } = await caseOf(build(), {}, below)
    const { unknown } = countMultiplyAdds(readModel(onnx), Object.fromEntries(inputs.map((input) => [input.name, input.dims])))
    const scanned = unknown.some(({ operator }) => operator === 'Scan')
    expect(scanned ? [] : unknown, name).toEqual([])
  }
})
