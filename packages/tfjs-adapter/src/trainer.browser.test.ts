import { createStudy, float, maximize, MemoryArtifacts } from '@attune/core'
import { readModel } from '@attune/onnx-format'
import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { cpu, customTrainer, loadWeights, tfjsArtifact, tfjsTrainer } from './index.ts'
import { buildConvnet, data, noise, run, trialOf } from './training.test-support.ts'

test('a page trains networks, keeps the best and makes it ONNX', async () => {
  expect('process' in globalThis).toBe(false)
  const study = await createStudy({ space: { learningRate: float(0.001, 0.1, { scale: 'log' }) }, objective: maximize('valAccuracy'), artifacts: new MemoryArtifacts(), seed: 3 })
  const trainer = tfjsTrainer({ tf, backend: cpu(), build: buildConvnet, data, epochs: 2, loss: 'categoricalCrossentropy' as const, metrics: ['accuracy'] as const, optimizer: ({ learningRate }: { readonly learningRate: number }) => ({ type: 'adam' as const, learningRate }) })
  await study.optimize(trainer, { trials: 2 })
  expect(study.trials().map(({ state, reports }) => [state, reports.length])).toEqual([['complete', 2], ['complete', 2]])
  const { bytes } = (await study.best.artifact())!
  const model = readModel(await (await tfjsArtifact(tf, bytes).as('onnx')).bytes())
  expect(model.nodes.map(({ operator }) => operator)).toContain('Conv')
  await study.close()
})

test('a page trains by a step of its own, and sees an abort within one batch, though nothing in a page is like setImmediate', async () => {
  expect('setImmediate' in globalThis).toBe(false)
  const controller = new AbortController()
  const { port1, port2 } = new MessageChannel()
  port1.addEventListener('message', () => controller.abort())
  port1.start()
  let steps = 0
  const trainer = customTrainer<{ readonly rate: number }, { readonly weight: tf.Variable }>({
    tf,
    backend: cpu(),
    data: { train: { x: { data: noise(64), shape: [32, 2] }, y: noise(32, 2) } },
    init: () => ({ weight: tf.variable(tf.zeros([2, 1])) }),
    step: ({ weight }, { x, y }, { params }) => {
      if (++steps === 7 && params.rate < 0.1) port2.postMessage('abort')
      return { loss: tf.losses.meanSquaredError(y, tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D)) }
    },
    epochs: 3,
    batchSize: 4,
    optimizer: ({ rate }) => ({ type: 'sgd', learningRate: rate }),
  })
  expect(await run(trainer, trialOf({ rate: 0.01 }, { signal: controller.signal }))).toMatchObject({ reports: [], artifact: undefined })
  expect(steps).toBeLessThanOrEqual(8)
  port1.close()
  const { reports, artifact } = await run(trainer, trialOf({ rate: 0.1 }))
  expect(reports).toHaveLength(3)
  const { weight } = loadWeights(tf, await artifact!.bytes())
  expect(weight!.shape).toEqual([2, 1])
  weight!.dispose()
  await trainer.release?.()
})
