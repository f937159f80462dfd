import { trainerSuite } from '@attune/testing'
import * as tf from '@tensorflow/tfjs'
import { cpu, TFJS_MODEL_KIND, wasm } from './index.ts'
import { convnetTrainer } from './training.test-support.ts'

for (const backend of [wasm(), cpu()]) {
  const trainer = convnetTrainer({ backend })
  trainerSuite(`tfjsTrainer on ${backend.name}`, () => ({ trainer, params: { learningRate: 0.01 }, kinds: [TFJS_MODEL_KIND, 'onnx'], held: () => tf.memory().numTensors }))
}
