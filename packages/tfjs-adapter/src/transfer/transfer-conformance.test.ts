import { trainerSuite } from '@attune/testing'
import * as tf from '@tensorflow/tfjs'
import { TFJS_MODEL_KIND, transferLearning, wasm, type FreezeSettings } from '../index.ts'
import { data } from '../training.test-support.ts'

const trainer = transferLearning<FreezeSettings>({
  tf,
  backend: wasm(),
  base: () => tf.sequential({ layers: [tf.layers.conv2d({ filters: 3, kernelSize: 3, activation: 'relu', inputShape: [6, 6, 1] }), tf.layers.batchNormalization(), tf.layers.flatten(), tf.layers.dense({ units: 8, activation: 'relu' })] }),
  head: (features) => tf.layers.dense({ units: 2, activation: 'softmax' }).apply(tf.layers.dropout({ rate: 0.2 }).apply(features)),
  freeze: (params) => params,
  data,
  epochs: 4,
  batchSize: 16,
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
})

for (const params of [{ freezeRatio: 1 }, { freezeRatio: 0, unfreezeEvery: 1, rateDecay: 0.5 }]) {
  trainerSuite(`transferLearning with ${JSON.stringify(params)}`, () => ({ trainer, params, kinds: [TFJS_MODEL_KIND, 'onnx'], held: () => tf.memory().numTensors }))
}
