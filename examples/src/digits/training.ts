import { tfjsTrainer, wasm } from '@attune/tfjs-adapter'
import * as tf from '@tensorflow/tfjs'
import type { Params } from 'attune'
import { loadDigits, tensorsOf } from './digits.ts'
import type { space } from './space.ts'

/**
 * A network for the digits, by TensorFlow.js. In a module of its own, so that a child process can load it: TensorFlow.js
 * trains one network at a time in a process.
 */
export const training = tfjsTrainer<Params<typeof space>>({
  tf,
  backend: wasm(),
  build: ({ layers }) => {
    const model = tf.sequential()
    for (const [i, { units }] of layers.entries()) model.add(tf.layers.dense({ units, activation: 'relu', ...(i === 0 ? { inputShape: [64] } : {}) }))
    model.add(tf.layers.dense({ units: 10, activation: 'softmax' }))
    return model
  },
  data: () => ({ train: tensorsOf(loadDigits(), 0, 1200), validation: tensorsOf(loadDigits(), 1200, 1797) }),
  epochs: 6,
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
  optimizer: ({ learningRate }) => ({ type: 'adam', learningRate }),
})
