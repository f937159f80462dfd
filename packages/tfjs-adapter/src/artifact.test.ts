import { readModel } from '@attune/onnx-format'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { cpu } from './backends/cpu.ts'
import { packModel } from './format/model-file.ts'
import { tfjsArtifact } from './index.ts'
import { convnetTrainer, run, trialOf } from './training.test-support.ts'

beforeAll(() => cpu().activate(tf))

describe('an artefact as ONNX', () => {
  it('leaves nothing in memory, not even of layers that two inputs share', async () => {
    const inputs = [tf.input({ shape: [3] }), tf.input({ shape: [3] })]
    const shared = tf.layers.dense({ units: 2 })
    const model = tf.model({ inputs, outputs: tf.layers.concatenate().apply(inputs.map((input) => shared.apply(input) as tf.SymbolicTensor)) as tf.SymbolicTensor })
    const artifact = tfjsArtifact(tf, await packModel(tf, model))
    const before = tf.memory().numTensors
    expect((await (await artifact.as('onnx')).bytes()).length).toBeGreaterThan(100)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('says of which trial it is, with which parameters', async () => {
    const { artifact } = await run(convnetTrainer({ epochs: 1 }), trialOf({ learningRate: 0.02 }, { number: 17 }))
    const { metadata } = readModel(await (await artifact!.as('onnx')).bytes())
    expect(Object.fromEntries(metadata)).toMatchObject({ framework: `TensorFlow.js ${tf.version.tfjs}`, trial: '17', parameters: '{"learningRate":0.02}' })
  })
})
