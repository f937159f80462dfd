import * as tf from '@tensorflow/tfjs'
import { createStudy, maximize } from 'attune'
import { onnxPredictor } from '@attune/onnx-adapter'
import { distillation, distillationSpace, tfjsPredictor, wasm, type Teacher } from '@attune/tfjs-adapter'
import { exportOnnx } from '@attune/tfjs-adapter/onnx'
import { expect, it } from 'vitest'

const count = 60
const data = Float32Array.from({ length: count * 4 }, (_, i) => Math.sin(i * 12.9898 + (i % 4)))
const labels = Int32Array.from({ length: count }, (_, row) => (data[row * 4]! > 0 ? 1 : data[row * 4 + 1]! > 0.5 ? 2 : 0))
const dense = (units: number, part: object): tf.layers.Layer => tf.layers.dense({ units, kernelInitializer: tf.initializers.glorotNormal({ seed: units }), ...part })

async function lessons(teacher: Teacher): Promise<readonly (readonly number[])[]> {
  const study = await createStudy({ space: distillationSpace(), objective: maximize('accuracy'), seed: 2, progress: false })
  await study.optimize(distillation({
    tf, backend: wasm(), teacher,
    student: () => tf.sequential({ layers: [dense(3, { inputShape: [4], activation: 'softmax' })] }),
    data: { train: { x: { data, shape: [count, 4] }, y: labels } },
    epochs: 2, temperature: ({ temperature }) => temperature, hardLabelWeight: ({ hardLabelWeight }) => hardLabelWeight,
  }), { trials: 2 })
  expect(study.counts.complete).toBe(2)
  return study.trials().map(({ metrics }) => [metrics['loss']!, metrics['teacherDivergence']!])
}

it('a network teaches the same as a model of TensorFlow.js and as its ONNX file in ONNX Runtime', async () => {
  await wasm().activate(tf)
  const model = tf.sequential({ layers: [dense(8, { inputShape: [4], activation: 'relu' }), dense(3, { activation: 'softmax' })] })
  const rows = { data, shape: [count, 4] }
  const logits = await exportOnnx(tf, model, { output: 'logits' })
  const probabilities = await exportOnnx(tf, model)
  const here = tfjsPredictor(tf, model)
  const answer = await here.predict(rows)
  const expected = await lessons(here)
  for (const [bytes, scores] of [[logits, 'logits'], [probabilities, 'probabilities']] as const) {
    await using there = await onnxPredictor(bytes, { scores })
    const other = await there.predict(rows)
    expect(other.shape).toEqual(answer.shape)
    // Logits that are taken from probabilities are those but for a constant in each row.
    for (let row = 0; row < count; row++) for (let k = 1; k < 3; k++) expect(other.data[row * 3 + k]! - other.data[row * 3]!).toBeCloseTo(answer.data[row * 3 + k]! - answer.data[row * 3]!, 4)
    for (const [trial, numbers] of (await lessons(there)).entries()) for (const [index, value] of numbers.entries()) expect(value).toBeCloseTo(expected[trial]![index]!, 4)
  }
  const life: string[] = []
  await lessons(async () => {
    const teacher = await onnxPredictor(logits)
    life.push('opened')
    return { ...teacher, close: async () => (await teacher.close(), void life.push('closed')) }
  })
  expect(life).toEqual(['opened', 'closed'])
  model.dispose()
})
