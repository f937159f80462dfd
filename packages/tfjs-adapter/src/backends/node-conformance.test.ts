import { trainerSuite } from '@attune/testing'
import * as tf from '@tensorflow/tfjs'
import { describe } from 'vitest'
import { ensureTfjsNode } from '../../../../tools/tfjs-node.mjs'
import { node, TFJS_MODEL_KIND } from '../index.ts'
import { convnetTrainer } from '../training.test-support.ts'

const { missing } = ensureTfjsNode()

describe.skipIf(missing !== undefined)(`native TensorFlow${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  const trainer = convnetTrainer({ backend: node() })
  trainerSuite('tfjsTrainer on node()', () => ({ trainer, params: { learningRate: 0.01 }, kinds: [TFJS_MODEL_KIND, 'onnx'], held: () => tf.memory().numTensors }))
})
