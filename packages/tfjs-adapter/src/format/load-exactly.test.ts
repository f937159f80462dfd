import * as tf from '@tensorflow/tfjs'
import { expect, it } from 'vitest'
import { cpu } from '../backends/cpu.ts'
import { loadModel, packModel } from './model-file.ts'

it('loads weights with constraints as they were saved, and leaves nothing in memory', async () => {
  await cpu().activate(tf)
  const before = tf.memory().numTensors
  const norm = tf.constraints.unitNorm({})
  for (const model of [
    tf.sequential({ layers: [tf.layers.dense({ units: 7, inputShape: [5], kernelConstraint: norm, biasConstraint: 'nonNeg' })] }),
    tf.sequential({ layers: [tf.layers.embedding({ inputDim: 9, outputDim: 3, inputLength: 2, embeddingsConstraint: norm })] }),
  ]) {
    // Not yet within its constraints, as before the first step.
    const saved = model.weights.map((weight) => [...weight.read().dataSync()])
    const loaded = await loadModel(tf, await packModel(tf, model))
    expect(loaded.weights.map((weight) => [...weight.read().dataSync()])).toEqual(saved)
    loaded.dispose()
    model.dispose()
  }
  expect(tf.memory().numTensors).toBe(before)
  expect(Object.hasOwn(tf.LayersModel.prototype, 'loadWeights')).toBe(false)
})
