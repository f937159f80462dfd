import { createStudy, float, int, maximize, oneOf } from '@attune/core'
import { tfjsTrainer, wasm } from '@attune/tfjs-adapter'
import * as tf from '@tensorflow/tfjs'

// Points of a square; class 1 lies within a circle.
function points(count: number, offset: number): { x: { data: number[]; shape: number[] }; y: number[] } {
  const rows = Array.from({ length: count }, (_, i) => [Math.sin((i + offset) * 12.9898), Math.sin((i + offset) * 78.233)] as const)
  return { x: { data: rows.flat(), shape: [count, 2] }, y: rows.map(([a, b]) => (a * a + b * b < 0.6 ? 1 : 0)) }
}

const study = await createStudy({
  name: 'circle',
  space: {
    units: int(4, 32, { step: 4 }),
    learningRate: float(1e-3, 1e-1, { scale: 'log' }),
    optimizer: oneOf({ sgd: { momentum: float(0, 0.99) }, adam: {} }),
  },
  objective: maximize('valAccuracy'),
  seed: 7,
})

await study.optimize(tfjsTrainer({
  tf,
  backend: wasm(), // npm install @tensorflow/tfjs-backend-wasm
  build: ({ units }) => tf.sequential({ layers: [
    tf.layers.dense({ units, activation: 'relu', inputShape: [2] }),
    tf.layers.dense({ units: 2, activation: 'softmax' }),
  ] }),
  data: { train: points(200, 0), validation: points(100, 200) },
  epochs: 8,
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
  optimizer: ({ optimizer, learningRate }) => ({ ...optimizer, learningRate }),
}), { trials: 6 })
console.log(study.best.params, study.best.metrics)
