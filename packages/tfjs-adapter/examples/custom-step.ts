import { createStudy, float, minimize } from '@attune/core'
import { customTrainer, wasm } from '@attune/tfjs-adapter'
import * as tf from '@tensorflow/tfjs'

// 300 points on a curve in five dimensions, to be described by two numbers each.
const points = Array.from({ length: 300 }, (_, i) => [Math.sin(i), Math.cos(i), Math.sin(2 * i), Math.sin(i) * Math.cos(i), Math.cos(i) ** 2]).flat()
const x = { data: points, shape: [300, 5] }

const study = await createStudy({
  name: 'autoencoder',
  space: { learningRate: float(1e-3, 1e-1, { scale: 'log' }), noise: float(0, 0.3) },
  objective: minimize('valLoss'),
  seed: 7,
})

await study.optimize(customTrainer({
  tf,
  backend: wasm(),
  data: { train: { x, y: x }, validation: { split: 0.2 } },
  init: () => ({
    encoder: tf.sequential({ layers: [tf.layers.dense({ units: 16, activation: 'tanh', inputShape: [5] }), tf.layers.dense({ units: 2 })] }),
    decoder: tf.sequential({ layers: [tf.layers.dense({ units: 16, activation: 'tanh', inputShape: [2] }), tf.layers.dense({ units: 5 })] }),
    scale: tf.variable(tf.ones([5])), // variables of your own are found as well
  }),
  step: ({ encoder, decoder, scale }, batch, { params, training }) => {
    const code = encoder.apply(batch.x, { training }) as tf.Tensor
    const noisy = training ? tf.add(code, tf.randomNormal(code.shape, 0, params.noise)) : code
    const error = tf.sub(tf.mul(decoder.apply(noisy, { training }) as tf.Tensor, scale), batch.y)
    return { loss: tf.mean(tf.square(error)), metrics: { worst: tf.max(tf.abs(error)) } }
  },
  model: ({ encoder }) => encoder, // the artefact; without it, all weights by their place in the state
  epochs: 20,
  batchSize: 24,
  optimizer: ({ learningRate }) => ({ type: 'adamw', learningRate }),
  schedule: { type: 'cosine', warmup: { share: 0.1 } },
  clip: { norm: 1 },
  earlyStopping: { patience: 5 },
}), { trials: 4 })
console.log(study.best.params, study.best.metrics)
