import { int, oneOf, ordinal, type Params } from 'attune'
import { servingSpace } from '@attune/onnx-adapter'
import type * as tensorflow from '@tensorflow/tfjs'

/** What may vary: the network, and how its weights are stored where it is served. */
export const space = {
  network: oneOf({
    dense: { units: int(8, 128, { scale: 'log' }) },
    convolutional: { filters: ordinal([4, 8]), units: int(8, 64, { scale: 'log' }) },
  }),
  // 32 digits a run, on one thread: a single one takes about 10 µs whatever the network, nearly all of it the way into the runtime and back.
  serving: servingSpace({ threads: [1], batchSizes: [32], graphOptimizationLevels: ['all'] }),
}

export type Choice = Params<typeof space>

/** The network of one trial, for images of 28 × 28 pixels and ten digits. */
export function buildNetwork({ network }: Choice, tf: typeof tensorflow): tensorflow.Sequential {
  const model = tf.sequential()
  const inputShape = [28, 28, 1]
  if (network.type === 'convolutional') {
    model.add(tf.layers.conv2d({ filters: network.filters, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu', inputShape }))
    model.add(tf.layers.maxPooling2d({ poolSize: 2 }))
    model.add(tf.layers.flatten())
  } else model.add(tf.layers.flatten({ inputShape }))
  model.add(tf.layers.dense({ units: network.units, activation: 'relu' }))
  model.add(tf.layers.dense({ units: 10, activation: 'softmax' }))
  return model
}
