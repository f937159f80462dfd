import { trainerSuite } from '@attune/testing'
import * as tf from '@tensorflow/tfjs'
import { cpu, customTrainer, TFJS_MODEL_KIND, TFJS_WEIGHTS_KIND, wasm } from './index.ts'
import { convnetTrainer, data, type Params } from './training.test-support.ts'

const params = { learningRate: 0.01 }
const held = (): number => tf.memory().numTensors

for (const backend of [wasm(), cpu()]) {
  const trainer = convnetTrainer({ backend })
  trainerSuite(`tfjsTrainer on ${backend.name}`, () => ({ trainer, params, kinds: [TFJS_MODEL_KIND, 'onnx'], held }))
}

const inSteps = convnetTrainer({ batchSize: 8, accumulate: 2, report: { steps: 2 }, validate: 'epoch', clip: { norm: 1 }, schedule: { type: 'cosine', warmup: { share: 0.2 } }, earlyStopping: { patience: 9 }, labelSmoothing: 0.1 })
trainerSuite('tfjsTrainer in steps', () => ({ trainer: inSteps, params, kinds: [TFJS_MODEL_KIND, 'onnx'], held }))

const logistic = customTrainer<Params, { readonly weight: tf.Variable; readonly bias: tf.Variable }>({
  tf,
  backend: wasm(),
  data,
  init: () => ({ weight: tf.variable(tf.randomNormal([36, 1], 0, 0.1)), bias: tf.variable(tf.zeros([1])) }),
  step: ({ weight, bias }, { x, y }, { training }) => {
    const noisy = training ? tf.add(x, tf.randomNormal(x.shape, 0, 0.1)) : x
    const logits = tf.add(tf.matMul(tf.reshape(noisy, [-1, 36]), weight as tf.Tensor2D), bias)
    return { loss: tf.losses.sigmoidCrossEntropy(y, logits), metrics: { accuracy: tf.equal(tf.greater(logits, 0), tf.cast(y, 'bool')) } }
  },
  epochs: 4,
  batchSize: 16,
  optimizer: ({ learningRate }) => ({ type: 'adam', learningRate }),
})
trainerSuite('customTrainer', () => ({ trainer: logistic, params, kinds: [TFJS_WEIGHTS_KIND], held }))
