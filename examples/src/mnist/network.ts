import { float, int, oneOf, ordinal, repeat, type Params } from 'attune'
import type * as tensorflow from '@tensorflow/tfjs'

/** What may vary: the kind of network and its shape, how it is regularised, and how it is trained. */
export const space = {
  network: oneOf({
    dense: { layers: repeat({ units: int(32, 160, { step: 32 }) }, { min: 1, max: 2 }) },
    convolutional: {
      blocks: repeat({ filters: int(8, 16, { step: 4 }) }, { min: 1, max: 2 }),
      units: int(16, 64, { step: 16 }),
    },
  }),
  dropout: float(0, 0.4),
  batchSize: ordinal([32, 64, 128]),
  optimizer: oneOf({
    sgd: { learningRate: float(0.005, 0.5, { scale: 'log' }), momentum: float(0, 0.95) },
    adam: { learningRate: float(3e-4, 0.03, { scale: 'log' }), beta1: float(0.8, 0.95) },
    rmsprop: { learningRate: float(1e-4, 0.01, { scale: 'log' }), rho: float(0.8, 0.99) },
  }),
}

export type NetworkParams = Params<typeof space>

/** The network of one trial, for images of 28 × 28 pixels and ten digits. Not compiled: the trainer does that. */
export function buildNetwork({ network, dropout }: NetworkParams, tf: typeof tensorflow): tensorflow.Sequential {
  const model = tf.sequential()
  const inputShape = [28, 28, 1]
  if (network.type === 'dense') {
    model.add(tf.layers.flatten({ inputShape }))
    for (const { units } of network.layers) model.add(tf.layers.dense({ units, activation: 'relu' }))
  } else {
    for (const [i, { filters }] of network.blocks.entries()) {
      model.add(tf.layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu', ...(i === 0 ? { inputShape } : {}) }))
      model.add(tf.layers.maxPooling2d({ poolSize: 2 }))
    }
    model.add(tf.layers.flatten())
    model.add(tf.layers.dense({ units: network.units, activation: 'relu' }))
  }
  model.add(tf.layers.dropout({ rate: dropout }))
  model.add(tf.layers.dense({ units: 10, activation: 'softmax' }))
  return model
}
