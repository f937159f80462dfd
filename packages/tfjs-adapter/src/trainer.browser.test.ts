import { createStudy, float, maximize, MemoryArtifacts } from '@attune/core'
import { readModel } from '@attune/onnx-format'
import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { cpu, tfjsArtifact, tfjsTrainer } from './index.ts'
import { buildConvnet, data } from './training.test-support.ts'

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
