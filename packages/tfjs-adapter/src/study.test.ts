import { createStudy, float, maximize, MemoryArtifacts, minimize, type Artifact, type Metrics } from '@attune/core'
import { readModel } from '@attune/onnx-format'
import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { loadModel, tfjsTrainer, wasm } from './index.ts'
import { buildConvnet, data, images } from './training.test-support.ts'

const options = { name: 'study', space: { learningRate: float(0.001, 0.1, { scale: 'log' }) }, objective: maximize('valAccuracy'), seed: 3 } as const

test('a study trains, keeps the best model, and leaves no tensors', async () => {
  await wasm().activate(tf)
  const before = tf.memory().numTensors
  const study = await createStudy({ ...options, artifacts: new MemoryArtifacts() })
  const trainer = tfjsTrainer({ tf, backend: wasm(), build: buildConvnet, data, epochs: 3, loss: 'categoricalCrossentropy' as const, metrics: ['accuracy'] as const, optimizer: ({ learningRate }: { readonly learningRate: number }) => ({ type: 'adam' as const, learningRate }) })
  await study.optimize(trainer, { trials: 3 })
  expect(study.trials().map(({ state }) => state)).toEqual(['complete', 'complete', 'complete'])
  const artifact = await study.best.artifact()
  expect(artifact).toMatchObject({ kind: 'tfjs-layers-model', meta: { backend: 'wasm' } })
  const model = await loadModel(tf, artifact!.bytes)
  const x = tf.tensor(images(20, 3).x.data, [20, 6, 6, 1])
  const y = images(20, 3).y
  const classes = tf.tidy(() => tf.argMax(model.predict(x) as tf.Tensor, -1).dataSync())
  const accuracy = y.filter((label, index) => label === classes[index]).length / y.length
  expect((artifact!.meta as { readonly valAccuracy: number }).valAccuracy).toBeCloseTo(accuracy, 5)
  x.dispose()
  model.dispose()
  await study.close()
  expect(tf.memory().numTensors).toBe(before)
})

test('what an evaluator gets as ONNX says of which study, trial and parameters it is', async () => {
  const study = await createStudy({ ...options, objective: maximize('trial') })
  const found: { readonly [key: string]: string }[] = []
  const evaluator = { specVersion: 'v1', id: 'metadata', exclusive: false, evaluate: async (artifact: Artifact): Promise<Metrics> => {
    const { metadata } = readModel(await (await artifact.as('onnx')).bytes())
    found.push(Object.fromEntries(metadata))
    return { trial: found.length }
  } } as const
  const trainer = tfjsTrainer({ tf, backend: wasm(), build: buildConvnet, data, epochs: 1, loss: 'categoricalCrossentropy' as const, optimizer: ({ learningRate }: { readonly learningRate: number }) => ({ type: 'adam' as const, learningRate }) })
  await study.optimize(trainer, { trials: 2, evaluators: [evaluator] })
  expect(found).toMatchObject(study.trials().map(({ number, params }) => ({ framework: `TensorFlow.js ${tf.version.tfjs}`, study: 'study', trial: String(number), parameters: JSON.stringify(params) })))
  expect(found.length).toBe(2)
  await study.close()
})

test('a loss of NaN fails the trial as an invalid metric, with the step and the last good values', async () => {
  const study = await createStudy({ ...options, objective: minimize('loss') })
  let batches = 0
  const loss = (truth: tf.Tensor, prediction: tf.Tensor): tf.Tensor => tf.mul(tf.metrics.meanSquaredError(truth, prediction), ++batches === 2 ? NaN : 1)
  const targets = { x: images(40).x, y: { data: new Float32Array(80), shape: [40, 2] } }
  await study.optimize(tfjsTrainer({ tf, backend: wasm(), build: buildConvnet, data: { train: targets }, epochs: 3, batchSize: 40, loss: () => loss }), { trials: 1 })
  expect(study.trials().map(({ state }) => state)).toEqual(['failed', 'complete'])
  expect(study.trials()[0]).toMatchObject({ state: 'failed', failure: { reason: 'invalid-metric', message: expect.stringMatching(/loss is NaN in batch 1 of epoch 2 \(step 2 of the optimiser\)\. The last good values, at step 1: loss/) } })
  await study.close()
})

test('two trials at once in one process are refused', async () => {
  const study = await createStudy(options)
  const trainer = tfjsTrainer({ tf, backend: wasm(), build: buildConvnet, data, epochs: 1, loss: 'categoricalCrossentropy' })
  await expect(study.optimize(trainer, { trials: 2, concurrency: 2 })).rejects.toThrow(/concurrency/i)
  await study.close()
})
